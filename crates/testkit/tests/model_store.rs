//! The model store means the same as the real ones: it passes their contracts.

use std::sync::Arc;

use seathold_core::Timestamp;
use seathold_service::ports::Clock;
use seathold_simulation::model_store;
use seathold_testkit::contracts::StoreKit;

seathold_testkit::store_contract!(crate::kit);

/// Stands still: contracts need no more.
struct Standing;

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_705_314_600_000)
    }
}

async fn kit() -> StoreKit {
    let clock: Arc<dyn Clock> = Arc::new(Standing);
    StoreKit { store: model_store(clock.clone()), clock, keep: Box::new(()) }
}
