//! Each story is told once for every call it makes to the store and every way
//! in which that call can go wrong. Afterwards a new process mends what is left,
//! by nothing but repeats, crons and the passing of leases, and all is well.

use std::sync::Arc;

use seathold_core::{BookingId, PriceTable, SeatState};
use seathold_service::Service;
use seathold_service::limits::{CLAIM_LEASE_MS, PAYMENT_LEASE_MS, SWEEP_GRACE_MS};
use seathold_service::model::{BookingStatus, ClaimKey, GatewayEvent, Outcome, PaymentStatus};
use seathold_testkit::world::{SEAT_PRICE, booking_of, cancel, hold, pay, ten_seats, word};
use seathold_testkit::{Fault, FaultyStore};

use crate::support::Stage;

const TTL: i64 = 600_000;

pub(crate) trait Story {
    /// What is true before anything goes wrong.
    async fn begin(stage: &Stage) -> Self;
    /// What goes wrong.
    async fn attempt(&mut self, service: &Arc<Service>, stage: &Stage);
    /// What clients, gateways and crons do afterwards, and what must be true then.
    async fn mend(self, stage: &Stage);
}

/// More calls than any story makes.
const CALLS_MAX: u64 = 80;

pub(crate) async fn tell<S: Story>() {
    for fault in Fault::ALL {
        let mut struck = 0;
        for call in 0..CALLS_MAX {
            let mut stage = Stage::new().await;
            let mut story = S::begin(&stage).await;
            let store = Arc::new(FaultyStore::new(stage.world.store.clone(), fault, call));
            let doomed = stage.world.process(store.clone());
            story.attempt(&doomed, &stage).await;
            doomed.drain().await;
            if !store.struck() {
                break;
            }
            struck += 1;
            println!("{fault:?} at call {call}");
            stage.restart();
            stage.world.clock.advance(CLAIM_LEASE_MS.max(PAYMENT_LEASE_MS) + 1);
            // What is left is unfinished, not wrong.
            stage.audit().await;
            story.mend(&stage).await;
            stage.audit().await;
        }
        assert!((1..CALLS_MAX).contains(&struck), "{fault:?} struck {struck} times");
    }
}

struct Hold {
    key: ClaimKey,
    acknowledged: Option<BookingId>,
}

impl Story for Hold {
    async fn begin(stage: &Stage) -> Self {
        Self { key: stage.world.key("ann"), acknowledged: None }
    }

    async fn attempt(&mut self, service: &Arc<Service>, stage: &Stage) {
        let reply = service.hold(hold(stage.showtime, &["A1", "A2"], &self.key)).await;
        self.acknowledged = reply.ok().map(|reply| booking_of(&reply));
    }

    async fn mend(self, stage: &Stage) {
        let reply = stage.hold(&["A1", "A2"], &self.key).await.expect("the same key is served");
        let booking = booking_of(&reply);
        assert!(self.acknowledged.is_none_or(|first| first == booking), "one key, one booking");
        assert_eq!(stage.owners(&["A1", "A2"]).await, [Some(booking); 2]);
        assert_eq!(stage.booking(booking).await.status, BookingStatus::Pending);
        assert_eq!(stage.free_seats().await, 8);
        stage.world.clock.advance(TTL + SWEEP_GRACE_MS);
        stage.service.sweep().await.expect("a sweep");
        assert_eq!(stage.seats(&["A1", "A2"]).await, [SeatState::Available, SeatState::Available]);
        assert_eq!(stage.booking(booking).await.status, BookingStatus::Expired);
    }
}

#[tokio::test]
async fn a_hold_survives_any_single_fault() {
    tell::<Hold>().await;
}

/// Somebody takes seats over from a hold that has expired and was not swept.
struct TakeOver {
    first: ClaimKey,
    answer: Arc<[u8]>,
    second: ClaimKey,
}

