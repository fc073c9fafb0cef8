use std::time::Duration;

use async_trait::async_trait;
use seathold_core::ShowtimeId;
use uuid::Uuid;

/// Proof that a lease was granted: which showtime, and to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The showtime it is for.
    pub showtime: ShowtimeId,
    /// The owner's secret; only who knows it may renew or release.
    pub token: Uuid,
}

/// The keeper of leases could not be reached.
#[derive(Clone, Debug, thiserror::Error)]
#[error("lease keeper unavailable: {0}")]
pub struct LeaseError(pub String);

/// Layer 1: at most one owner per showtime, most of the time. Makes contention
/// cheap; nothing depends on it for correctness.
#[async_trait]
pub trait Leases: Send + Sync {
    /// Asks for the lease of a showtime under a fresh `token` for `ttl`,
    /// waiting for up to `wait` while another has it. `None`: still not free.
    async fn acquire(
        &self,
        showtime: ShowtimeId,
        token: Uuid,
        ttl: Duration,
        wait: Duration,
    ) -> Result<Option<Lease>, LeaseError>;

    /// Extends a lease to `ttl` from now. `false`: it was lost meanwhile.
    async fn renew(&self, lease: &Lease, ttl: Duration) -> Result<bool, LeaseError>;

    /// Gives a lease back, and wakes a waiter. `false`: it was lost before, and
    /// nothing happened to whoever has it now.
    async fn release(&self, lease: &Lease) -> Result<bool, LeaseError>;

    /// What `/health` says of the keeper.
    async fn ping(&self) -> Result<(), LeaseError>;
}
