//! The store in a folder of its own: for one process, without any service beside
//! it. Built on redb: one writer, whose transactions gather what has queued up,
//! and readers that see the last commit. A transaction is made durable by its
//! record in a log beside the file; the file itself catches up once in a while,
//! and when the store is closed. What is only in the log is done again at the next
//! opening.

mod bookings;
mod by_user;
mod claims;
mod convert;
mod encoding;
mod events;
mod hold;
mod keys;
mod log;
mod outbox;
mod payments;
mod recovery;
mod rows;
mod seats;
mod showtimes;
mod tables;
#[cfg(test)]
mod tests;
mod writer;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use redb::{Builder, Database, DatabaseError};
use seathold_service::ports::{Clock, Store, StoreError};

use crate::documents::DocumentError;
use log::LogFile;
use tables::Snapshot;
use writer::Writer;

/// Name of the file in the data folder.
const FILE_NAME: &str = "seathold.redb";

/// Name of its log, which belongs to it: one without the other is not all.
const LOG_NAME: &str = "seathold.wal";

/// Memory for pages of the file, in bytes. Up to half of it is for pages that
/// were changed since the last checkpoint.
const CACHE_BYTES: usize = 128 << 20;

/// All records in one folder. Durable when a write returns; let go when dropped.
pub struct EmbeddedStore {
    // Dropped first: it finishes what is queued.
    writer: Writer,
    database: Arc<Database>,
    clock: Arc<dyn Clock>,
}

/// Why the embedded store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has the file open.
    #[error("{} is in use by another process", .0.display())]
    InUse(PathBuf),
    /// The folder or the file could not be made, read or written.
    #[error("cannot open {}: {cause}", path.display())]
    Io {
        /// What was to be opened.
        path: PathBuf,
        /// What the operating system said.
        cause: io::Error,
    },
    /// The log is gone, without which the file may lack what was acknowledged last.
    #[error(
        "{} is missing, which has the latest changes of the store beside it: bring it back from \
         where it was left; only if the server was stopped in order will an empty file do",
        .0.display()
    )]
    LogMissing(PathBuf),
    /// The file is not one of ours, or damaged.
    #[error("cannot read {}: {cause}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
}

impl EmbeddedStore {
    /// Opens the store in the folder `dir`; makes both if they are missing.
    /// `clock` decides whether a commit is within its window.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(dir: &Path, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let at = |path: &Path| {
            let path = path.to_owned();
            move |cause| OpenError::Io { path, cause }
        };
        fs::create_dir_all(dir).map_err(at(dir))?;
        let path = dir.join(FILE_NAME);
        let database = Builder::new().set_cache_size(CACHE_BYTES).create(&path);
        let database = database.map_err(|error| OpenError::from_database(error, &path))?;
        // Only now: whoever has the file has its log.
        let unreadable =
            |cause: Broken| OpenError::Unreadable { path: dir.join(FILE_NAME), cause: cause.0 };
        let path = dir.join(LOG_NAME);
        if !path.exists() && tables::had_log(&database).map_err(unreadable)? {
            return Err(OpenError::LogMissing(path));
        }
        let log = log::open(&path).map_err(at(&path))?;
        Self::over(database, Box::new(log), clock).map_err(unreadable)
    }

    /// Opens the store in the folder `dir`, which must be there.
    ///
    /// # Errors
    /// [`OpenError::Io`] when there is none; otherwise as [`EmbeddedStore::open`].
    pub fn open_existing(dir: &Path, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let path = dir.join(FILE_NAME);
        match fs::metadata(&path) {
            Ok(_) => Self::open(dir, clock),
            Err(cause) => Err(OpenError::Io { path, cause }),
        }
    }

    fn over(
        database: Database,
        log: Box<dyn LogFile>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Broken> {
        let log = recovery::recover(&database, log)?;
        let database = Arc::new(database);
        let writer = Writer::start(Arc::clone(&database), log);
        let writer = writer.map_err(|error| Broken(error.to_string()))?;
        Ok(Self { writer, database, clock })
    }

    /// Reads a little, on the caller's thread.
    fn read<T>(&self, read: impl FnOnce(&Snapshot) -> Result<T, Broken>) -> Result<T, StoreError> {
        Snapshot::new(&self.database).and_then(|snapshot| read(&snapshot)).map_err(StoreError::from)
    }

    /// Reads much, on a thread where it keeps nobody waiting.
    async fn scan<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Snapshot) -> Result<T, Broken> + Send + 'static,
    ) -> Result<T, StoreError> {
        let database = Arc::clone(&self.database);
        let task = move || Snapshot::new(&database).and_then(|snapshot| read(&snapshot));
        let result = tokio::task::spawn_blocking(task).await;
        Ok(result.map_err(|error| StoreError::Unavailable(error.to_string()))??)
    }
}

#[async_trait]
impl Store for EmbeddedStore {
    async fn ping(&self) -> Result<(), StoreError> {
        // Only a write tells whether writing works.
        self.writer.run(|_| Ok(())).await
    }
}

impl OpenError {
    fn from_database(error: DatabaseError, path: &Path) -> Self {
        let path = path.to_owned();
        match error {
            DatabaseError::DatabaseAlreadyOpen => Self::InUse(path),
            DatabaseError::Storage(redb::StorageError::Io(cause)) => Self::Io { path, cause },
            other => Self::Unreadable { path, cause: other.to_string() },
        }
    }
}

/// An operation could not be done; its transaction is given up.
#[derive(Debug)]
struct Broken(String);

impl From<Broken> for StoreError {
    fn from(broken: Broken) -> Self {
        Self::Unavailable(broken.0)
    }
}

macro_rules! breaks {
    ($($error:ty),*) => {
        $(impl From<$error> for Broken {
            fn from(error: $error) -> Self {
                Self(error.to_string())
            }
        })*
    };
}

breaks!(
    redb::StorageError,
    redb::TableError,
    redb::TransactionError,
    redb::CommitError,
    redb::SetDurabilityError,
    DocumentError
);
