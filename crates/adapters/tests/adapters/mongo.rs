//! The store in MongoDB, at the replica set behind `SEATHOLD_TEST_MONGO_URI`.
//! Without it the tests are skipped, unless `SEATHOLD_TEST_SERVICES=1` says that
//! it must be there.

use std::sync::Arc;

use seathold_adapters::SystemClock;
use seathold_testkit::contracts::StoreKit;
use seathold_testkit::servers::TestDatabase;

mod clocks;
mod doubt;
mod migrations;
mod plans;
mod records;
mod servers;
mod set;
mod stored;
mod times;
mod together;

mod contract {
    seathold_testkit::store_contract!(crate::mongo::contract_store);
}

/// The first server that an address names.
fn host(uri: &str) -> String {
    let address = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    let hosts = address.split(['/', '?']).next().unwrap_or_default();
    let hosts = hosts.rsplit('@').next().unwrap_or_default();
    hosts.split(',').next().unwrap_or_default().to_owned()
}

async fn contract_store() -> Option<StoreKit> {
    let (store, database) = TestDatabase::reused().await?;
    let (store, clock) = (Arc::new(store), Arc::new(SystemClock));
    Some(StoreKit { store, clock, keep: Box::new(database) })
}
