//! The stories of `crash`, of extensions, refunds and second charges.

use std::sync::Arc;
use std::time::Duration;

use seathold_core::BookingId;
use seathold_service::Service;
use seathold_service::limits::{FIRST_CHECK_MS, REFUND_RETRY_MS};
use seathold_service::model::{
    BookingStatus, ClaimKey, GatewayEvent, Outcome, PaymentMethod, PaymentStatus,
};
use seathold_testkit::world::{SEAT_PRICE, booking_of, pay, refund, word};

use crate::crash::{Story, tell};
use crate::refunds::{payment_of, sold};
use crate::support::Stage;

const MINUTE: i64 = 60_000;

/// A booking that is paid when little of its hold is left.
struct Extended {
    booking: BookingId,
    key: ClaimKey,
}

impl Story for Extended {
    async fn begin(stage: &Stage) -> Self {
        let reply = stage.hold(&["A1", "A2"], &stage.world.key("ann")).await.expect("a hold");
        stage.world.gateway.set_window(Duration::from_secs(300));
        stage.world.clock.advance(8 * MINUTE);
        Self { booking: booking_of(&reply), key: stage.world.key("ann") }
    }

    async fn attempt(&mut self, service: &Arc<Service>, _: &Stage) {
        let _ = service.pay(pay(self.booking, &self.key)).await;
    }

    async fn mend(self, stage: &Stage) {
        let repeat = || stage.service.pay(pay(self.booking, &self.key));
        let (first, second) = (repeat().await, repeat().await);
        assert_eq!(first.expect("a session").answer, second.expect("a session").answer);
        let opened = stage.world.gateway.opened();
        assert_eq!(opened.len(), 1, "one key, one payment");
        let held = stage.booking(self.booking).await;
        assert_eq!(held.status, BookingStatus::Pending);
        // As long as what the buyer was told first, at the least.
        assert!(held.hold_expires_at >= opened[0].expires_at);
        stage.service.sweep().await.expect("a sweep");
        assert_eq!(stage.owners(&["A1", "A2"]).await, [Some(self.booking); 2]);
    }
}

#[tokio::test]
async fn an_extension_survives_any_single_fault() {
    tell::<Extended>().await;
}

struct Refund {
    booking: BookingId,
    key: ClaimKey,
}

impl Story for Refund {
    async fn begin(stage: &Stage) -> Self {
        let booking = sold(stage, "ann", "A1").await;
        Self { booking, key: stage.world.key("ann") }
    }

    async fn attempt(&mut self, service: &Arc<Service>, _: &Stage) {
        let _ = service.refund_booking(refund(self.booking, &self.key, false)).await;
    }

    async fn mend(self, stage: &Stage) {
        let repeat = || stage.service.refund_booking(refund(self.booking, &self.key, false));
        let (first, second) = (repeat().await, repeat().await);
        assert_eq!(first.expect("given back").answer, second.expect("given back").answer);
        stage.world.clock.advance(2 * REFUND_RETRY_MS);
        stage.service.settle_refunds().await.expect("refunds");
        is_given_back(stage, self.booking).await;
    }
}

async fn is_given_back(stage: &Stage, booking: BookingId) {
    assert_eq!(stage.booking(booking).await.status, BookingStatus::Cancelled);
    let payment = payment_of(stage, booking).await;
    assert_eq!(payment.status, PaymentStatus::Refunded);
    let refunds = stage.world.gateway.refunded();
    let of_it = refunds.iter().filter(|it| it.payment_id == payment.id).count();
    assert_eq!(of_it, 1, "given back once");
    let done = stage.booking(booking).await.refund.and_then(|refund| refund.done_at);
    assert!(done.is_some());
}

#[tokio::test]
async fn a_refund_survives_any_single_fault() {
    tell::<Refund>().await;
}

/// The buyer does not ask again: the cron goes on alone, if it was decided.
struct RefundLeftAlone {
    booking: BookingId,
    key: ClaimKey,
}

impl Story for RefundLeftAlone {
    async fn begin(stage: &Stage) -> Self {
        let booking = sold(stage, "ann", "A1").await;
        Self { booking, key: stage.world.key("ann") }
    }

    async fn attempt(&mut self, service: &Arc<Service>, _: &Stage) {
        let _ = service.refund_booking(refund(self.booking, &self.key, false)).await;
    }

    async fn mend(self, stage: &Stage) {
        stage.world.clock.advance(2 * REFUND_RETRY_MS);
        stage.service.settle_given_back().await.expect("bookings");
        stage.service.settle_refunds().await.expect("refunds");
        if stage.booking(self.booking).await.refund.is_some() {
            is_given_back(stage, self.booking).await;
            assert_eq!(stage.free_seats().await, 10);
        } else {
            assert_eq!(stage.booking(self.booking).await.status, BookingStatus::Confirmed);
            assert!(stage.world.gateway.refunded().is_empty());
        }
    }
}

#[tokio::test]
async fn a_refund_that_nobody_asks_for_again_is_finished_all_the_same() {
    tell::<RefundLeftAlone>().await;
}

/// A showtime with sold seats is cancelled; only the cron goes on.
struct CancelSold {
    bookings: Vec<BookingId>,
}

impl Story for CancelSold {
    async fn begin(stage: &Stage) -> Self {
        let bookings = vec![sold(stage, "ann", "A1").await, sold(stage, "bob", "A2").await];
        Self { bookings }
    }

    async fn attempt(&mut self, service: &Arc<Service>, stage: &Stage) {
        let _ = service.cancel_showtime(stage.showtime).await;
    }

