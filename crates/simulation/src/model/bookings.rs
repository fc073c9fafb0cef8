use seathold_core::{BookingId, PaymentId, ShowtimeId, Timestamp};
use seathold_service::model::{Booking, BookingRefund, BookingStatus, Extension, Settlement};
use seathold_service::ports::{BookingFilter, Page, PageRequest, PendingFilter, Refunds};

use super::{State, after, earliest, page};

impl State {
    pub(crate) fn booking(&self, id: BookingId) -> Option<Booking> {
        self.rows.get(&id).cloned()
    }

    pub(super) fn bookings(&self, ids: &[BookingId]) -> Vec<Booking> {
        ids.iter().filter_map(|id| self.booking(*id)).collect()
    }

    pub(super) fn list_bookings(&self, filter: &BookingFilter) -> Page<Booking> {
        let wanted = |row: &&Booking| {
            row.user_id == filter.user
                && filter.status.is_none_or(|status| status == row.status)
                && filter.showtime.is_none_or(|showtime| showtime == row.showtime_id)
        };
        let mut found: Vec<Booking> = self.rows.values().filter(wanted).cloned().collect();
        found.sort_by_key(|row| std::cmp::Reverse((row.created_at, row.id)));
        page(found, filter.page)
    }

    pub(super) fn pending_bookings(&self, filter: &PendingFilter, limit: u32) -> Vec<Booking> {
        let pending = Some(BookingStatus::Pending);
        match filter {
            PendingFilter::OfUser(user) => {
                let (user, page) = (user.clone(), PageRequest { skip: 0, limit });
                let all = BookingFilter { user, status: pending, showtime: None, page };
                self.list_bookings(&all).data
            }
            PendingFilter::ExpiredAt(at) => {
                let over =
                    |row: &&Booking| Some(row.status) == pending && row.hold_expires_at <= *at;
                let over = self.rows.values().filter(over);
                earliest(over.map(|row| (row.hold_expires_at, row.clone())).collect(), limit)
            }
        }
    }

    pub(super) fn settle_bookings(&mut self, settlements: &[Settlement]) -> u64 {
        let mut written = 0;
        for settlement in settlements {
            if let Some(row) = self.pending_since(settlement.booking, settlement.seen_held_at) {
                row.end(settlement.status, settlement.at);
                written += 1;
            }
        }
        written
    }

    pub(super) fn extend_bookings(&mut self, extensions: &[Extension]) -> u64 {
        let mut written = 0;
        for extension in extensions {
            if let Some(row) = self.pending_since(extension.booking, extension.seen_held_at)
                && row.hold_expires_at < extension.until
            {
                row.hold_expires_at = extension.until;
                written += 1;
            }
        }
        written
    }

    /// A pending row that was not made anew since it was read.
    fn pending_since(&mut self, id: BookingId, held_at: Timestamp) -> Option<&mut Booking> {
        let row = self.rows.get_mut(&id)?;
        Some(row).filter(|row| row.status == BookingStatus::Pending && row.held_at == held_at)
    }

    pub(super) fn confirm_booking(
        &mut self,
        id: BookingId,
        paid_by: Option<PaymentId>,
        at: Timestamp,
    ) -> Option<Booking> {
        let row = self.rows.get_mut(&id)?;
        if row.refund.is_none() {
            if row.status != BookingStatus::Confirmed {
                row.end(BookingStatus::Confirmed, at);
            }
            if row.paid_by.is_none() && paid_by.is_some() {
                (row.paid_by, row.updated_at) = (paid_by, at);
            }
        }
        Some(row.clone())
    }

    pub(super) fn mark_refund(&mut self, id: BookingId, refund: &BookingRefund) -> Option<Booking> {
        let row = self.rows.get_mut(&id)?;
        if row.status == BookingStatus::Confirmed && row.refund.is_none() {
            (row.refund, row.updated_at) = (Some(*refund), refund.since);
        }
        Some(row.clone())
    }

    pub(super) fn cancel_refunded(&mut self, id: BookingId, at: Timestamp) -> Option<Booking> {
        let row = self.rows.get_mut(&id)?;
        if row.is_refunding() {
            row.end(BookingStatus::Cancelled, at);
        }
        Some(row.clone())
    }

    pub(super) fn note_refunded(&mut self, id: BookingId, at: Timestamp) {
        let Some(row) = self.rows.get_mut(&id) else { return };
        if let Some(refund) = row.refund.as_mut().filter(|refund| refund.done_at.is_none()) {
            refund.done_at = Some(at);
            row.open_outbox(at);
        }
    }

    pub(super) fn refunding_bookings(&self, id: Option<BookingId>, limit: u32) -> Vec<Booking> {
        after(&self.rows, id.as_ref(), limit, Booking::is_refunding)
    }

    pub(super) fn refunds_of(&self, showtime: ShowtimeId) -> Refunds {
        let mut refunds = Refunds::default();
        let rows = self.rows.values().filter(|row| row.showtime_id == showtime);
        for refund in rows.filter_map(|row| row.refund) {
            match refund.done_at {
                Some(_) => refunds.done += 1,
                None => refunds.pending += 1,
            }
        }
        refunds
    }

    pub(crate) fn bookings_after(&self, id: Option<BookingId>, limit: u32) -> Vec<Booking> {
        after(&self.rows, id.as_ref(), limit, |_| true)
    }
}
