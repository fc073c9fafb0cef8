//! The adapters, against the contracts of the ports and one by one.

mod documents;
mod embedded;
mod embedded_crash;
mod gateway;
mod mongo;
mod providers;
mod redis;
mod system;

use std::sync::Arc;

use seathold_adapters::{EmbeddedStore, InProcessLeases, SystemClock};
use seathold_service::ports::Leases;
use seathold_testkit::contracts::StoreKit;

async fn embedded_store() -> StoreKit {
    let dir = tempfile::tempdir().expect("a temporary folder can be made");
    let clock = Arc::new(SystemClock);
    let store = EmbeddedStore::open(dir.path(), clock.clone()).expect("an empty folder opens");
    StoreKit { store: Arc::new(store), clock, keep: Box::new(dir) }
}

async fn in_process_leases() -> Arc<dyn Leases> {
    Arc::new(InProcessLeases::default())
}

mod embedded_contract {
    seathold_testkit::store_contract!(crate::embedded_store);
}

mod in_process_contract {
    seathold_testkit::lease_contract!(crate::in_process_leases);
}