    async fn mend(self, stage: &Stage) {
        let summary = stage.world.store.summary(stage.showtime).await.expect("a store");
        if summary.expect("a showtime").cancelled_at.is_none() {
            stage.service.cancel_showtime(stage.showtime).await.expect("cancelled");
        }
        stage.world.clock.advance(2 * REFUND_RETRY_MS);
        stage.service.settle_cancelled_showtimes().await.expect("showtimes");
        stage.service.settle_given_back().await.expect("bookings");
        stage.service.settle_refunds().await.expect("refunds");
        for booking in self.bookings {
            is_given_back(stage, booking).await;
        }
        assert_eq!(stage.free_seats().await, 10);
    }
}

#[tokio::test]
async fn the_refunds_of_a_cancelled_showtime_survive_any_single_fault() {
    tell::<CancelSold>().await;
}

/// The rounds of the cron, on refunds that were decided and not begun.
struct CronRefunds {
    booking: BookingId,
}

impl Story for CronRefunds {
    async fn begin(stage: &Stage) -> Self {
        let booking = sold(stage, "ann", "A1").await;
        stage.world.gateway.set_down(true);
        let request = refund(booking, &stage.world.key("ann"), false);
        stage.service.refund_booking(request).await.expect("given back");
        stage.world.gateway.set_down(false);
        Self { booking }
    }

    async fn attempt(&mut self, service: &Arc<Service>, _: &Stage) {
        let _ = service.settle_given_back().await;
        let _ = service.settle_refunds().await;
    }

    async fn mend(self, stage: &Stage) {
        stage.world.clock.advance(2 * REFUND_RETRY_MS);
        stage.service.settle_refunds().await.expect("refunds");
        is_given_back(stage, self.booking).await;
    }
}

#[tokio::test]
async fn a_round_of_refunds_survives_any_single_fault() {
    tell::<CronRefunds>().await;
}

/// The gateway takes the money twice.
struct ChargedTwice {
    booking: BookingId,
    event: GatewayEvent,
}

impl Story for ChargedTwice {
    async fn begin(stage: &Stage) -> Self {
        let booking = sold(stage, "ann", "A1").await;
        let payment = payment_of(stage, booking).await;
        let event = GatewayEvent {
            provider: PaymentMethod::Card,
            transaction_id: "ANOTHER".to_owned(),
            payment_id: Some(payment.id),
            outcome: Outcome::Success,
            amount: SEAT_PRICE,
            currency: None,
            paid_at: None,
        };
        Self { booking, event }
    }

    async fn attempt(&mut self, service: &Arc<Service>, _: &Stage) {
        let _ = service.receive(self.event.clone()).await;
    }

    async fn mend(self, stage: &Stage) {
        stage.service.receive(self.event.clone()).await.expect("taken");
        stage.service.settle_inbox().await.expect("an inbox");
        stage.world.clock.advance(2 * REFUND_RETRY_MS);
        stage.service.settle_refunds().await.expect("refunds");
        assert_eq!(stage.world.gateway.refunded().len(), 1);
        assert_eq!(stage.booking(self.booking).await.status, BookingStatus::Confirmed);
        assert_eq!(payment_of(stage, self.booking).await.status, PaymentStatus::Completed);
    }
}

#[tokio::test]
async fn a_second_charge_survives_any_single_fault() {
    tell::<ChargedTwice>().await;
}

/// A payment whose callback was lost.
struct Asked {
    booking: BookingId,
}

impl Story for Asked {
    async fn begin(stage: &Stage) -> Self {
        let reply = stage.hold(&["A1"], &stage.world.key("ann")).await.expect("a hold");
        let booking = booking_of(&reply);
        let session = stage.service.pay(pay(booking, &stage.world.key("ann"))).await;
        let session = session.expect("a session");
        stage.world.gateway.decide(word(&session, Outcome::Success, SEAT_PRICE));
        stage.world.clock.advance(FIRST_CHECK_MS);
        Self { booking }
    }

    async fn attempt(&mut self, service: &Arc<Service>, _: &Stage) {
        let _ = service.settle_payments().await;
    }

    async fn mend(self, stage: &Stage) {
        stage.world.clock.advance(2 * FIRST_CHECK_MS);
        stage.service.settle_payments().await.expect("payments");
        stage.service.settle_inbox().await.expect("an inbox");
        assert_eq!(stage.booking(self.booking).await.status, BookingStatus::Confirmed);
        assert_eq!(payment_of(stage, self.booking).await.status, PaymentStatus::Completed);
    }
}

#[tokio::test]
async fn a_check_of_a_payment_survives_any_single_fault() {
    tell::<Asked>().await;
}

/// Everything at once is left for `reconcile`.
struct Reconcile {
    paid: BookingId,
    given_back: BookingId,
}

impl Story for Reconcile {
    async fn begin(stage: &Stage) -> Self {
        let given_back = CronRefunds::begin(stage).await.booking;
        let reply = stage.hold(&["A2"], &stage.world.key("bob")).await.expect("a hold");
        let paid = booking_of(&reply);
        let session = stage.service.pay(pay(paid, &stage.world.key("bob"))).await;
        let session = session.expect("a session");
        stage.world.gateway.decide(word(&session, Outcome::Success, SEAT_PRICE));
        Self { paid, given_back }
    }

    async fn attempt(&mut self, service: &Arc<Service>, _: &Stage) {
        let _ = service.reconcile().await;
    }

    async fn mend(self, stage: &Stage) {
        let done = stage.service.reconcile().await.expect("a store");
        assert_eq!((done.events_open, done.refunds_open), (0, 0));
        is_given_back(stage, self.given_back).await;
        assert_eq!(stage.booking(self.paid).await.status, BookingStatus::Confirmed);
    }
}

#[tokio::test]
async fn a_reconciliation_survives_any_single_fault() {
    tell::<Reconcile>().await;
}
