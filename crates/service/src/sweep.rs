//! Garbage collection: expired holds are free already, here they are written off.

use std::collections::BTreeSet;

use seathold_core::Timestamp;

use crate::desk::Order;
use crate::limits::{PAGE, SWEEP_GRACE_MS};
use crate::ports::PendingFilter;
use crate::{Error, Service, rule};

/// What one sweep found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Showtimes with expired seats, each freed in one update.
    pub showtimes: u64,
    /// Rows of bookings that had ended.
    pub bookings: u64,
}

impl Service {
    /// Frees expired seats, one update per showtime, then writes down what has
    /// become of their bookings. Any instance may do it at any time.
    ///
    /// # Errors
    /// The store failed; the next sweep goes on from there.
    pub async fn sweep(&self) -> Result<Swept, Error> {
        let before = self.env.now().plus_millis(-SWEEP_GRACE_MS);
        let mut swept = Swept::default();
        let mut seen = BTreeSet::new();
        self.note_lateness(before).await?;
        loop {
            let due = self.store.expiring_showtimes(before, PAGE).await?;
            let fresh: Vec<_> = due.into_iter().filter(|id| seen.insert(*id)).collect();
            if fresh.is_empty() {
                break;
            }
            for showtime in fresh {
                match self.desks.order(showtime, Order::Expire { before }).await {
                    Ok(_) => swept.showtimes += 1,
                    // This one is busy: its holds are free all the same.
                    Err(error) => tracing::warn!(%showtime, ?error, "not swept"),
                }
            }
        }
        loop {
            let over = PendingFilter::ExpiredAt(before);
            let rows = self.store.pending_bookings(&over, PAGE).await?;
            let settled = rule::settle(&*self.store, rows, self.env.now()).await?;
            swept.bookings += settled.written;
            // Those that last longer stand aside as well, so that others get their turn.
            if settled.written + settled.extended + settled.removed == 0 {
                return Ok(swept);
            }
        }
    }

    /// How long the longest expired hold has been waiting to be written off:
    /// the only place where a late sweep shows.
    async fn note_lateness(&self, before: Timestamp) -> Result<(), Error> {
        let mut late_ms = 0;
        if let Some(first) = self.store.expiring_showtimes(before, 1).await?.first()
            && let Some(ended) = self.store.summary(*first).await?.and_then(|it| it.next_expiry)
        {
            late_ms = self.env.now().millis_since(ended);
        }
        metrics::gauge!("seathold_sweep_lateness_seconds").set(late_ms as f64 / 1000.0);
        Ok(())
    }

    /// Forgets idempotency keys whose day is over; gives how many.
    ///
    /// # Errors
    /// The store failed.
    pub async fn purge_claims(&self) -> Result<u64, Error> {
        Ok(self.store.purge_claims(self.env.now()).await?)
    }
}
