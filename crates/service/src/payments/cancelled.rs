//! A cancelled showtime gives back all that was sold of it.

use std::collections::BTreeSet;

use seathold_core::{BookingId, RefundId, SeatState, ShowtimeId};

use crate::limits::PAGE;
use crate::model::{BookingStatus, RefundReason, ShowtimeSummary, StoredShowtime};
use crate::ports::Refunds;
use crate::{Error, Service, rule};

impl Service {
    /// Gives back what was sold of showtimes that are cancelled since; gives how
    /// many bookings.
    ///
    /// # Errors
    /// The store failed; the next round goes on from there.
    pub async fn settle_cancelled_showtimes(&self) -> Result<u64, Error> {
        let (mut bookings, mut after) = (0, None);
        loop {
            let showtimes = self.store.cancelled_with_sales(after, PAGE).await?;
            let Some(last) = showtimes.last() else { return Ok(bookings) };
            after = Some(*last);
            for showtime in showtimes {
                bookings += self.give_back_all(showtime).await?;
            }
        }
    }

    /// Gives back what was sold of a cancelled showtime. A booking whose sale is not
    /// finished is left to a later round.
    pub(crate) async fn give_back_all(&self, showtime: ShowtimeId) -> Result<u64, Error> {
        let Some(stored) = self.store.load(showtime).await? else { return Ok(0) };
        if stored.summary.cancelled_at.is_none() {
            return Ok(0);
        }
        let mut given_back = 0;
        for ids in sold(&stored).chunks(PAGE as usize) {
            let rows = self.store.bookings(ids).await?;
            for row in rule::settle(&*self.store, rows, self.env.now()).await?.rows {
                if row.status != BookingStatus::Confirmed {
                    continue;
                }
                let fresh = RefundId::from_uuid(self.env.uuid());
                let decided = match row.refund {
                    Some(_) => Ok(row),
                    None => self.decide_refund(&row, fresh, RefundReason::ShowtimeCancelled).await,
                };
                let freed = match decided {
                    Ok(row) => self.free(row).await,
                    Err(error) => Err(error),
                };
                match freed {
                    Ok(_) => given_back += 1,
                    Err(error) => tracing::warn!(%showtime, ?error, "a booking is left for later"),
                }
            }
        }
        Ok(given_back)
    }

    /// How far the refunds of a showtime are.
    ///
    /// # Errors
    /// The store failed.
    pub async fn refunds_of(&self, showtime: ShowtimeId) -> Result<Refunds, Error> {
        let mut refunds = self.store.refunds_of(showtime).await?;
        let summary = self.store.summary(showtime).await?;
        let sells = |it: &ShowtimeSummary| {
            it.cancelled_at.is_some() && it.available < it.showtime.total_seats
        };
        if summary.as_ref().is_some_and(sells)
            && let Some(stored) = self.store.load(showtime).await?
        {
            for ids in sold(&stored).chunks(PAGE as usize) {
                let rows = self.store.bookings(ids).await?;
                let undecided = rows.iter().filter(|row| row.refund.is_none()).count();
                refunds.pending += undecided as u64;
            }
        }
        Ok(refunds)
    }
}

/// The bookings whose seats are sold, each once.
fn sold(stored: &StoredShowtime) -> Vec<BookingId> {
    let booked = stored.map.seats().filter_map(|seat| match seat.state {
        SeatState::Booked { booking, .. } => Some(*booking),
        SeatState::Available | SeatState::Held { .. } => None,
    });
    booked.collect::<BTreeSet<_>>().into_iter().collect()
}
