//! What the service needs from outside, and nothing about who provides it.

mod bookings;
mod env;
mod feed;
mod gateway;
mod lease;
mod outbox;
mod payments;
mod quotas;
mod showtimes;
mod store;

pub use bookings::{
    BookingFilter, Bookings, ClaimEnd, PendingFilter, Preparation, Prepared, Refunds,
};
pub use env::{Clock, Env, Random, Spawn};
pub use feed::{Feed, News, NoFeed};
pub use gateway::{
    Gateway, GatewayError, GatewaySession, PaymentRequest, RefundRequest, Refunded, Standing,
    StatusRequest,
};
pub use lease::{Lease, LeaseError, Leases};
pub use outbox::{Message, NoReceivers, NotTold, Outboxes, Receivers, RenderEvent};
pub use payments::{EventKey, Inserted, PaymentMove, Payments};
pub use quotas::{Account, Balance, Charged, Quota, Quotas};
pub use showtimes::{
    Commit, CommitOutcome, PlacedSeat, SeatsNow, ShowtimeFilter, ShowtimeSort, Showtimes,
};
pub use store::{Page, PageRequest, Store, StoreError};
