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

use super::payments::Step;
use super::{Access, Done, State};

/// The ports of a store whose records are got at in this way.
pub(crate) struct StoreOf<A>(pub(crate) A);

/// Methods of a port that make one call with owned arguments. `read` gives what the
/// records say, `write` what became of it, `try_write` may be refused.
macro_rules! calls {
    ($port:ident { $($kind:ident $call:ident($($arg:ident: $of:ty = $owned:expr),*) -> $out:ty
        = |$state:ident, $now:ident| $body:expr;)* }
     $($more:item)*) => {
        #[allow(clippy::redundant_locals, reason = "what is copied stays as it is")]
        #[async_trait]
        impl<A: Access> $port for StoreOf<A> {
            $(async fn $call(&self, $($arg: $of),*) -> Result<$out, StoreError> {
                $(let $arg = $owned;)*
                calls!(@$kind self, $call, $state, $now, $body)
            })*
            $($more)*
        }
    };
    (@read $self:ident, $call:ident, $state:ident, $now:ident, $body:expr) => {
        $self.0.read(stringify!($call), move |$state| $body).await
    };
    (@write $self:ident, $call:ident, $state:ident, $now:ident, $body:expr) => {
        $self.0.write(stringify!($call), move |$state, $now| Ok($body)).await
    };
    (@try_write $self:ident, $call:ident, $state:ident, $now:ident, $body:expr) => {
        $self.0.write(stringify!($call), move |$state, $now| $body).await
    };
}

calls! {
Showtimes {
    try_write insert_showtime(
        showtime: &Showtime = showtime.clone(), map: &SeatMap = map.clone()
    ) -> () = |state, _now| state.insert_showtime(&showtime, &map);
    read load(id: ShowtimeId = id) -> Option<StoredShowtime> = |state, _now| state.load(id);
    read version(id: ShowtimeId = id) -> Option<Version> = |state, _now| state.version(id);
    read summary(id: ShowtimeId = id) -> Option<ShowtimeSummary> = |state, _now| state.summary(id);
    read seats_now(id: ShowtimeId = id, labels: &[SeatLabel] = labels.to_vec())
        -> Option<SeatsNow> = |state, _now| state.seats_now(id, &labels);
    write commit(commit: &Commit = commit.clone()) -> CommitOutcome
        = |state, now| state.commit(&commit, now);
    read list_showtimes(filter: &ShowtimeFilter = filter.clone()) -> Page<ShowtimeSummary>
        = |state, _now| state.list_showtimes(&filter);
    read expiring_showtimes(before: Timestamp = before, limit: u32 = limit) -> Vec<ShowtimeId>
        = |state, _now| state.expiring_showtimes(before, limit);
    read cancelled_with_sales(after: Option<ShowtimeId> = after, limit: u32 = limit)
        -> Vec<ShowtimeId> = |state, _now| state.cancelled_with_sales(after, limit);
    read showtime_ids(after: Option<ShowtimeId> = after, limit: u32 = limit) -> Vec<ShowtimeId>
        = |state, _now| state.showtime_ids(after, limit);
}
}

calls! {
Bookings {
    read find_claims(keys: &[ClaimKey] = keys.to_vec()) -> Vec<Claim>
        = |state, _now| state.find_claims(&keys);
    write insert_claim(claim: &Claim = claim.clone()) -> Option<Claim>
        = |state, _now| state.insert_claim(&claim);
    write end_claim(claim: &Claim = claim.clone(), end: &ClaimEnd = end.clone()) -> ()
        = |state, _now| state.end_claim(&claim, &end);
    write purge_claims(now: Timestamp = now) -> u64 = |state, _now| state.purge_claims(now);
    read booking(id: BookingId = id) -> Option<Booking> = |state, _now| state.booking(id);
    read bookings(ids: &[BookingId] = ids.to_vec()) -> Vec<Booking>
        = |state, _now| state.bookings(&ids);
    read list_bookings(filter: &BookingFilter = filter.clone()) -> Page<Booking>
        = |state, _now| state.list_bookings(&filter);
    read pending_bookings(filter: &PendingFilter = filter.clone(), limit: u32 = limit)
        -> Vec<Booking> = |state, _now| state.pending_bookings(&filter, limit);
    write settle_bookings(settlements: &[Settlement] = settlements.to_vec()) -> u64
        = |state, _now| state.settle_bookings(&settlements);
    write confirm_booking(
        id: BookingId = id, paid_by: Option<PaymentId> = paid_by, at: Timestamp = at
    ) -> Option<Booking> = |state, _now| state.confirm_booking(id, paid_by, at);
    write extend_bookings(extensions: &[Extension] = extensions.to_vec()) -> u64
        = |state, _now| state.extend_bookings(&extensions);
    write mark_refund(id: BookingId = id, refund: &BookingRefund = *refund) -> Option<Booking>
        = |state, _now| state.mark_refund(id, &refund);
    write cancel_refunded(id: BookingId = id, at: Timestamp = at) -> Option<Booking>
        = |state, _now| state.cancel_refunded(id, at);
    write note_refunded(id: BookingId = id, at: Timestamp = at) -> ()
        = |state, _now| state.note_refunded(id, at);
    read refunding_bookings(after: Option<BookingId> = after, limit: u32 = limit) -> Vec<Booking>
        = |state, _now| state.refunding_bookings(after, limit);
    read refunds_of(showtime: ShowtimeId = showtime) -> Refunds
        = |state, _now| state.refunds_of(showtime);
    read bookings_after(after: Option<BookingId> = after, limit: u32 = limit) -> Vec<Booking>
        = |state, _now| state.bookings_after(after, limit);
}
    async fn prepare(&self, preparation: &Preparation) -> Done<Vec<Prepared>> {
        let whole = Arc::new(preparation.clone());
        if self.0.is_torn() {
            return self.prepare_in_parts(whole).await;
        }
        self.0.write("prepare", move |state, _| Ok(state.prepare(&whole))).await
    }

    async fn unprepare(
        &self,
        holds: &[(Claim, BookingId)],
        cancels: &[(BookingId, Timestamp)],
    ) -> Done<()> {
        let (holds, cancels) = (holds.to_vec(), cancels.to_vec());
        if self.0.is_torn() {
            return self.unprepare_in_parts(holds, cancels).await;
        }
        let undo = move |state: &mut State, _| {
            state.unprepare(&holds, &cancels);
            Ok(())
        };
        self.0.write("unprepare", undo).await
    }

    async fn take_over(&self, old: &Claim, new: &Claim, row: Option<&Booking>) -> Done<bool> {
        let (old, new, row) = (old.clone(), new.clone(), row.cloned());
        if self.0.is_torn() {
            return self.take_over_in_parts(old, new, row).await;
        }
        let take = move |state: &mut State, _| Ok(state.take_over(&old, &new, row.as_ref()));
        self.0.write("take_over", take).await
    }
}

