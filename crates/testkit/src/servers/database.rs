use std::hash::{DefaultHasher, Hasher};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use bson::doc;
use futures_util::future::join_all;
use mongodb::{Client, Database};
use seathold_adapters::MongoStore;
use tokio::runtime::{Handle, RuntimeFlavor};

use super::mongo_uri;
use crate::fresh_u64;

/// Databases of this process that are as the store needs them, and in nobody's
/// use. To make one takes a hundred times longer than to empty it.
static IDLE: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Whether this process has not made one yet.
static FIRST: AtomicBool = AtomicBool::new(true);

/// A database of a test's own.
pub struct TestDatabase {
    /// Its address.
    pub uri: String,
    /// To look at what is stored, and to meddle with it.
    pub database: Database,
    after: After,
}

/// What becomes of a database after the test.
#[derive(Clone, Copy, PartialEq, Eq)]
enum After {
    Dropped,
    Reused,
}

impl TestDatabase {
    /// An empty one, without any index. It goes when it is dropped, which takes
    /// a runtime of more than one thread. `None`: there is no server, and that
    /// was said.
    pub async fn empty() -> Option<Self> {
        Some(Self::named(&mongo_uri()?, &fresh_name(), After::Dropped).await)
    }

    /// The same with all migrations, and the store that is kept in it.
    ///
    /// # Panics
    /// The server does not answer.
    pub async fn migrated() -> Option<(MongoStore, Self)> {
        let database = Self::empty().await?;
        let store = database.connect().await;
        store.migrate().await.expect("the server answers");
        Some((store, database))
    }

    /// The same, of those that are used again and again.
    ///
    /// # Panics
    /// The server does not answer.
    pub async fn reused() -> Option<(MongoStore, Self)> {
        let uri = mongo_uri()?;
        let idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(name) = idle {
            let database = Self::named(&uri, &name, After::Reused).await;
            database.clear().await;
            return Some((database.connect().await, database));
        }
        let database = Self::named(&uri, &fresh_name(), After::Reused).await;
        if FIRST.swap(false, Ordering::Relaxed) {
            database.drop_what_others_left().await;
        }
        let store = database.connect().await;
        store.migrate().await.expect("the server answers");
        Some((store, database))
    }

    async fn named(uri: &str, name: &str, after: After) -> Self {
        let uri = with_database(uri, name);
        let client = Client::with_uri_str(&uri).await.expect("it is an address");
        Self { uri, database: client.database(name), after }
    }

    /// A further connection to it.
    ///
    /// # Panics
    /// The server does not answer.
    pub async fn connect(&self) -> MongoStore {
        MongoStore::connect(&self.uri).await.expect("it is a replica set")
    }

    /// Deletes all that the store keeps, and leaves the indexes.
    async fn clear(&self) {
        let names = ["showtimes", "bookings", "idempotency_keys", "payments", "webhook_events"];
        let deleted = join_all(names.map(|name| {
            let all = self.database.collection::<bson::Document>(name);
            async move { all.delete_many(doc! {}).await }
        }));
        for deleted in deleted.await {
            deleted.expect("the server answers");
        }
    }

    /// Drops the databases of processes that have ended.
    async fn drop_what_others_left(&self) {
        let client = self.database.client();
        let names = client.list_database_names().await.expect("the server answers");
        for name in names {
            let process = name.strip_prefix(&prefix()).and_then(|rest| rest.split('_').next());
            let Some(process) = process else { continue };
            let processes = Path::new("/proc");
            if processes.join("self").exists() && !processes.join(process).exists() {
                // Another process may be doing the same.
                let _ = client.database(&name).drop().await;
            }
        }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if self.after == After::Reused {
            let name = self.database.name().to_owned();
            return IDLE.lock().unwrap_or_else(PoisonError::into_inner).push(name);
        }
        let runtime = Handle::current();
        if runtime.runtime_flavor() == RuntimeFlavor::CurrentThread {
            return eprintln!("{} is left behind", self.database.name());
        }
        let drop = async { self.database.drop().await };
        if let Err(error) = tokio::task::block_in_place(|| runtime.block_on(drop)) {
            eprintln!("{} is left behind: {error}", self.database.name());
        }
    }
}

/// It says which process it belongs to.
fn fresh_name() -> String {
    format!("{}{}_{:016x}", prefix(), std::process::id(), fresh_u64())
}

/// What the names of all test databases of this machine begin with: several may
/// share a server.
fn prefix() -> String {
    let host = std::fs::read("/proc/sys/kernel/hostname").unwrap_or_default();
    let mut hash = DefaultHasher::new();
    hash.write(&host);
    format!("seathold_test_{:08x}_", hash.finish() as u32)
}

/// The address with this path, and the same options.
fn with_database(uri: &str, name: &str) -> String {
    let (address, options) = uri.split_once('?').unwrap_or((uri, ""));
    let (scheme, hosts) = address.split_once("://").expect("an address has a scheme");
    let hosts = hosts.split('/').next().unwrap_or_default();
    format!("{scheme}://{hosts}/{name}?{options}")
}
