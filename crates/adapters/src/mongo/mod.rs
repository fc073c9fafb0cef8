//! The store in a MongoDB replica set: for many processes at once. One versioned
//! update of a showtime's document is the commit point; the server's clock
//! decides whether it is in its window.

mod bookings;
mod bulk;
mod claims;
mod clock;
mod collections;
mod commit;
mod commits;
mod connect;
mod events;
mod failures;
mod gather;
mod lists;
mod migrate;
mod outbox;
mod payments;
mod prepare;
mod rows;
mod seats;
mod shared;
mod showtimes;
mod terms;

use std::future::Future;
use std::time::Duration;

use async_trait::async_trait;
use bson::doc;
use seathold_core::Timestamp;
use seathold_service::ports::{Store, StoreError};
use tokio::time::timeout;
use tracing::Instrument;

use collections::Collections;
pub use connect::OpenError;
pub use migrate::{Applied, MigrateError};

/// How long a caller waits for the server's answer, be it stopped or cut off
/// without a word: a client gives up after ten seconds, and is told before.
const ANSWER_TIME: Duration = Duration::from_secs(5);

/// All records in one database of a replica set. Durable by the majority when a
/// write returns. Clones share the connections.
#[derive(Clone)]
pub struct MongoStore {
    collections: Collections,
}

impl MongoStore {
    /// What the store's clock says, for an instance to correct its own by.
    ///
    /// # Errors
    /// The server could not be reached.
    pub async fn now(&self) -> Result<Timestamp, StoreError> {
        let ask = |db: Collections| async move {
            let hello = db.database.run_command(doc! {"hello": 1}).await.map_err(failures::read)?;
            let now = hello.get_datetime("localTime").map_err(failures::document)?;
            Ok(Timestamp::from_millis(now.timestamp_millis()))
        };
        self.read(ask).await
    }

    /// Ends all connections. Without it they end with the process.
    pub async fn close(self) {
        self.collections.database.client().clone().shutdown().await;
    }

    /// Reads, in a task of its own, from a primary that was made sure of.
    async fn read<T, F>(&self, call: impl FnOnce(Collections) -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
        T: Send + 'static,
    {
        let call = call(self.collections.clone());
        self.settled(detached(call)).await
    }

    /// Whatever becomes of it, nothing is written.
    async fn settled<T>(
        &self,
        read: impl Future<Output = Result<Result<T, StoreError>, String>>,
    ) -> Result<T, StoreError> {
        let Collections { terms, database, .. } = &self.collections;
        let both = async {
            let term = terms.settled(database).await?;
            let found = read.await.map_err(StoreError::Unavailable)??;
            terms.still(term).map(|()| found)
        };
        in_time(Box::pin(both)).await.map_err(StoreError::Unavailable)?
    }

    /// Writes, in a task of its own.
    async fn write<T, F>(&self, call: impl FnOnce(Collections) -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
        T: Send + 'static,
    {
        let answer = detached(call(self.collections.clone())).await;
        answer.unwrap_or_else(|why| Err(StoreError::Unknown(why)))
    }
}

/// Runs calls of the driver to their end, whatever becomes of the caller: a
/// connection that is dropped in the middle of a call is lost to the pool.
async fn detached<T: Send + 'static>(
    call: impl Future<Output = T> + Send + 'static,
) -> Result<T, String> {
    // What it logs belongs to the request.
    let call = tokio::spawn(call.in_current_span());
    in_time(call).await?.map_err(|error| error.to_string())
}

/// The answer of a call that goes on by itself, if it comes in time.
async fn in_time<T>(call: impl Future<Output = T>) -> Result<T, String> {
    let late = || format!("no answer within {ANSWER_TIME:?}");
    timeout(ANSWER_TIME, call).await.map_err(|_| late())
}

#[async_trait]
impl Store for MongoStore {
    async fn ping(&self) -> Result<(), StoreError> {
        // Goes to the primary: without one, nothing can be written.
        let ping = |db: Collections| async move {
            db.database.run_command(doc! {"ping": 1}).await.map_err(failures::read)
        };
        self.read(ping).await.map(drop)
    }
}
