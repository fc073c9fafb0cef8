use seathold_core::{BookingId, Timestamp};

use crate::limits::PAGE;
use crate::model::{Booking, BookingEventId, DeliveryState};
use crate::{Error, Service};

/// An event that was given up at a receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its id.
    pub id: BookingEventId,
    /// Where the receiver is; none if it is not configured any more.
    pub address: Option<String>,
    /// How often it was tried.
    pub tries: u32,
    /// When it was tried first.
    pub since: Timestamp,
    /// When it was given up.
    pub at: Timestamp,
    /// What the last try failed of.
    pub error: Option<String>,
}

impl Service {
    /// The events that were given up, those of a page of bookings after this one;
    /// and the booking after which to go on, if there may be more.
    ///
    /// # Errors
    /// The store failed.
    pub async fn dead_letters(
        &self,
        after: Option<BookingId>,
    ) -> Result<(Vec<DeadLetter>, Option<BookingId>), Error> {
        let rows = self.store.dead_letters(after, PAGE).await?;
        let more = rows.last().filter(|_| rows.len() == PAGE as usize).map(|row| row.id);
        Ok((rows.iter().flat_map(|row| self.dead_of(row)).collect(), more))
    }

    /// Has an event told again that was given up, wherever it was; gives at how many
    /// receivers. Later events of the same booking may have been told by then.
    ///
    /// # Errors
    /// Somebody is just at it, or the store failed.
    pub async fn revive(&self, id: BookingEventId) -> Result<u64, Error> {
        let Some(row) = self.store.booking(id.booking).await? else { return Ok(0) };
        let Some(mut outbox) = row.outbox.clone() else { return Ok(0) };
        let (now, mut revived) = (self.env.now(), 0);
        let dead = |state| state == DeliveryState::Dead;
        for it in outbox.deliveries.iter_mut().filter(|it| it.event == id.event && dead(it.state)) {
            (it.state, it.tries, it.since, it.at) = (DeliveryState::Waiting, 0, now, now);
            revived += 1;
        }
        if revived == 0 {
            return Ok(0);
        }
        // Whoever is at it loses the lease, for it knows nothing of this. Nobody else
        // begins before the end of that.
        outbox.lease += 1;
        (outbox.open, outbox.next_try) = (true, now);
        if !self.store.write_outbox(&row, &outbox, false).await? {
            return Err(Error::Busy);
        }
        Ok(revived)
    }

    /// Counts what was given up, for a metric; gives how many.
    ///
    /// # Errors
    /// The store failed.
    pub async fn count_dead_letters(&self) -> Result<u64, Error> {
        let (mut dead, mut after) = (0, None);
        loop {
            let (letters, more) = self.dead_letters(after).await?;
            dead += letters.len() as u64;
            if more.is_none() {
                break;
            }
            after = more;
        }
        metrics::gauge!("seathold_events_dead").set(dead as f64);
        Ok(dead)
    }

    fn dead_of(&self, row: &Booking) -> Vec<DeadLetter> {
        let deliveries = row.outbox.iter().flat_map(|outbox| &outbox.deliveries);
        deliveries
            .filter(|it| it.state == DeliveryState::Dead)
            .map(|it| DeadLetter {
                id: BookingEventId { booking: row.id, event: it.event },
                address: self.outbound.receivers.address(it.receiver),
                tries: it.tries,
                since: it.since,
                at: it.at,
                error: it.error.clone(),
            })
            .collect()
    }
}
