//! What is told of bookings, in their rows.

use seathold_core::{BookingId, Timestamp};
use seathold_service::model::{Booking, Outbox};

use super::{State, after, earliest};

impl State {
    pub(super) fn untold_bookings(&self, at: Timestamp, limit: u32) -> Vec<Booking> {
        let due = self.rows.values().filter_map(|row| {
            let outbox = row.outbox.as_ref()?;
            (outbox.open && outbox.next_try <= at).then(|| (outbox.next_try, row.clone()))
        });
        earliest(due.collect(), limit)
    }

    pub(super) fn lease_outbox(&mut self, id: BookingId, seen: u32, until: Timestamp) -> bool {
        let outbox = self.rows.get_mut(&id).and_then(|row| row.outbox.as_mut());
        let Some(outbox) = outbox.filter(|it| it.open && it.lease == seen) else { return false };
        outbox.lease += 1;
        (outbox.next_try, outbox.leased_until) = (until, until);
        true
    }

    pub(super) fn write_outbox(
        &mut self,
        seen: &Booking,
        outbox: &Outbox,
        unchanged: bool,
    ) -> bool {
        let Some(row) = self.rows.get_mut(&seen.id) else { return false };
        let lease = |row: &Booking| row.outbox.as_ref().map(|outbox| outbox.lease);
        let done_at = |row: &Booking| row.refund.and_then(|refund| refund.done_at);
        let same = row.status == seen.status && done_at(row) == done_at(seen);
        if row.outbox.is_none() || lease(row) != lease(seen) || unchanged && !same {
            return false;
        }
        row.outbox = Some(outbox.clone());
        true
    }

    pub(super) fn dead_letters(&self, id: Option<BookingId>, limit: u32) -> Vec<Booking> {
        let dead = |row: &Booking| row.outbox.as_ref().is_some_and(Outbox::has_dead);
        after(&self.rows, id.as_ref(), limit, dead)
    }
}
