use async_trait::async_trait;
use seathold_core::{BookingId, PaymentId, ShowtimeId, Timestamp, UserId};

use super::{Page, PageRequest, StoreError};
use crate::model::{
    Answer, Booking, BookingRefund, BookingStatus, Claim, ClaimKey, Extension, Settlement,
};

/// What has to be durable before a batch's commit.
#[derive(Clone, Debug, Default)]
pub struct Preparation {
    /// New holds: the claim and the row, with their final content.
    pub holds: Vec<(Claim, Booking)>,
    /// Pending bookings whose seats are about to be given back, and when: sets
    /// `cancelled_at` on rows that are still pending and have none.
    pub cancels: Vec<(BookingId, Timestamp)>,
    /// Bookings whose seats are about to be taken away: sets `was_held`, on
    /// rows of `holds` too.
    pub displaced: Vec<BookingId>,
}

impl Preparation {
    /// Whether there is nothing to write.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.holds.is_empty() && self.cancels.is_empty() && self.displaced.is_empty()
    }
}

/// What became of one of the new holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Prepared {
    /// Claim and row are there.
    Opened,
    /// The key is in use: by this claim. No row was written.
    Duplicate(Box<Claim>),
}

/// How a request with a claim ends.
#[derive(Clone, Debug)]
pub enum ClaimEnd {
    /// With an answer to remember.
    Completed(Answer),
    /// Without one; a repeat takes it over at once.
    Failed,
    /// Refused: the key is free again.
    Discarded,
}

/// Which of a user's bookings to list, newest first.
#[derive(Clone, Debug)]
pub struct BookingFilter {
    /// Whose.
    pub user: UserId,
    /// With this stored status only.
    pub status: Option<BookingStatus>,
    /// Of this showtime only.
    pub showtime: Option<ShowtimeId>,
    /// Which page.
    pub page: PageRequest,
}

/// Which rows with stored status pending to give.
#[derive(Clone, Debug)]
pub enum PendingFilter {
    /// All of one user, in any order.
    OfUser(UserId),
    /// All whose stored `hold_expires_at` is at or before the moment, the
    /// earliest first.
    ExpiredAt(Timestamp),
}

/// How many bookings of a showtime are given back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Refunds {
    /// Whose money is on its way.
    pub pending: u64,
    /// Whose money is back.
    pub done: u64,
}

/// Bookings, and the idempotency keys beside them.
#[async_trait]
pub trait Bookings: Send + Sync {
    /// Writes what has to be durable before a batch's commit; tells for each
    /// new hold, in order, what became of it.
    async fn prepare(&self, preparation: &Preparation) -> Result<Vec<Prepared>, StoreError>;

    /// Takes back what [`Bookings::prepare`] wrote, or may have written, for
    /// commands that were refused after all: claims whose owner is still the
    /// same, the rows with the same lease that no claim on their key names then,
    /// and the cancel marks that are still the very ones that were set, on rows
    /// that are still pending. However late it arrives, nothing that was made
    /// since is touched.
    async fn unprepare(
        &self,
        holds: &[(Claim, BookingId)],
        cancels: &[(BookingId, Timestamp)],
    ) -> Result<(), StoreError>;

    /// Those of these claims that exist.
    async fn find_claims(&self, keys: &[ClaimKey]) -> Result<Vec<Claim>, StoreError>;

    /// Adds a claim, or gives the one that has the key.
    async fn insert_claim(&self, claim: &Claim) -> Result<Option<Claim>, StoreError>;

    /// Replaces `old` by `new` if its owner is still the same, and with it the
    /// row, made anew. `false`: somebody else was faster.
    async fn take_over(
        &self,
        old: &Claim,
        new: &Claim,
        row: Option<&Booking>,
    ) -> Result<bool, StoreError>;

    /// Ends a claim if its owner is still the same.
    async fn end_claim(&self, claim: &Claim, end: &ClaimEnd) -> Result<(), StoreError>;

    /// Forgets claims whose `expires_at` has passed; gives how many. A store
    /// that does so by itself does nothing here.
    async fn purge_claims(&self, now: Timestamp) -> Result<u64, StoreError>;

    /// One row.
    async fn booking(&self, id: BookingId) -> Result<Option<Booking>, StoreError>;

    /// Those of these rows that exist, in any order.
    async fn bookings(&self, ids: &[BookingId]) -> Result<Vec<Booking>, StoreError>;

    /// A page of a user's rows, newest first.
    async fn list_bookings(&self, filter: &BookingFilter) -> Result<Page<Booking>, StoreError>;

    /// Rows that may have to be settled.
    async fn pending_bookings(
        &self,
        filter: &PendingFilter,
        limit: u32,
    ) -> Result<Vec<Booking>, StoreError>;

    /// Writes down what rows have become; rows that are no longer pending, or
    /// were made anew since, are left alone. Gives how many were written.
    async fn settle_bookings(&self, settlements: &[Settlement]) -> Result<u64, StoreError>;

    /// Writes down how long holds last, on rows that are still pending, were not
    /// made anew since, and say that it ends earlier. Gives how many were written.
    async fn extend_bookings(&self, extensions: &[Extension]) -> Result<u64, StoreError>;

    /// Writes down that a booking is sold, whatever was written before (its
    /// seats have decided), and by which payment, unless a payment is named
    /// there already; a row with a refund is left as it is. Gives the row as it
    /// stands then.
    async fn confirm_booking(
        &self,
        id: BookingId,
        paid_by: Option<PaymentId>,
        at: Timestamp,
    ) -> Result<Option<Booking>, StoreError>;

    /// Writes down that a confirmed booking is given back, unless that stands
    /// there already. Gives the row as it stands then.
    async fn mark_refund(
        &self,
        id: BookingId,
        refund: &BookingRefund,
    ) -> Result<Option<Booking>, StoreError>;

    /// Writes down that the seats of a booking with a refund are free: it is
    /// cancelled. Gives the row as it stands then.
    async fn cancel_refunded(
        &self,
        id: BookingId,
        at: Timestamp,
    ) -> Result<Option<Booking>, StoreError>;

    /// Writes down that the money of a refund is back, if that is new.
    async fn note_refunded(&self, id: BookingId, at: Timestamp) -> Result<(), StoreError>;

    /// Confirmed rows with a refund, after this id, in order of ids.
    async fn refunding_bookings(
        &self,
        after: Option<BookingId>,
        limit: u32,
    ) -> Result<Vec<Booking>, StoreError>;

    /// How many rows of a showtime have a refund.
    async fn refunds_of(&self, showtime: ShowtimeId) -> Result<Refunds, StoreError>;

    /// Rows after this id, in order of ids, for `verify`.
    async fn bookings_after(
        &self,
        after: Option<BookingId>,
        limit: u32,
    ) -> Result<Vec<Booking>, StoreError>;
}
