//! Calls of one kind, made together: what is asked while a command is under way
//! goes in the next one. Whoever asks while nothing is under way waits for nobody.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use seathold_service::ports::StoreError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::{Instant, sleep_until, timeout};

/// Asks that are not answered yet; whoever comes then waits for room.
const ROOM: usize = 1_024;

/// What goes into one command, in bytes, unless a single ask has more: far below
/// the 16 MB that the server takes. In so many bytes there are nowhere near the
/// hundred thousand statements that it takes either.
const COMMAND_BYTES: usize = 2 << 20;

/// How long a command keeps those after it waiting. One that gets no answer, by
/// a connection that has died, holds up nobody for long.
const PATIENCE: Duration = Duration::from_millis(500);

/// How soon after one command for many the next may follow: where many ask, a
/// command more costs the server more than a moment's wait costs them.
const PACE: Duration = Duration::from_millis(8);

/// The same, if there are only [a few](FEW) by then: a busy server has more from
/// others, and does best with fewer commands of each.
const SLOW_PACE: Duration = Duration::from_millis(16);

/// Fewer asks than this are a few.
const FEW: usize = 8;

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
    /// What it is called in the metrics.
    name: &'static str,
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
    pub(super) fn new(name: &'static str, kind: K, commands_max: usize) -> Arc<Self> {
        let line = Mutex::new(Line { waiting: VecDeque::new(), senders: 0 });
        Arc::new(Self { name, kind, commands_max, room: Arc::new(Semaphore::new(ROOM)), line })
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
            let (began, alone) = (Instant::now(), next.len() == 1);
            // In a task of its own: a crash is its own, and so is an answer that is late.
            let command = tokio::spawn(Arc::clone(&self).send(next));
            let _ = timeout(PATIENCE, command).await;
            if alone {
                continue;
            }
            sleep_until(began + PACE).await;
            if self.line().waiting.len() < FEW {
                sleep_until(began + SLOW_PACE).await;
            }
        }
    }

    async fn send(self: Arc<Self>, asked: Vec<Waiting<K>>) {
        metrics::counter!("seathold_store_commands_total", "of" => self.name).increment(1);
        let asks = asked.len() as u64;
        metrics::counter!("seathold_store_asks_total", "of" => self.name).increment(asks);
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

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;
    use tokio::sync::Notify;
    use tokio::time::Instant;

    use super::*;

    /// Takes down what goes together; a command goes on once that is let go.
    #[derive(Default)]
    struct Recorder {
        sent: Mutex<Vec<Vec<usize>>>,
        go: Notify,
    }

    /// The number with which a command crashes.
    const CRASH: usize = 13;

    impl Kind for Arc<Recorder> {
        type Ask = usize;
        type Answer = usize;

        /// An ask of its number, in KiB.
        fn bytes(ask: &usize) -> usize {
            ask << 10
        }

        async fn send(&self, asks: Vec<usize>) -> Vec<Result<usize, StoreError>> {
            self.sent.lock().expect("nobody panics over it").push(asks.clone());
            assert!(!asks.contains(&CRASH), "as a test has asked for");
            self.go.notified().await;
            asks.into_iter().map(|ask| Ok(10 * ask)).collect()
        }
    }

    fn gatherer(commands: usize) -> (Arc<Recorder>, Arc<Gatherer<Arc<Recorder>>>) {
        let recorder = Arc::new(Recorder::default());
        (Arc::clone(&recorder), Gatherer::new("numbers", recorder, commands))
    }

    type Asked = tokio::task::JoinHandle<Result<usize, StoreError>>;

    /// Asks, in this order; gives back control once all that can be sent is.
    async fn ask(gatherer: &Arc<Gatherer<Arc<Recorder>>>, asks: &[usize]) -> Vec<Asked> {
        let mut asked = Vec::new();
        for ask in asks.iter().copied() {
            let gatherer = Arc::clone(gatherer);
            asked.push(tokio::spawn(async move { gatherer.ask(ask).await }));
            run().await;
        }
        asked
    }

    /// Lets all tasks run until they wait: there is one thread.
    async fn run() {
        for _ in 0..32 {
            tokio::task::yield_now().await;
        }
    }

    /// The same, and no longer for the pace.
    async fn settle() {
        run().await;
        for _ in 0..2 {
            tokio::time::advance(PACE).await;
            run().await;
        }
    }

    async fn answers(asked: Vec<Asked>) -> Vec<usize> {
        let answers = join_all(asked).await.into_iter();
        answers.map(|told| told.expect("no crash").expect("an answer")).collect()
    }

    fn sent(recorder: &Recorder) -> Vec<Vec<usize>> {
        recorder.sent.lock().expect("nobody panics over it").clone()
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_asked_while_a_command_is_under_way_goes_in_the_next() {
        let (recorder, gatherer) = gatherer(1);
        let asked = ask(&gatherer, &[1, 2, 3, 4]).await;
        assert_eq!(sent(&recorder), [vec![1]]);
        recorder.go.notify_one();
        settle().await;
        assert_eq!(sent(&recorder), [vec![1], vec![2, 3, 4]]);
        recorder.go.notify_one();
        assert_eq!(answers(asked).await, [10, 20, 30, 40]);
        // Nothing is under way: the next goes at once.
        let asked = ask(&gatherer, &[5]).await;
        assert_eq!(sent(&recorder).len(), 3);
        recorder.go.notify_one();
        assert_eq!(answers(asked).await, [50]);
    }

    #[tokio::test(start_paused = true)]
    async fn after_one_for_one_the_next_goes_at_once() {
        let (recorder, gatherer) = gatherer(1);
        let asked = ask(&gatherer, &[1, 2, 3]).await;
        recorder.go.notify_one();
        run().await;
        assert_eq!(sent(&recorder), [vec![1], vec![2, 3]]);
        recorder.go.notify_one();
        assert_eq!(answers(asked).await, [10, 20, 30]);
    }

    /// How many ms after a command for two the next goes, for so many.
    async fn pace(asks: usize) -> u128 {
        let (recorder, gatherer) = gatherer(1);
        let mut asked = ask(&gatherer, &[1, 2, 3]).await;
        recorder.go.notify_one();
        run().await;
        let began = Instant::now();
        asked.extend(ask(&gatherer, &vec![4; asks]).await);
        recorder.go.notify_one();
        while sent(&recorder).len() < 3 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(sent(&recorder)[2], vec![4; asks]);
        recorder.go.notify_one();
        assert_eq!(answers(asked).await.len(), 3 + asks);
        began.elapsed().as_millis()
    }

    #[tokio::test(start_paused = true)]
    async fn after_one_for_many_the_next_waits_for_its_time_and_for_a_few_longer() {
        let near =
            |ms: u128, pace: Duration| (pace.as_millis()..pace.as_millis() + 2).contains(&ms);
        assert!(near(pace(FEW).await, PACE));
        assert!(near(pace(FEW - 1).await, SLOW_PACE));
    }

    #[tokio::test(start_paused = true)]
    async fn so_many_commands_are_under_way_at_once_and_no_more() {
        let (recorder, gatherer) = gatherer(2);
        let asked = ask(&gatherer, &[1, 2, 3, 4]).await;
        assert_eq!(sent(&recorder), [vec![1], vec![2]]);
        recorder.go.notify_one();
        settle().await;
        assert_eq!(sent(&recorder), [vec![1], vec![2], vec![3, 4]]);
        recorder.go.notify_waiters();
        assert_eq!(answers(asked).await, [10, 20, 30, 40]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_command_has_no_more_than_fits_and_what_never_fits_goes_alone() {
        let (recorder, gatherer) = gatherer(1);
        let most = COMMAND_BYTES >> 10;
        let asked = ask(&gatherer, &[1, most - 1, 1, 1, 2 * most, 1]).await;
        for _ in 0..4 {
            recorder.go.notify_one();
            settle().await;
        }
        let expected = [vec![1], vec![most - 1, 1], vec![1], vec![2 * most], vec![1]];
        assert_eq!(sent(&recorder), expected);
        recorder.go.notify_one();
        assert_eq!(answers(asked).await.len(), 6);
    }

    #[tokio::test(start_paused = true)]
    async fn a_command_without_an_answer_holds_the_next_up_for_a_moment_only() {
        let (recorder, gatherer) = gatherer(1);
        let (begun, asked) = (Instant::now(), ask(&gatherer, &[1, 2]).await);
        while sent(&recorder).len() < 2 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert!(begun.elapsed() >= PATIENCE && begun.elapsed() < 2 * PATIENCE);
        recorder.go.notify_waiters();
        // It is answered all the same, however late.
        assert_eq!(answers(asked).await, [10, 20]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_crash_is_told_to_those_it_concerns_and_the_next_go_on() {
        let (recorder, gatherer) = gatherer(1);
        let mut asked = ask(&gatherer, &[1, CRASH, 3]).await;
        recorder.go.notify_one();
        for crashed in asked.drain(1..) {
            let told = crashed.await.expect("only the command has crashed");
            assert!(matches!(told, Err(StoreError::Unknown(_))), "{told:?}");
        }
        asked.extend(ask(&gatherer, &[4]).await);
        recorder.go.notify_one();
        assert_eq!(answers(asked).await, [10, 40]);
    }

    #[tokio::test(start_paused = true)]
    async fn when_there_is_no_room_one_waits_for_it() {
        let (recorder, gatherer) = gatherer(1);
        let asked = ask(&gatherer, &[0; ROOM + 2]).await;
        assert_eq!(gatherer.line().waiting.len(), ROOM - 1, "one of them is under way");
        for _ in 0..3 {
            recorder.go.notify_one();
            settle().await;
        }
        assert_eq!(sent(&recorder).iter().map(Vec::len).collect::<Vec<_>>(), [1, ROOM, 1]);
        assert_eq!(answers(asked).await.len(), ROOM + 2);
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_asked_is_done_when_the_caller_goes_away() {
        let (recorder, gatherer) = gatherer(1);
        for asked in ask(&gatherer, &[1, 2]).await {
            asked.abort();
        }
        recorder.go.notify_one();
        settle().await;
        assert_eq!(sent(&recorder), [vec![1], vec![2]]);
    }
}
