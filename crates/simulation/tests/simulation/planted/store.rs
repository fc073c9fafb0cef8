use std::sync::Arc;

use async_trait::async_trait;
use seathold_core::{BookingId, PaymentId, SeatLabel, SeatMap, ShowtimeId, Timestamp};
use seathold_service::model::{
    Booking, BookingRefund, Claim, ClaimKey, Extension, GatewayEvent, Outbox, Payment,
    PaymentMethod, PaymentStatus, ReceivedEvent, Settlement, Showtime, ShowtimeSummary,
    StoredShowtime, Version,
};
use seathold_service::ports::{
    BookingFilter, Bookings, ClaimEnd, Commit, CommitOutcome, EventKey, Inserted, Outboxes, Page,
    PaymentMove, Payments, PendingFilter, Preparation, Prepared, Refunds, SeatsNow, ShowtimeFilter,
    Showtimes, Store, StoreError,
};

/// A promise of the store that is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bug {
    /// A commit is made whatever the version is.
    NoVersionCheck,
    /// A commit is acknowledged before it is made, if it is.
    AcknowledgedBefore,
    /// A commit that is not answered counts as not made.
    LostIsFailed,
    /// Whoever has a key is presumed to be dead.
    NoLeaseOnKeys,
    /// Everybody may decide about a payment at once, for as long as it takes.
    NoLeaseOnPayments,
    /// A commit is made however early or late it comes.
    NoWindow,
    /// Rows are not marked before their seats are taken.
    NoMark,
}

/// A store with a bug.
pub(super) struct Buggy {
    pub(super) inner: Arc<dyn Store>,
    pub(super) bug: Bug,
}

/// Long after all simulations.
const NEVER: Timestamp = Timestamp::from_millis(i64::MAX);

impl Buggy {
    async fn commit_with_bug(&self, commit: &Commit) -> Result<CommitOutcome, StoreError> {
        match self.bug {
            Bug::NoVersionCheck => {
                let now = self.inner.version(commit.showtime).await?;
                let commit = Commit { at: now.unwrap_or(commit.at), ..commit.clone() };
                self.inner.commit(&commit).await
            }
            Bug::AcknowledgedBefore => {
                let (store, commit) = (self.inner.clone(), commit.clone());
                tokio::spawn(async move { store.commit(&commit).await });
                Ok(CommitOutcome::Applied)
            }
            Bug::LostIsFailed => match self.inner.commit(commit).await {
                Err(StoreError::Unknown(why)) => Err(StoreError::Unavailable(why)),
                outcome => outcome,
            },
            Bug::NoWindow => {
                let always = Commit { not_before: None, deadline: NEVER, ..commit.clone() };
                self.inner.commit(&always).await
            }
            _ => self.inner.commit(commit).await,
        }
    }

    /// A claim as this store shows it.
    fn shown(&self, claim: Claim) -> Claim {
        match self.bug {
            Bug::NoLeaseOnKeys => Claim { lease_until: Timestamp::from_millis(0), ..claim },
            _ => claim,
        }
    }

    async fn prepare_with_bug(
        &self,
        preparation: &Preparation,
    ) -> Result<Vec<Prepared>, StoreError> {
        let mut preparation = preparation.clone();
        if self.bug == Bug::NoMark {
            preparation.displaced.clear();
        }
        let prepared = self.inner.prepare(&preparation).await?;
        let shown = |prepared| match prepared {
            Prepared::Duplicate(claim) => Prepared::Duplicate(Box::new(self.shown(*claim))),
            Prepared::Opened => Prepared::Opened,
        };
        Ok(prepared.into_iter().map(shown).collect())
    }

    async fn lease_with_bug(
        &self,
        id: PaymentId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let leased = self.inner.lease_payment(id, now, until).await?;
        Ok(leased || self.bug == Bug::NoLeaseOnPayments)
    }

    async fn move_with_bug(&self, step: &PaymentMove<'_>) -> Result<bool, StoreError> {
        let mut step = step.clone();
        if self.bug == Bug::NoLeaseOnPayments {
            step.deadline = None;
        }
        self.inner.move_payment(&step).await
    }

    async fn find_with_bug(&self, keys: &[ClaimKey]) -> Result<Vec<Claim>, StoreError> {
        let found = self.inner.find_claims(keys).await?;
        Ok(found.into_iter().map(|claim| self.shown(claim)).collect())
    }

    async fn insert_with_bug(&self, claim: &Claim) -> Result<Option<Claim>, StoreError> {
        Ok(self.inner.insert_claim(claim).await?.map(|claim| self.shown(claim)))
    }
}

/// Methods of a port: passed on, but for those that have another in brackets.
macro_rules! passes {
    ($port:ident { $($call:ident$([$bug:ident])?($($arg:ident: $of:ty),*) -> $out:ty;)* }) => {
        #[async_trait]
        impl $port for Buggy {
            $(async fn $call(&self, $($arg: $of),*) -> Result<$out, StoreError> {
                passes!(@ self, $call, $($bug,)? ($($arg),*))
            })*
        }
    };
    (@ $self:ident, $call:ident, ($($arg:ident),*)) => { $self.inner.$call($($arg),*).await };
    (@ $self:ident, $call:ident, $bug:ident, ($($arg:ident),*)) => { $self.$bug($($arg),*).await };
}

