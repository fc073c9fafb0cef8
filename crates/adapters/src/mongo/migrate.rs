//! The numbered changes of the database, each made once and in order, by one
//! instance at a time.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use bson::{DateTime, Document, doc};
use mongodb::error::Error;
use mongodb::{Collection, Database};
use seathold_service::ports::Random;
use tokio::time::{Instant, interval, sleep};

use super::{MongoStore, failures};
use crate::SystemRandom;

/// Name and commands of each change, in order.
const MIGRATIONS: [(&str, &str); 3] = [
    ("0001_indexes", include_str!("../../../../migrations/0001_indexes.json")),
    (
        "0002_refunds_and_checks",
        include_str!("../../../../migrations/0002_refunds_and_checks.json"),
    ),
    ("0003_outbox", include_str!("../../../../migrations/0003_outbox.json")),
];

/// Where it is written down which changes were made.
const JOURNAL: &str = "migrations";

/// The entry of the journal whose owner makes changes.
const LOCK: &str = "lock";

/// How long the lock stays with an owner who crashed, in ms.
const LEASE_MS: i64 = 30_000;

/// How often the owner says that it is alive: some renewals may fail.
const RENEWAL: Duration = Duration::from_secs(5);

/// How often to look whether another has finished.
const RETRY: Duration = Duration::from_millis(200);

/// How long to wait while others make changes: an index of millions of documents
/// is built in minutes.
const WAIT: Duration = Duration::from_secs(15 * 60);

/// A change that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The name of its file.
    pub name: &'static str,
}

/// Why the database is not as it should be.
#[derive(Clone, Debug, thiserror::Error)]
pub enum MigrateError {
    /// The server could not be reached, or failed.
    #[error("cannot migrate: {0}")]
    Server(String),
    /// A command of a change was refused.
    #[error("migration {name}, command {number}: {reason}")]
    Refused {
        /// The name of the change.
        name: &'static str,
        /// Which of its commands, counted from 1.
        number: usize,
        /// What the server said.
        reason: String,
    },
    /// Another instance has been making changes for very long.
    #[error("another instance has been migrating for {} minutes", WAIT.as_secs() / 60)]
    Busy,
}

impl From<Error> for MigrateError {
    fn from(error: Error) -> Self {
        Self::Server(error.kind.to_string())
    }
}

impl MongoStore {
    /// Makes the changes that the database has not seen, and tells which. Of
    /// several instances that do so at once, one makes them and the others wait.
    /// A crash in between leaves a change to be made again from its first
    /// command: each must bear that.
    ///
    /// # Errors
    /// See [`MigrateError`].
    pub async fn migrate(&self) -> Result<Vec<Applied>, MigrateError> {
        let database = self.collections.database.clone();
        // In a task of its own: no call of the driver is dropped half-way.
        let task = tokio::spawn(async move {
            let lock = Lock::take(&database).await?;
            let applied = lock.kept_while(apply(&database)).await;
            lock.release().await?;
            applied
        });
        task.await.map_err(|error| MigrateError::Server(error.to_string()))?
    }
}

async fn apply(database: &Database) -> Result<Vec<Applied>, MigrateError> {
    let journal = journal(database);
    let mut applied = Vec::new();
    for (name, commands) in MIGRATIONS {
        if journal.find_one(doc! {"_id": name}).await?.is_some() {
            continue;
        }
        let refused = |number, reason| MigrateError::Refused { name, number, reason };
        let commands: Vec<Document> =
            serde_json::from_str(commands).map_err(|error| refused(0, error.to_string()))?;
        for (number, command) in (1..).zip(commands) {
            run(database, command).await.map_err(|reason| refused(number, reason))?;
        }
        let now = vec![doc! {"$set": {"applied_at": "$$NOW"}}];
        journal.update_one(doc! {"_id": name}, now).upsert(true).await?;
        applied.push(Applied { name });
    }
    Ok(applied)
}

/// Runs a command; durable by the majority when it returns.
async fn run(database: &Database, mut command: Document) -> Result<(), String> {
    command.insert("writeConcern", doc! {"w": "majority", "j": true});
    let answer = database.run_command(command).await.map_err(|error| error.kind.to_string())?;
    let failed = answer.get("writeErrors").or(answer.get("writeConcernError"));
    failed.map_or(Ok(()), |error| Err(error.to_string()))
}

fn journal(database: &Database) -> Collection<Document> {
    database.collection(JOURNAL)
}

/// The right to make changes, for as long as it is renewed.
struct Lock {
    journal: Collection<Document>,
    owner: String,
}

impl Lock {
    /// Waits until nobody has it, or who had it is silent for too long.
    async fn take(database: &Database) -> Result<Self, MigrateError> {
        let lock = Self { journal: journal(database), owner: random_name() };
        let free = doc! {"_id": LOCK, "until": DateTime::from_millis(0)};
        match lock.journal.insert_one(free).await {
            Err(error) if !failures::is_duplicate(&error) => return Err(error.into()),
            Ok(_) | Err(_) => {}
        }
        let over = doc! {"_id": LOCK, "$expr": {"$lte": ["$until", "$$NOW"]}};
        let asked_until = Instant::now() + WAIT;
        while Instant::now() < asked_until {
            if lock.update(over.clone(), LEASE_MS).await? {
                return Ok(lock);
            }
            sleep(RETRY).await;
        }
        Err(MigrateError::Busy)
    }

    /// Does `work`, and says meanwhile that it is alive.
    async fn kept_while<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        let mut renewal = interval(RENEWAL);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return done,
                _ = renewal.tick() => match self.update(self.own(), LEASE_MS).await {
                    Ok(true) => {}
                    Ok(false) => tracing::warn!("another instance has begun to migrate as well"),
                    Err(error) => tracing::warn!(%error, "the lock was not renewed"),
                },
            }
        }
    }

    async fn release(&self) -> Result<(), MigrateError> {
        self.update(self.own(), 0).await.map(drop)
    }

    fn own(&self) -> Document {
        doc! {"_id": LOCK, "owner": &self.owner}
    }

    /// Makes the lock ours for so long from now, if it matches.
    async fn update(&self, lock: Document, for_ms: i64) -> Result<bool, MigrateError> {
        let until = doc! {"$add": ["$$NOW", for_ms]};
        let ours = vec![doc! {"$set": {"owner": &self.owner, "until": until}}];
        Ok(self.journal.update_one(lock, ours).await?.matched_count > 0)
    }
}

fn random_name() -> String {
    let mut bytes = [0; 16];
    SystemRandom.fill(&mut bytes);
    uuid::Uuid::from_bytes(bytes).to_string()
}