impl Story for TakeOver {
    async fn begin(stage: &Stage) -> Self {
        let (first, second) = (stage.world.key("ann"), stage.world.key("bob"));
        let reply = stage.hold(&["A1", "A2"], &first).await.expect("a hold");
        stage.world.clock.advance(TTL);
        Self { first, answer: reply.answer.body, second }
    }

    async fn attempt(&mut self, service: &Arc<Service>, stage: &Stage) {
        let _ = service.hold(hold(stage.showtime, &["A1", "A2", "A3"], &self.second)).await;
    }

    async fn mend(self, stage: &Stage) {
        let reply = stage.hold(&["A1", "A2", "A3"], &self.second).await.expect("a hold");
        assert_eq!(stage.owners(&["A1", "A2", "A3"]).await, [Some(booking_of(&reply)); 3]);
        let replay = stage.hold(&["A1", "A2"], &self.first).await.expect("a replay");
        assert!(replay.replayed, "the first hold was acknowledged once");
        assert_eq!(replay.answer.body, self.answer);
        assert_eq!(stage.booking(booking_of(&replay)).await.status, BookingStatus::Expired);
    }
}

#[tokio::test]
async fn a_take_over_of_expired_seats_survives_any_single_fault() {
    tell::<TakeOver>().await;
}

struct Cancel {
    key: ClaimKey,
    booking: BookingId,
}

impl Story for Cancel {
    async fn begin(stage: &Stage) -> Self {
        let key = stage.world.key("ann");
        let reply = stage.hold(&["A1", "A2"], &key).await.expect("a hold");
        Self { key, booking: booking_of(&reply) }
    }

    async fn attempt(&mut self, service: &Arc<Service>, _: &Stage) {
        let _ = service.cancel(cancel(self.booking, "ann")).await;
    }

    async fn mend(self, stage: &Stage) {
        let repeat = || stage.service.cancel(cancel(self.booking, "ann"));
        let (first, second) = (repeat().await, repeat().await);
        assert_eq!(first.expect("cancelled").answer, second.expect("cancelled").answer);
        assert_eq!(stage.booking(self.booking).await.status, BookingStatus::Cancelled);
        assert_eq!(stage.free_seats().await, 10);
        let replay = stage.hold(&["A1", "A2"], &self.key).await.expect("a replay");
        assert!(replay.replayed, "the hold was acknowledged before");
    }
}

#[tokio::test]
async fn a_cancellation_survives_any_single_fault() {
    tell::<Cancel>().await;
}

struct Start {
    booking: BookingId,
    key: ClaimKey,
}

impl Story for Start {
    async fn begin(stage: &Stage) -> Self {
        let key = stage.world.key("ann");
        let reply = stage.hold(&["A1", "A2"], &key).await.expect("a hold");
        Self { booking: booking_of(&reply), key: stage.world.key("ann") }
    }

    async fn attempt(&mut self, service: &Arc<Service>, _: &Stage) {
        let _ = service.pay(pay(self.booking, &self.key)).await;
    }

    async fn mend(self, stage: &Stage) {
        let repeat = || stage.service.pay(pay(self.booking, &self.key));
        let (first, second) = (repeat().await, repeat().await);
        assert_eq!(first.expect("a session").answer, second.expect("a session").answer);
        assert_eq!(stage.world.gateway.opened().len(), 1, "one key, one payment");
    }
}

#[tokio::test]
async fn the_start_of_a_payment_survives_any_single_fault() {
    tell::<Start>().await;
}

/// A payment that succeeds: in time, late, or too late.
struct Paid<const WHEN: u8> {
    booking: BookingId,
    event: GatewayEvent,
}

const IN_TIME: u8 = 0;
const LATE_AND_FREE: u8 = 1;
const LATE_AND_TAKEN: u8 = 2;

