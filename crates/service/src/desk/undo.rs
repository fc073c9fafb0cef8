//! Taking back what was written for commands that were not granted after all.

use std::sync::Arc;
use std::time::Duration;

use seathold_core::BookingId;
use tokio::time::sleep;

use super::entry::{Durable, Entry};
use super::task::Desk;
use crate::limits::{TAKE_BACK_MARGIN_MS, TAKE_BACK_PAUSE};
use crate::model::Claim;

impl Desk {
    /// Takes back what was written for them. A mark of a cancel that cannot be taken back
    /// leaves what follows from it in doubt.
    pub(super) async fn take_back(&self, entries: Vec<&mut Entry>) {
        let (mut holds, mut cancels) = (Vec::new(), Vec::new());
        for entry in &entries {
            match &entry.prepared {
                Durable::Nothing => {}
                Durable::Hold(claim) => holds.push((claim.as_ref().clone(), entry.booking)),
                Durable::Cancel(booking, at) => cancels.push((*booking, *at)),
            }
        }
        if holds.is_empty() && cancels.is_empty() {
            return;
        }
        if let Err(error) = self.shared.store.unprepare(&holds, &cancels).await {
            tracing::warn!(showtime = %self.showtime, %error, "not taken back yet");
            self.take_back_later(holds);
            for entry in entries {
                entry.in_doubt |= matches!(entry.prepared, Durable::Cancel(..));
            }
        }
    }

    /// Takes back what was written for holds, or may have been, once the store
    /// answers again. Else their keys would stay taken until their leases end.
    /// Not so marks of a cancel: a repeat may be relying on one by then.
    pub(super) fn take_back_later(&self, holds: Vec<(Claim, BookingId)>) {
        let Some(until) = holds.iter().map(|(claim, _)| claim.lease_until).min() else { return };
        let shared = Arc::clone(&self.shared);
        self.shared.env.tasks.spawn(Box::pin(async move {
            while shared.store.unprepare(&holds, &[]).await.is_err() && shared.env.now() < until {
                sleep(TAKE_BACK_PAUSE).await;
            }
            // Once more before others may take the keys over: for what comes late.
            let rest = until.millis_since(shared.env.now()) - TAKE_BACK_MARGIN_MS;
            sleep(Duration::from_millis(rest.try_into().unwrap_or_default())).await;
            if let Err(error) = shared.store.unprepare(&holds, &[]).await {
                tracing::warn!(%error, "claims left to their lease");
            }
        }));
    }
}