passes! { Showtimes {
    insert_showtime(showtime: &Showtime, map: &SeatMap) -> ();
    load(id: ShowtimeId) -> Option<StoredShowtime>;
    version(id: ShowtimeId) -> Option<Version>;
    summary(id: ShowtimeId) -> Option<ShowtimeSummary>;
    seats_now(id: ShowtimeId, labels: &[SeatLabel]) -> Option<SeatsNow>;
    commit[commit_with_bug](commit: &Commit) -> CommitOutcome;
    list_showtimes(filter: &ShowtimeFilter) -> Page<ShowtimeSummary>;
    expiring_showtimes(before: Timestamp, limit: u32) -> Vec<ShowtimeId>;
    cancelled_with_sales(after: Option<ShowtimeId>, limit: u32) -> Vec<ShowtimeId>;
    showtime_ids(after: Option<ShowtimeId>, limit: u32) -> Vec<ShowtimeId>;
} }

passes! { Bookings {
    prepare[prepare_with_bug](preparation: &Preparation) -> Vec<Prepared>;
    unprepare(holds: &[(Claim, BookingId)], cancels: &[(BookingId, Timestamp)]) -> ();
    find_claims[find_with_bug](keys: &[ClaimKey]) -> Vec<Claim>;
    insert_claim[insert_with_bug](claim: &Claim) -> Option<Claim>;
    take_over(old: &Claim, new: &Claim, row: Option<&Booking>) -> bool;
    end_claim(claim: &Claim, end: &ClaimEnd) -> ();
    purge_claims(now: Timestamp) -> u64;
    booking(id: BookingId) -> Option<Booking>;
    bookings(ids: &[BookingId]) -> Vec<Booking>;
    list_bookings(filter: &BookingFilter) -> Page<Booking>;
    pending_bookings(filter: &PendingFilter, limit: u32) -> Vec<Booking>;
    settle_bookings(settlements: &[Settlement]) -> u64;
    confirm_booking(id: BookingId, paid_by: Option<PaymentId>, at: Timestamp) -> Option<Booking>;
    extend_bookings(extensions: &[Extension]) -> u64;
    mark_refund(id: BookingId, refund: &BookingRefund) -> Option<Booking>;
    cancel_refunded(id: BookingId, at: Timestamp) -> Option<Booking>;
    note_refunded(id: BookingId, at: Timestamp) -> ();
    refunding_bookings(after: Option<BookingId>, limit: u32) -> Vec<Booking>;
    refunds_of(showtime: ShowtimeId) -> Refunds;
    bookings_after(after: Option<BookingId>, limit: u32) -> Vec<Booking>;
} }

passes! { Payments {
    insert_payment(payment: &Payment) -> Inserted;
    payment(id: PaymentId) -> Option<Payment>;
    pending_payment(booking: BookingId) -> Option<Payment>;
    payments_of(booking: BookingId, limit: u32) -> Vec<Payment>;
    payment_of_transaction(provider: PaymentMethod, transaction_id: &str) -> Option<Payment>;
    open_session(
        id: PaymentId,
        transaction_id: Option<&str>,
        payment_url: &str,
        expires_at: Timestamp,
        at: Timestamp
    ) -> bool;
    move_payment[move_with_bug](step: &PaymentMove<'_>) -> bool;
    payments_with_status(
        status: PaymentStatus,
        after: Option<PaymentId>,
        limit: u32
    ) -> Vec<Payment>;
    payments_to_check(at: Timestamp, limit: u32) -> Vec<Payment>;
    count_check(id: PaymentId, seen: Option<Timestamp>, next: Option<Timestamp>) -> bool;
    lease_payment[lease_with_bug](id: PaymentId, now: Timestamp, until: Timestamp) -> bool;
    receive_event(event: &ReceivedEvent) -> ReceivedEvent;
    forget_event(event: &GatewayEvent) -> ();
    event(key: &EventKey) -> Option<ReceivedEvent>;
    postpone_event(key: &EventKey, next_try: Timestamp) -> ();
    finish_event(key: &EventKey) -> ();
    events_after(after: Option<&EventKey>, unfinished: bool, limit: u32) -> Vec<ReceivedEvent>;
    payments_after(after: Option<PaymentId>, limit: u32) -> Vec<Payment>;
} }

passes! { Outboxes {
    untold_bookings(at: Timestamp, limit: u32) -> Vec<Booking>;
    lease_outbox(id: BookingId, seen: u32, until: Timestamp) -> bool;
    write_outbox(seen: &Booking, outbox: &Outbox, unchanged: bool) -> bool;
    dead_letters(after: Option<BookingId>, limit: u32) -> Vec<Booking>;
} }

#[async_trait]
impl Store for Buggy {
    async fn ping(&self) -> Result<(), StoreError> {
        self.inner.ping().await
    }
}