impl<const WHEN: u8> Story for Paid<WHEN> {
    async fn begin(stage: &Stage) -> Self {
        let reply = stage.hold(&["A1", "A2"], &stage.world.key("ann")).await.expect("a hold");
        let booking = booking_of(&reply);
        let session = stage.service.pay(pay(booking, &stage.world.key("ann"))).await;
        let event = word(&session.expect("a session"), Outcome::Success, 2 * SEAT_PRICE);
        if WHEN != IN_TIME {
            stage.world.clock.advance(TTL + SWEEP_GRACE_MS);
            stage.service.sweep().await.expect("a sweep");
        }
        if WHEN == LATE_AND_TAKEN {
            stage.hold(&["A2"], &stage.world.key("bob")).await.expect("a hold");
        }
        Self { booking, event }
    }

    async fn attempt(&mut self, service: &Arc<Service>, _: &Stage) {
        let _ = service.receive(self.event.clone()).await;
    }

    async fn mend(self, stage: &Stage) {
        let _ = stage.service.receive(self.event.clone()).await.expect("taken");
        stage.service.settle_inbox().await.expect("an inbox");
        stage.service.settle_refunds().await.expect("refunds");
        let payment = self.event.payment_id.expect("ours");
        let payment = stage.world.store.payment(payment).await.expect("a store").expect("it");
        let refunds = stage.world.gateway.refunded();
        if WHEN == LATE_AND_TAKEN {
            assert_eq!(payment.status, PaymentStatus::Refunded);
            assert_eq!(refunds.len(), 1, "given back once");
            assert_eq!(refunds[0].amount, 2 * SEAT_PRICE);
            assert_eq!(stage.booking(self.booking).await.status, BookingStatus::Expired);
        } else {
            assert_eq!(payment.status, PaymentStatus::Completed);
            assert!(refunds.is_empty(), "sold, so not given back: {refunds:?}");
            assert_eq!(stage.booking(self.booking).await.status, BookingStatus::Confirmed);
            assert_eq!(stage.owners(&["A1", "A2"]).await, [Some(self.booking); 2]);
        }
    }
}

#[tokio::test]
async fn a_payment_in_time_survives_any_single_fault() {
    tell::<Paid<IN_TIME>>().await;
}

#[tokio::test]
async fn a_late_payment_for_free_seats_survives_any_single_fault() {
    tell::<Paid<LATE_AND_FREE>>().await;
}

#[tokio::test]
async fn a_late_payment_for_taken_seats_survives_any_single_fault() {
    tell::<Paid<LATE_AND_TAKEN>>().await;
}

/// The confirmation of a booking that costs nothing.
struct GiveAway {
    booking: BookingId,
    key: ClaimKey,
}

impl Story for GiveAway {
    async fn begin(stage: &Stage) -> Self {
        let mut free = ten_seats(stage.service.now());
        free.price = PriceTable::new(0, 0, 0).expect("prices");
        let made = stage.service.create_showtime(free).await.expect("a showtime");
        let request = hold(made.summary.showtime.id, &["A1"], &stage.world.key("ann"));
        let held = stage.service.hold(request).await.expect("a hold");
        Self { booking: booking_of(&held), key: stage.world.key("ann") }
    }

    async fn attempt(&mut self, service: &Arc<Service>, _: &Stage) {
        let _ = service.pay(pay(self.booking, &self.key)).await;
    }

    async fn mend(self, stage: &Stage) {
        let repeat = || stage.service.pay(pay(self.booking, &self.key));
        let (first, second) = (repeat().await, repeat().await);
        assert_eq!(first.expect("confirmed").answer, second.expect("confirmed").answer);
        assert_eq!(stage.booking(self.booking).await.status, BookingStatus::Confirmed);
    }
}

#[tokio::test]
async fn the_confirmation_of_a_free_booking_survives_any_single_fault() {
    tell::<GiveAway>().await;
}

/// A payment that arrives after a cancellation has died half-way.
struct PaidAfterHalfACancel {
    booking: BookingId,
    event: GatewayEvent,
}

