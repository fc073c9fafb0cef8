use async_trait::async_trait;
use seathold_core::{BookingId, PaymentId, SeatLabel, SeatState, ShowtimeId, Timestamp, UserId};

use crate::model::{
    Answer, Booking, BookingStatus, Claim, ClaimKey, GatewayEvent, Outcome, Payment, PaymentMethod,
    PaymentStatus, ReceivedEvent, Settlement, Showtime, ShowtimeSummary, StoredShowtime,
};
use seathold_core::SeatMap;

/// Why a store did not do what it was asked to.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// It could not be reached, or refused: nothing was written.
    #[error("store unavailable: {0}")]
    Unavailable(String),
    /// It was asked, and its answer was lost: the write may have happened, may
    /// not have, and may yet happen until the write's own deadline.
    #[error("store outcome unknown: {0}")]
    Unknown(String),
}

/// One page of a longer list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// Entries to pass over.
    pub skip: u64,
    /// Entries to give at the most.
    pub limit: u32,
}

/// The entries of one page, and how many there are in all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The entries.
    pub data: Vec<T>,
    /// How many entries all pages have together.
    pub total: u64,
}

/// By what a list of showtimes is sorted; ties go by id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShowtimeSort {
    /// By the start.
    StartTime,
    /// By the standard price.
    Price,
    /// By the title, as bytes.
    Title,
}

/// Which showtimes to list, and in which order.
#[derive(Clone, Debug)]
pub struct ShowtimeFilter {
    /// Part of the title, whatever its case.
    pub search: Option<String>,
    /// This movie only.
    pub movie_id: Option<String>,
    /// Starting at this moment or later.
    pub from: Option<Timestamp>,
    /// Starting at this moment or earlier.
    pub to: Option<Timestamp>,
    /// The order.
    pub sort: ShowtimeSort,
    /// The other way round, ties too.
    pub descending: bool,
    /// Which page.
    pub page: PageRequest,
}

/// One versioned update of a seat map: the commit point of everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Of which showtime.
    pub showtime: ShowtimeId,
    /// The version it was decided on; any other is a conflict.
    pub at_version: u64,
    /// The new states, each seat once.
    pub seats: Vec<(SeatLabel, SeatState)>,
    /// The counter to store: seats available after this commit.
    pub available: u32,
    /// The end of the hold that ends first after this commit, to store.
    pub next_expiry: Option<Timestamp>,
    /// When the showtime becomes cancelled, if this does it.
    pub cancelled_at: Option<Timestamp>,
    /// Whether it is refused as a conflict on a cancelled showtime: it holds
    /// seats anew.
    pub only_scheduled: bool,
    /// By the store's clock, not before this moment.
    pub not_before: Option<Timestamp>,
    /// By the store's clock, only before this moment: a delayed write does nothing.
    pub deadline: Timestamp,
}

/// What became of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitOutcome {
    /// It is durable; the version is one higher.
    Applied,
    /// Nothing was changed: another version, outside the window, or no such
    /// showtime or seat. Read again.
    Conflict,
}

/// Some seats as they are now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatsNow {
    /// Their states, one for each label asked for, in that order; a label that
    /// is not on the map reads as available.
    pub states: Vec<SeatState>,
    /// When the showtime was cancelled, if it was.
    pub cancelled_at: Option<Timestamp>,
}

/// Showtimes and their seat maps.
#[async_trait]
pub trait Showtimes: Send + Sync {
    /// Adds a showtime.
    async fn insert_showtime(&self, showtime: &Showtime, map: &SeatMap) -> Result<(), StoreError>;

    /// Everything about a showtime, as settled by the majority.
    async fn load(&self, id: ShowtimeId) -> Result<Option<StoredShowtime>, StoreError>;

    /// The version alone.
    async fn version(&self, id: ShowtimeId) -> Result<Option<u64>, StoreError>;

    /// The showtime without its seats.
    async fn summary(&self, id: ShowtimeId) -> Result<Option<ShowtimeSummary>, StoreError>;

    /// Some of its seats.
    async fn seats_now(
        &self,
        id: ShowtimeId,
        labels: &[SeatLabel],
    ) -> Result<Option<SeatsNow>, StoreError>;

    /// Makes one versioned update. Durable when it returns.
    async fn commit(&self, commit: &Commit) -> Result<CommitOutcome, StoreError>;

    /// A page of showtimes.
    async fn list_showtimes(
        &self,
        filter: &ShowtimeFilter,
    ) -> Result<Page<ShowtimeSummary>, StoreError>;

    /// Showtimes whose stored `next_expiry` is at or before `before`, the
    /// earliest first.
    async fn expiring_showtimes(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<ShowtimeId>, StoreError>;

    /// The ids after `after`, in order of ids, for `verify`.
    async fn showtime_ids(
        &self,
        after: Option<ShowtimeId>,
        limit: u32,
    ) -> Result<Vec<ShowtimeId>, StoreError>;
}

/// What has to be durable before a batch's commit.
#[derive(Clone, Debug, Default)]
pub struct Preparation {
    /// New holds: the claim and the row, with their final content.
    pub holds: Vec<(Claim, Booking)>,
    /// Pending bookings whose seats are about to be given back, and when: sets
    /// `cancelled_at` on rows that are still pending and have none.
    pub cancels: Vec<(BookingId, Timestamp)>,
    /// Bookings whose seats are about to be taken away: sets `was_held`.
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

/// Bookings, and the idempotency keys beside them.
#[async_trait]
pub trait Bookings: Send + Sync {
    /// Writes what has to be durable before a batch's commit; tells for each
    /// new hold, in order, what became of it.
    async fn prepare(&self, preparation: &Preparation) -> Result<Vec<Prepared>, StoreError>;

