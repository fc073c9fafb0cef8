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

use seathold_adapters::{EmbeddedStore, InProcessLeases, InProcessQuotas, SystemClock};
use seathold_service::ports::Leases;
use seathold_testkit::contracts::StoreKit;
use seathold_testkit::contracts::quotas::QuotaKit;

async fn embedded_store() -> StoreKit {
    let dir = tempfile::tempdir().expect("a temporary folder can be made");
    let clock = Arc::new(SystemClock);
    let store = EmbeddedStore::open(dir.path(), clock.clone()).expect("an empty folder opens");
    StoreKit { store: Arc::new(store), clock, keep: Box::new(dir) }
}

async fn in_process_leases() -> Arc<dyn Leases> {
    Arc::new(InProcessLeases::default())
}

async fn in_process_quotas() -> QuotaKit {
    QuotaKit { quotas: Arc::new(InProcessQuotas::default()), unique: uuid::Uuid::nil() }
}

mod embedded_contract {
    seathold_testkit::store_contract!(crate::embedded_store);
}

mod in_process_contract {
    seathold_testkit::lease_contract!(crate::in_process_leases);
    seathold_testkit::quotas_contract!(crate::in_process_quotas);
}
