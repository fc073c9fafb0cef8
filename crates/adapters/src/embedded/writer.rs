use std::cell::RefCell;
use std::io;
use std::slice;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use redb::{Database, Durability, WriteTransaction};
use seathold_service::ports::StoreError;
use tokio::sync::{mpsc, oneshot};

use super::Broken;
use super::log::{Changes, Log};
use super::tables::Tables;

/// Operations that may wait for the writer; more wait outside, in their order.
const QUEUE_LENGTH: usize = 1024;

/// Operations in one transaction at the most, so that the first of them does
/// not wait much longer than a commit takes.
const MAX_BATCH: usize = 256;

/// The one thread that writes. All operations that have queued up go into one
/// transaction, which is durable, in the log, before any of them is answered that
/// asked for it.
pub(super) struct Writer {
    queue: Option<mpsc::Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(database: Arc<Database>, log: Log) -> io::Result<Self> {
        let (queue, jobs) = mpsc::channel(QUEUE_LENGTH);
        let work = Work { database, log, failed: None };
        let thread = thread::Builder::new()
            .name("seathold-writer".to_owned())
            .spawn(move || work.run(jobs))?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    /// Runs an operation in the next transaction; durable when it returns. It
    /// sees what those before it did. Called again when the transaction failed
    /// because of another.
    pub(super) async fn run<T, F>(&self, operation: F) -> Result<T, StoreError>
    where
        F: FnMut(&mut Tables<'_>) -> Result<T, Broken> + Send + 'static,
        T: Send + 'static,
    {
        self.queue(operation, true).await
    }

    /// As [`Writer::run`], but durable only before anything that is run later.
    pub(super) async fn run_before<T, F>(&self, operation: F) -> Result<T, StoreError>
    where
        F: FnMut(&mut Tables<'_>) -> Result<T, Broken> + Send + 'static,
        T: Send + 'static,
    {
        self.queue(operation, false).await
    }

    async fn queue<T, F>(&self, operation: F, durable: bool) -> Result<T, StoreError>
    where
        F: FnMut(&mut Tables<'_>) -> Result<T, Broken> + Send + 'static,
        T: Send + 'static,
    {
        let stopped = || StoreError::Unavailable("the writer has stopped".to_owned());
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Operation { operation, durable, result: None, reply });
        let queue = self.queue.as_ref().ok_or_else(stopped)?;
        queue.send(job).await.map_err(|_| stopped())?;
        let lost = |_| StoreError::Unknown("the writer stopped before it answered".to_owned());
        answer.await.map_err(lost)?
    }
}

impl Drop for Writer {
    /// Waits until everything queued is written and the file is let go.
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // It has nothing to say: whoever waited for an answer got an error.
            let _ = thread.join();
        }
    }
}

trait Job: Send {
    /// Whether it is answered only when it is durable.
    fn is_durable(&self) -> bool;
    fn run(&mut self, tables: &mut Tables<'_>) -> Result<(), Broken>;
    fn answer(self: Box<Self>, outcome: Result<(), StoreError>);
}

struct Operation<F, T> {
    operation: F,
    durable: bool,
    result: Option<T>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<F, T> Job for Operation<F, T>
where
    F: FnMut(&mut Tables<'_>) -> Result<T, Broken> + Send,
    T: Send,
{
    fn is_durable(&self) -> bool {
        self.durable
    }

    fn run(&mut self, tables: &mut Tables<'_>) -> Result<(), Broken> {
        self.result = Some((self.operation)(tables)?);
        Ok(())
    }

    fn answer(self: Box<Self>, outcome: Result<(), StoreError>) {
        let Self { result, reply, .. } = *self;
        let never_ran = || StoreError::Unavailable("the operation was not run".to_owned());
        // Who asked may be gone; the write stands all the same.
        let _ = reply.send(outcome.and_then(|()| result.ok_or_else(never_ran)));
    }
}

/// What the thread works on.
struct Work {
    database: Arc<Database>,
    log: Log,
    /// Why nothing can be written any more: what is in memory and what is durable
    /// may differ, until the store is opened anew.
    failed: Option<String>,
}

impl Work {
    fn run(mut self, mut jobs: mpsc::Receiver<Box<dyn Job>>) {
        let mut batch = Vec::with_capacity(MAX_BATCH);
        while jobs.blocking_recv_many(&mut batch, MAX_BATCH) > 0 {
            let outcome = self.transact(&mut batch);
            let together = outcome.is_ok() || batch.len() == 1;
            for mut job in batch.drain(..) {
                match &outcome {
                    // Nothing was written. One of them cannot be done: so that it
                    // fails alone, each gets a transaction of its own.
                    Err(StoreError::Unavailable(_)) if !together => {
                        let alone = self.transact(slice::from_mut(&mut job));
                        job.answer(alone);
                    }
                    outcome => job.answer(outcome.clone()),
                }
            }
            if self.log.is_full() {
                self.checkpoint();
            }
        }
        self.checkpoint();
    }

    /// Runs these operations in one transaction and makes it durable.
    fn transact(&mut self, batch: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
        if let Some(failure) = &self.failed {
            return Err(StoreError::Unavailable(failure.clone()));
        }
        let (transaction, changes) = self.perform(batch)?;
        // Before it can be seen: nobody may be told what a crash takes back.
        let durable = batch.iter().any(|job| job.is_durable());
        let written = self.log.append(changes);
        let written = if durable { written.and_then(|()| self.log.sync()) } else { written };
        let written = written.map_err(|error| error.to_string());
        let shown = written.and_then(|()| transaction.commit().map_err(|error| error.to_string()));
        shown.map_err(|error| {
            tracing::error!(error, "not written: nothing more is, until the store is opened anew");
            self.failed = Some(error.clone());
            StoreError::Unknown(error)
        })
    }

    fn perform(&self, batch: &mut [Box<dyn Job>]) -> Result<(WriteTransaction, Changes), Broken> {
        let mut transaction = self.database.begin_write()?;
        transaction.set_durability(Durability::None)?;
        let changes = RefCell::default();
        let mut tables = Tables::open(&transaction, Some(&changes))?;
        batch.iter_mut().try_for_each(|job| job.run(&mut tables))?;
        tables.note_applied(self.log.last() + 1)?;
        drop(tables);
        Ok((transaction, changes.into_inner()))
    }

    /// Makes the file itself durable, so that the log can begin anew.
    fn checkpoint(&mut self) {
        if self.failed.is_some() {
            return;
        }
        match checkpoint(&self.database) {
            Ok(()) => self.log.restart(),
            // Everybody has been answered, rightly: the log has it all.
            Err(Broken(error)) => {
                tracing::error!(error, "no checkpoint: nothing is written any more");
                self.failed = Some(error);
            }
        }
    }
}

/// Makes durable what was committed so far. With the allocator's state, so that
/// the file need not be walked through after a crash.
fn checkpoint(database: &Database) -> Result<(), Broken> {
    let mut transaction = database.begin_write()?;
    transaction.set_quick_repair(true);
    Ok(transaction.commit()?)
}
