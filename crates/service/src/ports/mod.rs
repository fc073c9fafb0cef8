//! What the service needs from outside, and nothing about who provides it.

mod env;
mod gateway;
mod lease;
mod store;

pub use env::{Clock, Env, Random, Spawn};
pub use gateway::{Gateway, GatewayError, GatewaySession, PaymentRequest, RefundRequest};
pub use lease::{Lease, LeaseError, Leases};
pub use store::{
    BookingFilter, Bookings, ClaimEnd, Commit, CommitOutcome, EventKey, Inserted, Page,
    PageRequest, PaymentMove, Payments, PendingFilter, Preparation, Prepared, SeatsNow,
    ShowtimeFilter, ShowtimeSort, Showtimes, Store, StoreError,
};
