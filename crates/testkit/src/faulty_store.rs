use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use futures_util::future::BoxFuture;
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

/// What goes wrong at one call of a [`FaultyStore`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The call is refused: nothing is written.
    Refused,
    /// The call is made, its answer is lost.
    AnswerLost,
    /// The process dies before the call: it and all that follow do nothing.
    DiesBefore,
    /// The process dies after the call: all that follow do nothing.
    DiesAfter,
    /// The call is made, its answer is lost, and so is the next call but one:
    /// what is read in between tells the truth, what follows from it fails.
    AnswerLostThenRefused,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Refused,
        Self::AnswerLost,
        Self::DiesBefore,
        Self::DiesAfter,
        Self::AnswerLostThenRefused,
    ];
}

/// A real store, one call of which goes wrong, or is kept waiting.
pub struct FaultyStore {
    inner: Arc<dyn Store>,
    fault: Option<Fault>,
    at_call: u64,
    calls: AtomicU64,
    meanwhile: Mutex<Option<BoxFuture<'static, ()>>>,
}

impl FaultyStore {
    /// The store of which call number `at_call`, counted from 0, goes wrong.
    #[must_use]
    pub fn new(inner: Arc<dyn Store>, fault: Fault, at_call: u64) -> Self {
        let (fault, calls, meanwhile) = (Some(fault), AtomicU64::new(0), Mutex::default());
        Self { inner, fault, at_call, calls, meanwhile }
    }

    /// The store of which call number `at_call` waits until all of `meanwhile`
    /// has happened.
    pub fn interrupted(
        inner: Arc<dyn Store>,
        at_call: u64,
        meanwhile: impl Future<Output = ()> + Send + 'static,
    ) -> Self {
        let meanwhile: BoxFuture<'static, ()> = Box::pin(meanwhile);
        let (calls, meanwhile) = (AtomicU64::new(0), Mutex::new(Some(meanwhile)));
        Self { inner, fault: None, at_call, calls, meanwhile }
    }

    /// Whether the call that goes wrong was reached.
    #[must_use]
    pub fn struck(&self) -> bool {
        self.calls.load(Ordering::SeqCst) > self.at_call
    }

    async fn call<T>(
        &self,
        real: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        let refused = || StoreError::Unavailable(format!("planted at call {call}"));
        let lost = || StoreError::Unknown(format!("planted at call {call}"));
        let is_it = call == self.at_call;
        let refuses = match self.fault {
            Some(Fault::Refused) => is_it,
            Some(Fault::DiesBefore) => call >= self.at_call,
            Some(Fault::DiesAfter) => call > self.at_call,
            Some(Fault::AnswerLostThenRefused) => call == self.at_call + 2,
            Some(Fault::AnswerLost) | None => false,
        };
        if refuses {
            return Err(refused());
        }
        if is_it {
            let meanwhile = self.meanwhile.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(meanwhile) = meanwhile {
                meanwhile.await;
            }
        }
        let answer = real.await;
        if is_it && self.fault.is_some() { Err(lost()) } else { answer }
    }
}

macro_rules! with_faults {
    ($port:ident { $($call:ident($($arg:ident: $of:ty),*) -> $out:ty;)* }) => {
        #[async_trait]
        impl $port for FaultyStore {
            $(async fn $call(&self, $($arg: $of),*) -> Result<$out, StoreError> {
                self.call(self.inner.$call($($arg),*)).await
            })*
        }
    };
}

with_faults! { Showtimes {
    insert_showtime(showtime: &Showtime, map: &SeatMap) -> ();
    load(id: ShowtimeId) -> Option<StoredShowtime>;
    version(id: ShowtimeId) -> Option<Version>;
    summary(id: ShowtimeId) -> Option<ShowtimeSummary>;
    seats_now(id: ShowtimeId, labels: &[SeatLabel]) -> Option<SeatsNow>;
    commit(commit: &Commit) -> CommitOutcome;
    list_showtimes(filter: &ShowtimeFilter) -> Page<ShowtimeSummary>;
    expiring_showtimes(before: Timestamp, limit: u32) -> Vec<ShowtimeId>;
    cancelled_with_sales(after: Option<ShowtimeId>, limit: u32) -> Vec<ShowtimeId>;
    showtime_ids(after: Option<ShowtimeId>, limit: u32) -> Vec<ShowtimeId>;
} }

with_faults! { Bookings {
    prepare(preparation: &Preparation) -> Vec<Prepared>;
    unprepare(holds: &[(Claim, BookingId)], cancels: &[(BookingId, Timestamp)]) -> ();
    find_claims(keys: &[ClaimKey]) -> Vec<Claim>;
    insert_claim(claim: &Claim) -> Option<Claim>;
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

with_faults! { Payments {
    insert_payment(payment: &Payment) -> Inserted;
    payment(id: PaymentId) -> Option<Payment>;
    pending_payment(booking: BookingId) -> Option<Payment>;
    payments_of(booking: BookingId, limit: u32) -> Vec<Payment>;
    payment_of_transaction(provider: PaymentMethod, transaction_id: &str) -> Option<Payment>;
    open_session(id: PaymentId, transaction_id: Option<&str>, payment_url: &str, expires_at: Timestamp, at: Timestamp) -> bool;
    move_payment(step: &PaymentMove<'_>) -> bool;
    payments_with_status(status: PaymentStatus, after: Option<PaymentId>, limit: u32) -> Vec<Payment>;
    payments_to_check(at: Timestamp, limit: u32) -> Vec<Payment>;
    count_check(id: PaymentId, seen: Option<Timestamp>, next: Option<Timestamp>) -> bool;
    lease_payment(id: PaymentId, now: Timestamp, until: Timestamp) -> bool;
    receive_event(event: &ReceivedEvent) -> ReceivedEvent;
    forget_event(event: &GatewayEvent) -> ();
    event(key: &EventKey) -> Option<ReceivedEvent>;
    postpone_event(key: &EventKey, next_try: Timestamp) -> ();
    finish_event(key: &EventKey) -> ();
    events_after(after: Option<&EventKey>, unfinished: bool, limit: u32) -> Vec<ReceivedEvent>;
    payments_after(after: Option<PaymentId>, limit: u32) -> Vec<Payment>;
} }

with_faults! { Outboxes {
    untold_bookings(at: Timestamp, limit: u32) -> Vec<Booking>;
    lease_outbox(id: BookingId, seen: u32, until: Timestamp) -> bool;
    write_outbox(seen: &Booking, outbox: &Outbox, unchanged: bool) -> bool;
    dead_letters(after: Option<BookingId>, limit: u32) -> Vec<Booking>;
} }

#[async_trait]
impl Store for FaultyStore {
    async fn ping(&self) -> Result<(), StoreError> {
        self.inner.ping().await
    }
}
