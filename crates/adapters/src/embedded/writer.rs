use std::io;
use std::slice;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use redb::{CommitError, Database, WriteTransaction};
use seathold_service::ports::StoreError;
use tokio::sync::{mpsc, oneshot};

use super::Broken;
use super::tables::Tables;

/// Operations that may wait for the writer; more wait outside, in their order.
const QUEUE_LENGTH: usize = 1024;

/// Operations in one transaction at the most, so that the first of them does
/// not wait much longer than a commit takes.
const MAX_BATCH: usize = 256;

/// The one thread that writes. All operations that have queued up go into one
/// transaction, which is durable before any of them is answered.
pub(super) struct Writer {
    queue: Option<mpsc::Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(database: Arc<Database>) -> io::Result<Self> {
        let (queue, jobs) = mpsc::channel(QUEUE_LENGTH);
        let thread = thread::Builder::new()
            .name("seathold-writer".to_owned())
            .spawn(move || write(&database, jobs))?;
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
        let stopped = || StoreError::Unavailable("the writer has stopped".to_owned());
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Operation { operation, result: None, reply });
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
    fn run(&mut self, tables: &mut Tables<'_>) -> Result<(), Broken>;
    fn answer(self: Box<Self>, outcome: Result<(), StoreError>);
}

struct Operation<F, T> {
    operation: F,
    result: Option<T>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<F, T> Job for Operation<F, T>
where
    F: FnMut(&mut Tables<'_>) -> Result<T, Broken> + Send,
    T: Send,
{
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

fn write(database: &Database, mut jobs: mpsc::Receiver<Box<dyn Job>>) {
    let mut batch = Vec::with_capacity(MAX_BATCH);
    while jobs.blocking_recv_many(&mut batch, MAX_BATCH) > 0 {
        let outcome = transact(database, &mut batch);
        let together = outcome.is_ok() || batch.len() == 1;
        for mut job in batch.drain(..) {
            match &outcome {
                // Nothing was written. One of them cannot be done: so that it
                // fails alone, each gets a transaction of its own.
                Err(StoreError::Unavailable(_)) if !together => {
                    let alone = transact(database, slice::from_mut(&mut job));
                    job.answer(alone);
                }
                outcome => job.answer(outcome.clone()),
            }
        }
    }
}

/// Runs these operations in one transaction and makes it durable.
fn transact(database: &Database, batch: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
    run(database, batch)?.commit().map_err(|error| match error {
        CommitError::TransactionPoisoned => StoreError::Unavailable(error.to_string()),
        _ => StoreError::Unknown(error.to_string()),
    })
}

fn run(database: &Database, batch: &mut [Box<dyn Job>]) -> Result<WriteTransaction, Broken> {
    let transaction = database.begin_write()?;
    let mut tables = Tables::open(&transaction)?;
    batch.iter_mut().try_for_each(|job| job.run(&mut tables))?;
    drop(tables);
    Ok(transaction)
}
