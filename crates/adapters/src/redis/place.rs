use std::sync::Arc;
use std::time::Duration;

use seathold_service::ports::{Lease, LeaseError};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use super::RedisLeases;
use super::scripts::Answer;

/// The unit of time at Redis.
const MILLISECOND: Duration = Duration::from_millis(1);

/// A place in the queue for a lease; given up when dropped before it is settled.
pub(super) struct Place<'a> {
    leases: &'a RedisLeases,
    lease: Lease,
    bell: Arc<Notify>,
    /// Whether Redis may have this place in its queue, or may have granted the
    /// lease without our knowing.
    open: bool,
}

impl<'a> Place<'a> {
    pub(super) fn new(leases: &'a RedisLeases, lease: Lease) -> Self {
        let bell = leases.waiters.add(lease.token);
        Self { leases, lease, bell, open: false }
    }

    /// Waits for the lease to be granted. `false`: not until `deadline`.
    pub(super) async fn wait(
        &mut self,
        ttl: Duration,
        deadline: Instant,
    ) -> Result<bool, LeaseError> {
        let leases = self.leases;
        let mut attempt = 0;
        loop {
            leases.line.admit()?;
            self.open = true;
            let left = deadline.saturating_duration_since(Instant::now());
            match leases.ask(&self.lease, ttl, left).await? {
                Answer::Taken(ends_in) if left >= MILLISECOND => {
                    let pause = leases.backoff.pause(attempt, &*leases.random).unwrap_or(left);
                    // Rung or not, then it is time to ask again.
                    let _ = timeout(pause.min(ends_in).min(left), self.bell.notified()).await;
                }
                answer => {
                    self.open = false;
                    return Ok(answer == Answer::Granted);
                }
            }
            attempt += 1;
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.leases.waiters.remove(self.lease.token);
        if self.open {
            self.leases.give_back(&self.lease);
        }
    }
}