    /// Takes back what [`Bookings::prepare`] wrote for commands that were
    /// refused after all: claims whose owner is still the same, with their
    /// rows, and the cancel marks that are still the very ones that were set,
    /// on rows that are still pending.
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

    /// Writes down that a pending or expired booking is sold, and by which
    /// payment, unless a payment is named there already. Gives the row as it
    /// stands then.
    async fn confirm_booking(
        &self,
        id: BookingId,
        paid_by: Option<PaymentId>,
        at: Timestamp,
    ) -> Result<Option<Booking>, StoreError>;

    /// Rows after this id, in order of ids, for `verify`.
    async fn bookings_after(
        &self,
        after: Option<BookingId>,
        limit: u32,
    ) -> Result<Vec<Booking>, StoreError>;
}

/// What became of a new payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// It is there.
    Yes,
    /// The booking has a pending payment already: this one.
    Pending(Box<Payment>),
}

/// A conditional step in a payment's life.
#[derive(Clone, Debug)]
pub struct PaymentMove<'a> {
    /// Which payment.
    pub id: PaymentId,
    /// Only from one of these.
    pub from: &'a [PaymentStatus],
    /// To this.
    pub to: PaymentStatus,
    /// When the money was taken, to store.
    pub paid_at: Option<Timestamp>,
    /// The gateway's reference, to store if none is there.
    pub transaction_id: Option<&'a str>,
    /// When the row changes.
    pub at: Timestamp,
    /// By the store's clock, only before this moment: a driver that lost its
    /// lease on the event does nothing.
    pub deadline: Option<Timestamp>,
}

/// What makes a row of the inbox unique.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventKey {
    /// The provider.
    pub provider: PaymentMethod,
    /// Its reference.
    pub transaction_id: String,
    /// Paid or not.
    pub outcome: Outcome,
}

impl From<&GatewayEvent> for EventKey {
    fn from(event: &GatewayEvent) -> Self {
        Self {
            provider: event.provider,
            transaction_id: event.transaction_id.clone(),
            outcome: event.outcome,
        }
    }
}

/// Payments, and the inbox of what gateways say.
#[async_trait]
pub trait Payments: Send + Sync {
    /// Adds a payment, unless its booking has a pending one. One whose id is
    /// there already is left as it is.
    async fn insert_payment(&self, payment: &Payment) -> Result<Inserted, StoreError>;

    /// One payment.
    async fn payment(&self, id: PaymentId) -> Result<Option<Payment>, StoreError>;

    /// The payment with this reference at this provider.
    async fn payment_of_transaction(
        &self,
        provider: PaymentMethod,
        transaction_id: &str,
    ) -> Result<Option<Payment>, StoreError>;

    /// Stores the gateway's reference and URL. `false`: another payment of this
    /// provider has that reference, or there is no such payment.
    async fn open_session(
        &self,
        id: PaymentId,
        transaction_id: &str,
        payment_url: &str,
        at: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Makes a conditional step. `false`, and nothing is changed: the payment
    /// was not in a state it may start from, it is too late, or another payment
    /// has the reference or is the pending one of the booking.
    async fn move_payment(&self, step: &PaymentMove<'_>) -> Result<bool, StoreError>;

    /// Payments with this stored status, in order of ids.
    async fn payments_with_status(
        &self,
        status: PaymentStatus,
        limit: u32,
    ) -> Result<Vec<Payment>, StoreError>;

    /// Keeps an event, unless it is there; gives the row as it stands then.
    async fn receive_event(&self, event: &ReceivedEvent) -> Result<ReceivedEvent, StoreError>;

    /// One event.
    async fn event(&self, key: &EventKey) -> Result<Option<ReceivedEvent>, StoreError>;

    /// Makes the caller the only one to act on an event until `until`: `true`
    /// if it is there, not done, and nobody else's lease on it reaches beyond
    /// `now`.
    async fn lease_event(
        &self,
        key: &EventKey,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Notes that everything that follows from an event is done.
    async fn finish_event(&self, key: &EventKey) -> Result<(), StoreError>;

    /// Events after this key, in an order of keys that is always the same; with
    /// `unfinished`, only those that are not done.
    async fn events_after(
        &self,
        after: Option<&EventKey>,
        unfinished: bool,
        limit: u32,
    ) -> Result<Vec<ReceivedEvent>, StoreError>;

    /// Payments after this id, in order of ids, for `verify`.
    async fn payments_after(
        &self,
        after: Option<PaymentId>,
        limit: u32,
    ) -> Result<Vec<Payment>, StoreError>;
}

/// Everything that is kept.
#[async_trait]
pub trait Store: Showtimes + Bookings + Payments {
    /// What `/health` says of the store.
    async fn ping(&self) -> Result<(), StoreError>;
}