impl Story for PaidAfterHalfACancel {
    async fn begin(stage: &Stage) -> Self {
        let reply = stage.hold(&["A1"], &stage.world.key("ann")).await.expect("a hold");
        let booking = booking_of(&reply);
        let session = stage.service.pay(pay(booking, &stage.world.key("ann"))).await;
        let event = word(&session.expect("a session"), Outcome::Success, SEAT_PRICE);
        // It dies after its mark, before its commit.
        let store = FaultyStore::new(stage.world.store.clone(), Fault::DiesAfter, 3);
        let doomed = stage.world.process(Arc::new(store));
        assert!(doomed.cancel(cancel(booking, "ann")).await.is_err());
        doomed.drain().await;
        assert_eq!(stage.owners(&["A1"]).await, [Some(booking)], "nothing was committed");
        stage.world.clock.advance(TTL);
        Self { booking, event }
    }

    async fn attempt(&mut self, service: &Arc<Service>, stage: &Stage) {
        let _ = service.receive(self.event.clone()).await;
        stage.booking(self.booking).await;
    }

    async fn mend(self, stage: &Stage) {
        stage.audit().await;
        let _ = stage.service.receive(self.event.clone()).await.expect("taken");
        stage.service.settle_inbox().await.expect("an inbox");
        stage.service.settle_refunds().await.expect("refunds");
        let sold = stage.booking(self.booking).await.status == BookingStatus::Confirmed;
        assert_eq!(stage.world.gateway.refunded().is_empty(), sold);
        assert_eq!(stage.owners(&["A1"]).await == [Some(self.booking)], sold);
    }
}

#[tokio::test]
async fn a_payment_after_half_a_cancellation_survives_any_single_fault() {
    tell::<PaidAfterHalfACancel>().await;
}

struct Sweep {
    booking: BookingId,
}

impl Story for Sweep {
    async fn begin(stage: &Stage) -> Self {
        let reply = stage.hold(&["A1", "A2"], &stage.world.key("ann")).await.expect("a hold");
        stage.world.clock.advance(TTL + SWEEP_GRACE_MS);
        Self { booking: booking_of(&reply) }
    }

    async fn attempt(&mut self, service: &Arc<Service>, _: &Stage) {
        let _ = service.sweep().await;
    }

    async fn mend(self, stage: &Stage) {
        stage.service.sweep().await.expect("a sweep");
        let row = stage.world.store.booking(self.booking).await.expect("a store").expect("a row");
        assert_eq!(row.status, BookingStatus::Expired);
        assert_eq!(stage.seats(&["A1", "A2"]).await, [SeatState::Available, SeatState::Available]);
    }
}

#[tokio::test]
async fn a_sweep_survives_any_single_fault() {
    tell::<Sweep>().await;
}

struct CancelShowtime {
    bookings: Vec<BookingId>,
}

impl Story for CancelShowtime {
    async fn begin(stage: &Stage) -> Self {
        let mut bookings = Vec::new();
        for (user, seat) in [("ann", "A1"), ("bob", "A2")] {
            let reply = stage.hold(&[seat], &stage.world.key(user)).await.expect("a hold");
            bookings.push(booking_of(&reply));
        }
        Self { bookings }
    }

    async fn attempt(&mut self, service: &Arc<Service>, stage: &Stage) {
        let _ = service.cancel_showtime(stage.showtime).await;
    }

    async fn mend(self, stage: &Stage) {
        stage.service.cancel_showtime(stage.showtime).await.expect("cancelled");
        for booking in self.bookings {
            assert_eq!(stage.booking(booking).await.status, BookingStatus::Cancelled);
        }
        assert_eq!(stage.seats(&["A1", "A2"]).await, [SeatState::Available, SeatState::Available]);
    }
}

#[tokio::test]
async fn the_cancellation_of_a_showtime_survives_any_single_fault() {
    tell::<CancelShowtime>().await;
}
