use std::sync::Arc;
use std::time::Duration;

use seathold_core::{SeatMap, ShowtimeId};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use super::{Shared, Ticket};
use crate::limits::{BATCH_MAX, DESK_IDLE, LEASE_WAIT_AGAIN, TENURE};
use crate::model::Showtime;
use crate::ports::{Lease, StoreError};

/// The one place in this process where a showtime's seats are decided.
pub(super) struct Desk {
    pub(super) showtime: ShowtimeId,
    pub(super) shared: Arc<Shared>,
    pub(super) cache: Option<Cached>,
    tenure: Option<Tenure>,
    /// Whether the last wait for the lease was in vain.
    unlucky: bool,
}

/// A settled map: loaded as the majority has it, advanced only by own commits.
pub(super) struct Cached {
    pub(super) showtime: Arc<Showtime>,
    pub(super) map: SeatMap,
    /// The lease under which nobody else can have changed it since.
    verified_under: Option<Uuid>,
}

struct Tenure {
    lease: Lease,
    since: Instant,
    /// By our own reckoning: the keeper's begins later.
    until: Instant,
}

impl Desk {
    pub(super) fn new(showtime: ShowtimeId, shared: Arc<Shared>) -> Self {
        Self { showtime, shared, cache: None, tenure: None, unlucky: false }
    }

    /// Serves batch after batch until there has been nothing to do for a while.
    pub(super) async fn run(mut self, mut queue: mpsc::Receiver<Ticket>) {
        let mut tickets = Vec::with_capacity(BATCH_MAX);
        while let Ok(1..) = timeout(DESK_IDLE, queue.recv_many(&mut tickets, BATCH_MAX)).await {
            self.serve(std::mem::take(&mut tickets)).await;
            let tenure_over = self.tenure.as_ref().is_some_and(|t| t.since.elapsed() >= TENURE);
            if queue.is_empty() || tenure_over {
                self.release().await;
            }
            if queue.is_empty() && self.cache.is_none() {
                // No such showtime, or nothing worth keeping: do not wait idle.
                break;
            }
        }
        // What was queued before the channel closed is still served.
        queue.close();
        while queue.recv_many(&mut tickets, BATCH_MAX).await > 0 {
            self.serve(std::mem::take(&mut tickets)).await;
        }
        self.release().await;
        self.leave();
    }

    /// Takes this desk off the list, unless another one stands there already.
    fn leave(&self) {
        let mut open = self.shared.open();
        if open.desks.get(&self.showtime).is_some_and(mpsc::Sender::is_closed) {
            open.desks.remove(&self.showtime);
        }
    }

    /// Makes sure that the cached map is the showtime's present one. `false`:
    /// there is no such showtime.
    pub(super) async fn refresh(&mut self) -> Result<bool, StoreError> {
        let lease = self.lease().await;
        if let Some(cached) = &mut self.cache {
            if lease.is_some() && cached.verified_under == lease {
                return Ok(true);
            }
            if self.shared.store.version(self.showtime).await? == Some(cached.map.version()) {
                cached.verified_under = lease;
                return Ok(true);
            }
        }
        self.cache = None;
        metrics::counter!("seathold_map_reloads_total").increment(1);
        let Some(stored) = self.shared.store.load(self.showtime).await? else {
            return Ok(false);
        };
        let showtime = Arc::new(stored.summary.showtime);
        self.cache = Some(Cached { showtime, map: stored.map, verified_under: lease });
        Ok(true)
    }

    /// Makes sure of the lease. None: the batch runs on layer 2 alone.
    async fn lease(&mut self) -> Option<Uuid> {
        let ttl = self.shared.rules.lease_ttl;
        let asked = Instant::now();
        if let Some(tenure) = &mut self.tenure {
            if asked < tenure.until {
                return Some(tenure.lease.token);
            }
            if let Ok(true) = self.shared.leases.renew(&tenure.lease, ttl).await {
                tenure.until = asked + ttl;
                return Some(tenure.lease.token);
            }
            self.tenure = None;
        }
        let token = self.shared.env.uuid();
        let answer = self.shared.leases.acquire(self.showtime, token, ttl, self.patience()).await;
        self.unlucky = matches!(answer, Ok(None));
        match answer {
            Ok(Some(lease)) => {
                self.tenure = Some(Tenure { lease, since: Instant::now(), until: asked + ttl });
                return Some(token);
            }
            Ok(None) => tracing::debug!(showtime = %self.showtime, "no lease in time"),
            Err(error) => tracing::warn!(showtime = %self.showtime, %error, "no lease"),
        }
        metrics::counter!("seathold_batches_without_lease_total").increment(1);
        None
    }

    /// How long to wait for the lease. Whoever has it may be dead: that is waited
    /// for once in full, and then no longer than the living take with their turns.
    fn patience(&self) -> Duration {
        let wait = self.shared.rules.lease_wait;
        if self.unlucky { wait.min(LEASE_WAIT_AGAIN) } else { wait }
    }

    async fn release(&mut self) {
        if let Some(tenure) = self.tenure.take()
            && let Err(error) = self.shared.leases.release(&tenure.lease).await
        {
            tracing::warn!(showtime = %self.showtime, %error, "lease left to run out");
        }
    }
}
