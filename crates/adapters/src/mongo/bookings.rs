use async_trait::async_trait;
use seathold_core::{BookingId, PaymentId, ShowtimeId, Timestamp};
use seathold_service::model::{Booking, BookingRefund, Claim, ClaimKey, Extension, Settlement};
use seathold_service::ports::{
    BookingFilter, Bookings, ClaimEnd, Page, PendingFilter, Preparation, Prepared, Refunds,
    StoreError,
};

use super::clock::Arbiter;
use super::collections::{Collections, one, some};
use super::{MongoStore, claims, in_time, prepare, rows};

#[async_trait]
impl Bookings for MongoStore {
    async fn prepare(&self, preparation: &Preparation) -> Result<Vec<Prepared>, StoreError> {
        let prepared = prepare::prepare(&self.collections, preparation);
        in_time(prepared).await.unwrap_or_else(|why| Err(StoreError::Unknown(why)))
    }

    async fn unprepare(
        &self,
        holds: &[(Claim, BookingId)],
        cancels: &[(BookingId, Timestamp)],
    ) -> Result<(), StoreError> {
        let (holds, cancels) = (holds.to_vec(), cancels.to_vec());
        self.write(|db| prepare::unprepare(db, holds, cancels)).await
    }

    async fn find_claims(&self, keys: &[ClaimKey]) -> Result<Vec<Claim>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let asked = self.collections.shared.keys.ask(keys.to_vec());
        self.settled(in_time(asked)).await
    }

    async fn insert_claim(&self, claim: &Claim) -> Result<Option<Claim>, StoreError> {
        let claim = claim.clone();
        self.write(|db| claims::insert(db, claim)).await
    }

    async fn take_over(
        &self,
        old: &Claim,
        new: &Claim,
        row: Option<&Booking>,
    ) -> Result<bool, StoreError> {
        let (old, new, row) = (old.clone(), new.clone(), row.cloned());
        self.write(|db| claims::take_over(db, old, new, row)).await
    }

    async fn end_claim(&self, claim: &Claim, end: &ClaimEnd) -> Result<(), StoreError> {
        let (claim, end) = (claim.clone(), end.clone());
        self.write(|db| claims::end(db, claim, end)).await
    }

    /// The server forgets by itself, within a minute; but by its own clock.
    async fn purge_claims(&self, now: Timestamp) -> Result<u64, StoreError> {
        match self.collections.arbiter {
            Arbiter::Server => Ok(0),
            Arbiter::Given(_) => self.write(move |db| claims::purge(db, now)).await,
        }
    }

    async fn booking(&self, id: BookingId) -> Result<Option<Booking>, StoreError> {
        let read = move |db: Collections| async move { one(&db.bookings, rows::by_id(id)).await };
        self.read(read).await
    }

    async fn bookings(&self, ids: &[BookingId]) -> Result<Vec<Booking>, StoreError> {
        let (filter, limit) = (rows::by_ids(ids), ids.len() as u32);
        self.read(|db| async move { some(db.bookings.find(filter), limit).await }).await
    }

    async fn list_bookings(&self, filter: &BookingFilter) -> Result<Page<Booking>, StoreError> {
        let filter = filter.clone();
        self.read(|db| rows::list(db, filter)).await
    }

    async fn pending_bookings(
        &self,
        filter: &PendingFilter,
        limit: u32,
    ) -> Result<Vec<Booking>, StoreError> {
        let filter = filter.clone();
        self.read(move |db| rows::pending(db, filter, limit)).await
    }

    async fn settle_bookings(&self, settlements: &[Settlement]) -> Result<u64, StoreError> {
        let settlements = settlements.to_vec();
        self.write(|db| rows::settle(db, settlements)).await
    }

    async fn confirm_booking(
        &self,
        id: BookingId,
        paid_by: Option<PaymentId>,
        at: Timestamp,
    ) -> Result<Option<Booking>, StoreError> {
        self.write(move |db| rows::confirm(db, id, paid_by, at)).await
    }

    async fn extend_bookings(&self, extensions: &[Extension]) -> Result<u64, StoreError> {
        let extensions = extensions.to_vec();
        self.write(|db| rows::extend(db, extensions)).await
    }

    async fn mark_refund(
        &self,
        id: BookingId,
        refund: &BookingRefund,
    ) -> Result<Option<Booking>, StoreError> {
        let refund = *refund;
        self.write(move |db| rows::mark_refund(db, id, refund)).await
    }

    async fn cancel_refunded(
        &self,
        id: BookingId,
        at: Timestamp,
    ) -> Result<Option<Booking>, StoreError> {
        self.write(move |db| rows::cancel_refunded(db, id, at)).await
    }

    async fn note_refunded(&self, id: BookingId, at: Timestamp) -> Result<(), StoreError> {
        self.write(move |db| rows::note_refunded(db, id, at)).await
    }

    async fn refunding_bookings(
        &self,
        after: Option<BookingId>,
        limit: u32,
    ) -> Result<Vec<Booking>, StoreError> {
        self.read(move |db| rows::refunding(db, after, limit)).await
    }

    async fn refunds_of(&self, showtime: ShowtimeId) -> Result<Refunds, StoreError> {
        self.read(move |db| rows::refunds_of(db, showtime)).await
    }

    async fn bookings_after(
        &self,
        after: Option<BookingId>,
        limit: u32,
    ) -> Result<Vec<Booking>, StoreError> {
        self.read(move |db| rows::after(db, after, limit)).await
    }
}
