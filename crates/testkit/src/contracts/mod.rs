//! What every store, every keeper of leases and everybody who counts requests must do, as tests: the same for
//! each, whatever stands behind the port.

#[doc(hidden)]
pub mod leases;
#[doc(hidden)]
pub mod quotas;
mod samples;
#[doc(hidden)]
pub mod store_bookings;
#[doc(hidden)]
pub mod store_claims;
#[doc(hidden)]
pub mod store_lists;
#[doc(hidden)]
pub mod store_outbox;
#[doc(hidden)]
pub mod store_payments;
#[doc(hidden)]
pub mod store_showtimes;

use std::any::Any;
use std::sync::Arc;

use seathold_service::ports::{Clock, Store, StoreError};

/// A fresh, empty store to test.
pub struct StoreKit {
    /// The store.
    pub store: Arc<dyn Store>,
    /// The store's own clock: what decides whether a write is in its window.
    /// The tests only read it.
    pub clock: Arc<dyn Clock>,
    /// What has to live as long as the store, such as its folder.
    pub keep: Box<dyn Any + Send + Sync>,
}

/// How a behaviour is checked: it panics when the store does otherwise, and
/// fails when the store does not answer.
type Checked = Result<(), StoreError>;

/// One test for each behaviour named, of the functions in `suite`.
#[doc(hidden)]
#[macro_export]
macro_rules! contract_tests {
    ($make:path: $($behaviour:ident)*) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $behaviour() {
            if let Some(kit) = Option::from($make().await) {
                suite::$behaviour(&kit).await.expect("the port under test answers");
            }
        })*
    };
}

/// The contract of a store, as tests. Takes the absolute path of a function
/// without arguments: `async fn() -> StoreKit`, or `-> Option<StoreKit>` where
/// the store may be out of reach, which the function has to say.
#[macro_export]
macro_rules! store_contract {
    ($make:path) => {
        mod showtimes {
            use $crate::contracts::store_showtimes as suite;
            $crate::showtimes_contract!($make);
        }
        mod lists {
            use $crate::contracts::store_lists as suite;
            $crate::lists_contract!($make);
        }
        mod bookings {
            use $crate::contracts::store_bookings as suite;
            $crate::bookings_contract!($make);
        }
        mod claims {
            use $crate::contracts::store_claims as suite;
            $crate::claims_contract!($make);
        }
        mod outbox {
            use $crate::contracts::store_outbox as suite;
            $crate::outbox_contract!($make);
        }
        mod payments {
            use $crate::contracts::store_payments as suite;
            $crate::payments_contract!($make);
        }
    };
}

/// The contract of a keeper of leases, as tests. Takes the absolute path of a
/// function without arguments: `async fn() -> Arc<dyn Leases>`.
#[macro_export]
macro_rules! lease_contract {
    ($make:path) => {
        mod leases {
            use $crate::contracts::leases as suite;
            $crate::leases_contract!($make);
        }
    };
}
