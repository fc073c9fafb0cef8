use std::sync::Arc;
use std::time::Duration;

use seathold_core::ShowtimeId;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use super::crowd::Crowd;
use super::stride::Stride;
use super::{Shared, Ticket};
use crate::limits::{DESK_IDLE, LEASE_WAIT_AGAIN, LEASE_WAIT_MAX, TENURE, TURNS_WAITED};
use crate::maps::Slot;
use crate::model::Version;
use crate::ports::{Lease, StoreError};

/// The one place in this process where a showtime's seats are decided.
pub(super) struct Desk {
    pub(super) showtime: ShowtimeId,
    pub(super) shared: Arc<Shared>,
    /// The settled map; a reader may replace it by a newer one at any time.
    pub(super) slot: Arc<Slot>,
    queue: mpsc::Receiver<Ticket>,
    /// What those who come are told by, when too many wait.
    pub(super) crowd: Arc<Crowd>,
    pub(super) stride: Stride,
    tenure: Option<Tenure>,
    /// Whether the last wait for the lease was in vain.
    unlucky: bool,
    /// When the batch under way got the lease, or went on without.
    pub(super) turn_since: Option<Instant>,
}

struct Tenure {
    lease: Lease,
    since: Instant,
    /// By our own reckoning: the keeper's begins later.
    until: Instant,
    /// The version that was known to be the present one during this tenure: nobody
    /// else can have changed it since.
    verified: Option<Version>,
}

impl Desk {
    pub(super) fn new(
        showtime: ShowtimeId,
        shared: Arc<Shared>,
        queue: mpsc::Receiver<Ticket>,
        crowd: Arc<Crowd>,
    ) -> Self {
        let slot = shared.maps.enter(showtime);
        Self {
            showtime,
            shared,
            slot,
            queue,
            crowd,
            stride: Stride::new(),
            tenure: None,
            unlucky: false,
            turn_since: None,
        }
    }

    /// Serves batch after batch until there has been nothing to do for a while.
    pub(super) async fn run(mut self) {
        let mut tickets = Vec::new();
        loop {
            let next = self.queue.recv_many(&mut tickets, self.stride.most());
            let Ok(1..) = timeout(DESK_IDLE, next).await else { break };
            metrics::histogram!("seathold_desk_queue_depth").record(self.queue.len() as f64);
            self.serve(std::mem::take(&mut tickets)).await;
            let tenure_over = self.tenure.as_ref().is_some_and(|t| t.since.elapsed() >= TENURE);
            if self.queue.is_empty() || tenure_over {
                self.release().await;
            }
            if self.queue.is_empty() && self.slot.version().is_none() {
                // No such showtime, or nothing worth keeping: do not wait idle.
                break;
            }
        }
        // What was queued before the channel closed is still served.
        self.queue.close();
        while self.queue.recv_many(&mut tickets, self.stride.most()).await > 0 {
            self.serve(std::mem::take(&mut tickets)).await;
        }
        self.release().await;
        self.leave();
        self.shared.maps.leave(&self.slot);
    }

    /// What has queued up while a batch of so many waited for its turn.
    pub(super) fn latecomers(&mut self, batch: usize) -> Vec<Ticket> {
        let room = self.stride.most().saturating_sub(batch);
        std::iter::from_fn(|| self.queue.try_recv().ok()).take(room).collect()
    }

    /// Takes this desk off the list, unless another one stands there already.
    fn leave(&self) {
        let mut open = self.shared.open();
        if open.desks.get(&self.showtime).is_some_and(|desk| desk.queue.is_closed()) {
            open.desks.remove(&self.showtime);
        }
    }

    /// Loads the map. `false`: there is no such showtime.
    pub(super) async fn load(&mut self) -> Result<bool, StoreError> {
        let found = self.shared.maps.load(&self.slot).await?;
        self.verified(self.slot.version());
        Ok(found)
    }

    /// Makes sure that the map is the present one. `false`: there is no such showtime.
    pub(super) async fn refresh(&mut self) -> Result<bool, StoreError> {
        let found = self.shared.maps.refresh(&self.slot).await?;
        self.verified(self.slot.version());
        Ok(found)
    }

    /// Notes which version is known to be the present one.
    pub(super) fn verified(&mut self, version: Option<Version>) {
        if let Some(tenure) = &mut self.tenure {
            tenure.verified = version;
        }
    }

    /// Whether nobody else can have changed this version since it was verified.
    pub(super) fn is_verified(&self, version: Version) -> bool {
        let live = |tenure: &&Tenure| Instant::now() < tenure.until;
        self.tenure.as_ref().filter(live).is_some_and(|it| it.verified == Some(version))
    }

    /// Makes sure of the lease.
    pub(super) async fn lease(&mut self) -> Turn {
        let ttl = self.shared.rules.lease_ttl;
        let asked = Instant::now();
        if let Some(tenure) = &mut self.tenure {
            if asked < tenure.until {
                return Turn::Kept;
            }
            if let Ok(true) = self.shared.leases.renew(&tenure.lease, ttl).await {
                tenure.until = asked + ttl;
                return Turn::Kept;
            }
            self.tenure = None;
        }
        let token = self.shared.env.uuid();
        let granted = self.acquire(token, ttl).await;
        metrics::histogram!("seathold_lease_wait_seconds").record(asked.elapsed());
        let Some(lease) = granted else {
            metrics::counter!("seathold_batches_without_lease_total").increment(1);
            return Turn::Without;
        };
        let (since, until) = (Instant::now(), asked + ttl);
        self.tenure = Some(Tenure { lease, since, until, verified: None });
        Turn::New
    }

    async fn acquire(&mut self, token: Uuid, ttl: Duration) -> Option<Lease> {
        let answer = self.shared.leases.acquire(self.showtime, token, ttl, self.patience()).await;
        self.unlucky = matches!(answer, Ok(None));
        match answer {
            Ok(Some(lease)) => return Some(lease),
            Ok(None) => tracing::debug!(showtime = %self.showtime, "no lease in time"),
            Err(error) => tracing::warn!(showtime = %self.showtime, %error, "no lease"),
        }
        None
    }

    /// How long to wait for the lease. Whoever has it may be dead: that is waited
    /// for once in full, and then no longer than the living take with their turns,
    /// which is long where the store is slow.
    fn patience(&self) -> Duration {
        let wait = self.shared.rules.lease_wait;
        let wait = if self.unlucky { wait.min(LEASE_WAIT_AGAIN) } else { wait };
        wait.max((self.crowd.turn() * TURNS_WAITED).min(LEASE_WAIT_MAX))
    }

    async fn release(&mut self) {
        let Some(tenure) = self.tenure.take() else { return };
        metrics::histogram!("seathold_lease_held_seconds").record(tenure.since.elapsed());
        if let Err(error) = self.shared.leases.release(&tenure.lease).await {
            tracing::warn!(showtime = %self.showtime, %error, "lease left to run out");
        }
    }
}

/// Whether a batch has the lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Since an earlier batch.
    Kept,
    /// Since now: others may have had it before.
    New,
    /// Not: it runs on layer 2 alone.
    Without,
}
