//! The store in MongoDB, at the replica set behind `SEATHOLD_TEST_MONGO_URI`.
//! Without it the tests are skipped, unless `SEATHOLD_TEST_SERVICES=1` says that
//! it must be there.

use std::io::Write;
use std::sync::Arc;

use mongodb::{Client, Database};
use seathold_adapters::{MongoStore, SystemClock, SystemRandom};
use seathold_service::ports::Random;
use seathold_testkit::contracts::StoreKit;
use tokio::runtime::Handle;

mod doubt;
mod migrations;
mod plans;
mod proxy;
mod records;
mod servers;
mod stored;
mod times;

mod contract {
    seathold_testkit::store_contract!(crate::mongo::contract_store);
}

/// The address of a replica set to test with. `None`: there is none, and that
/// was said.
fn uri() -> Option<String> {
    let uri = std::env::var("SEATHOLD_TEST_MONGO_URI").ok();
    if uri.is_none() {
        skip("SEATHOLD_TEST_MONGO_URI is not set");
    }
    uri
}

/// Says why a test is skipped, where it is not captured.
fn skip(reason: &str) {
    let wanted = std::env::var("SEATHOLD_TEST_SERVICES").is_ok_and(|value| value == "1");
    assert!(!wanted, "SEATHOLD_TEST_SERVICES=1, but {reason}");
    let name = std::thread::current().name().unwrap_or_default().to_owned();
    writeln!(std::io::stderr(), "skipped: {name}: {reason}").expect("standard error is open");
}

/// A database of a test's own, which goes when it is dropped. That takes a
/// runtime of more than one thread.
struct TestDatabase {
    /// Its address.
    uri: String,
    /// To look at what is stored, and to meddle with it.
    database: Database,
}

impl TestDatabase {
    /// An empty one, without any index.
    async fn empty() -> Option<Self> {
        let uri = uri()?;
        let mut bytes = [0; 8];
        SystemRandom.fill(&mut bytes);
        let name = format!("seathold_test_{:016x}", u64::from_be_bytes(bytes));
        let uri = with_database(&uri, &name);
        let client = Client::with_uri_str(&uri).await.expect("it is an address");
        Some(Self { uri, database: client.database(&name) })
    }

    /// One to keep records in, and the store that does.
    async fn migrated() -> Option<(MongoStore, Self)> {
        let database = Self::empty().await?;
        let store = database.connect().await;
        store.migrate().await.expect("the server answers");
        Some((store, database))
    }

    async fn connect(&self) -> MongoStore {
        MongoStore::connect(&self.uri).await.expect("it is a replica set")
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let dropped = tokio::task::block_in_place(|| {
            Handle::current().block_on(async { self.database.drop().await })
        });
        if let Err(error) = dropped {
            eprintln!("{} is left behind: {error}", self.database.name());
        }
    }
}

/// The address with this path, and the same options.
fn with_database(uri: &str, name: &str) -> String {
    let (address, options) = uri.split_once('?').unwrap_or((uri, ""));
    let (scheme, hosts) = address.split_once("://").expect("an address has a scheme");
    let hosts = hosts.split('/').next().unwrap_or_default();
    format!("{scheme}://{hosts}/{name}?{options}")
}

/// The first server that an address names.
fn host(uri: &str) -> String {
    let address = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    let hosts = address.split(['/', '?']).next().unwrap_or_default();
    let hosts = hosts.rsplit('@').next().unwrap_or_default();
    hosts.split(',').next().unwrap_or_default().to_owned()
}

async fn contract_store() -> Option<StoreKit> {
    let (store, database) = TestDatabase::migrated().await?;
    let (store, clock) = (Arc::new(store), Arc::new(SystemClock));
    Some(StoreKit { store, clock, keep: Box::new(database) })
}
