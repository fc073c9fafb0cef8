//! Calls of one kind, made together: what is asked while a command is under way
//! goes in the next one. Whoever asks while nothing is under way waits for nobody.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use seathold_service::ports::StoreError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::timeout;

/// Asks that are not answered yet; whoever comes then waits for room.
const ROOM: usize = 1_024;

/// What goes into one command, in bytes, unless a single ask has more: far below
/// the 16 MB that the server takes. In so many bytes there are nowhere near the
/// hundred thousand statements that it takes either.
const COMMAND_BYTES: usize = 2 << 20;

/// How long a command keeps those after it waiting. One that gets no answer, by
/// a connection that has died, holds up nobody for long.
const PATIENCE: Duration = Duration::from_millis(500);

/// What is asked, and how it is done for many at once.
pub(super) trait Kind: Send + Sync + 'static {
    type Ask: Send + 'static;
    type Answer: Send + 'static;

    /// How many bytes it has in a command, about.
    fn bytes(ask: &Self::Ask) -> usize;

    /// Does what is asked, by one command; tells each, in order, what became of it.
    fn send(
        &self,
        asks: Vec<Self::Ask>,
    ) -> impl Future<Output = Vec<Result<Self::Answer, StoreError>>> + Send;
}

/// Gathers what is asked while commands are under way.
pub(super) struct Gatherer<K: Kind> {
    kind: K,
    /// Commands that may be under way at once.
    commands_max: usize,
    room: Arc<Semaphore>,
    line: Mutex<Line<K>>,
}

struct Line<K: Kind> {
    waiting: VecDeque<Waiting<K>>,
    /// Tasks that send commands, one after the other.
    senders: usize,
}

struct Waiting<K: Kind> {
    ask: K::Ask,
    answer: oneshot::Sender<Result<K::Answer, StoreError>>,
    /// Its part of the room, until it is answered.
    room: Option<OwnedSemaphorePermit>,
}

impl<K: Kind> Gatherer<K> {
    pub(super) fn new(kind: K, commands_max: usize) -> Arc<Self> {
        let line = Mutex::new(Line { waiting: VecDeque::new(), senders: 0 });
        Arc::new(Self { kind, commands_max, room: Arc::new(Semaphore::new(ROOM)), line })
    }

    /// Asks, and waits for the answer. It is done even when the caller goes away.
    pub(super) async fn ask(self: &Arc<Self>, ask: K::Ask) -> Result<K::Answer, StoreError> {
        // It is never closed.
        let room = Arc::clone(&self.room).acquire_owned().await.ok();
        let (answer, answered) = oneshot::channel();
        let begin = {
            let mut line = self.line();
            line.waiting.push_back(Waiting { ask, answer, room });
            let begin = line.senders < self.commands_max;
            line.senders += usize::from(begin);
            begin
        };
        if begin {
            tokio::spawn(Arc::clone(self).send_all());
        }
        let lost = || StoreError::Unknown("the call has crashed".to_owned());
        answered.await.unwrap_or_else(|_| Err(lost()))
    }

    /// Sends commands until nobody waits.
    async fn send_all(self: Arc<Self>) {
        while let Some(next) = self.next() {
            // In a task of its own: a crash is its own, and so is an answer that is late.
            let command = tokio::spawn(Arc::clone(&self).send(next));
            let _ = timeout(PATIENCE, command).await;
        }
    }

    async fn send(self: Arc<Self>, asked: Vec<Waiting<K>>) {
        let asked = asked.into_iter().map(|one| (one.ask, (one.answer, one.room)));
        let (asks, callers): (Vec<_>, Vec<_>) = asked.unzip();
        for ((answer, _room), told) in callers.into_iter().zip(self.kind.send(asks).await) {
            // Whoever asked may be gone.
            let _ = answer.send(told);
        }
    }

    /// What goes together next; if there is nothing, its sender is done.
    fn next(&self) -> Option<Vec<Waiting<K>>> {
        let mut line = self.line();
        let mut bytes = 0;
        let mut fits = |waiting: &Waiting<K>| {
            bytes += K::bytes(&waiting.ask);
            bytes <= COMMAND_BYTES
        };
        let fitting = line.waiting.iter().map_while(|waiting| fits(waiting).then_some(()));
        let count = fitting.count().max(1).min(line.waiting.len());
        if count == 0 {
            line.senders -= 1;
            return None;
        }
        Some(line.waiting.drain(..count).collect())
    }

    fn line(&self) -> MutexGuard<'_, Line<K>> {
        // Nothing panics while holding it.
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