calls! {
Payments {
    try_write insert_payment(payment: &Payment = payment.clone()) -> Inserted
        = |state, _now| state.insert_payment(&payment);
    read payment(id: PaymentId = id) -> Option<Payment> = |state, _now| state.payment(id);
    read pending_payment(booking: BookingId = booking) -> Option<Payment>
        = |state, _now| state.pending_payment(booking);
    read payments_of(booking: BookingId = booking, limit: u32 = limit) -> Vec<Payment>
        = |state, _now| state.payments_of(booking, limit);
    read payment_of_transaction(
        provider: PaymentMethod = provider, transaction_id: &str = transaction_id.to_owned()
    ) -> Option<Payment> = |state, _now| state.payment_of_transaction(provider, &transaction_id);
    write open_session(
        id: PaymentId = id,
        transaction_id: Option<&str> = transaction_id.map(str::to_owned),
        payment_url: &str = payment_url.to_owned(),
        expires_at: Timestamp = expires_at,
        at: Timestamp = at
    ) -> bool = |state, _now| {
        state.open_session(id, transaction_id.clone(), payment_url.clone(), expires_at, at)
    };
    write move_payment(step: &PaymentMove<'_> = Step::from(step)) -> bool
        = |state, now| state.move_payment(&step, now);
    read payments_with_status(
        status: PaymentStatus = status, after: Option<PaymentId> = after, limit: u32 = limit
    ) -> Vec<Payment> = |state, _now| state.payments_with_status(status, after, limit);
    read payments_to_check(at: Timestamp = at, limit: u32 = limit) -> Vec<Payment>
        = |state, _now| state.payments_to_check(at, limit);
    write count_check(
        id: PaymentId = id, seen: Option<Timestamp> = seen, next: Option<Timestamp> = next
    ) -> bool = |state, _now| state.count_check(id, seen, next);
    write lease_payment(id: PaymentId = id, now: Timestamp = now, until: Timestamp = until) -> bool
        = |state, _now| state.lease_payment(id, now, until);
    write receive_event(event: &ReceivedEvent = event.clone()) -> ReceivedEvent
        = |state, _now| state.receive_event(&event);
    write forget_event(event: &GatewayEvent = event.clone()) -> ()
        = |state, _now| state.forget_event(&event);
    read event(key: &EventKey = key.clone()) -> Option<ReceivedEvent>
        = |state, _now| state.event(&key);
    write postpone_event(key: &EventKey = key.clone(), next_try: Timestamp = next_try) -> ()
        = |state, _now| state.postpone_event(&key, next_try);
    write finish_event(key: &EventKey = key.clone()) -> ()
        = |state, _now| state.finish_event(&key);
    read events_after(
        after: Option<&EventKey> = after.cloned(), unfinished: bool = unfinished, limit: u32 = limit
    ) -> Vec<ReceivedEvent> = |state, _now| state.events_after(after.as_ref(), unfinished, limit);
    read payments_after(after: Option<PaymentId> = after, limit: u32 = limit) -> Vec<Payment>
        = |state, _now| state.payments_after(after, limit);
}
}

calls! {
Outboxes {
    read untold_bookings(at: Timestamp = at, limit: u32 = limit) -> Vec<Booking>
        = |state, _now| state.untold_bookings(at, limit);
    write lease_outbox(id: BookingId = id, seen: u32 = seen, until: Timestamp = until) -> bool
        = |state, _now| state.lease_outbox(id, seen, until);
    write write_outbox(
        seen: &Booking = seen.clone(), outbox: &Outbox = outbox.clone(), unchanged: bool = unchanged
    ) -> bool = |state, _now| state.write_outbox(&seen, &outbox, unchanged);
    read dead_letters(after: Option<BookingId> = after, limit: u32 = limit) -> Vec<Booking>
        = |state, _now| state.dead_letters(after, limit);
}
}

calls! {
Store {
    read ping() -> () = |_state, _now| ();
}
}
