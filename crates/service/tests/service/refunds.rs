//! Sold bookings that are given back.

use std::sync::Arc;

use seathold_core::{BookingId, PriceTable, Refusal};
use seathold_service::limits::REFUND_RETRY_MS;
use seathold_service::model::{
    BookingStatus, ClaimKey, Outcome, Payment, PaymentStatus, RefundReason,
};
use seathold_service::ports::Refunds;
use seathold_service::{Error, Reply};
use seathold_testkit::world::{
    SEAT_PRICE, booking_of, hold, pay, refund, ten_seats, user_id, word,
};

use crate::support::Stage;

const MINUTE: i64 = 60_000;

/// A seat that was sold to somebody.
pub(crate) async fn sold(stage: &Stage, user: &str, seat: &str) -> BookingId {
    let held = stage.hold(&[seat], &stage.world.key(user)).await.expect("a hold");
    let session = stage.service.pay(pay(booking_of(&held), &stage.world.key(user))).await;
    let word = word(&session.expect("a session"), Outcome::Success, SEAT_PRICE);
    stage.service.receive(word).await.expect("taken");
    assert_eq!(stage.booking(booking_of(&held)).await.status, BookingStatus::Confirmed);
    booking_of(&held)
}

pub(crate) async fn payment_of(stage: &Stage, booking: BookingId) -> Payment {
    let paid_by = stage.booking(booking).await.paid_by.expect("it was paid");
    stage.world.store.payment(paid_by).await.expect("a store").expect("it")
}

async fn give_back(stage: &Stage, booking: BookingId, key: &ClaimKey) -> Result<Reply, Error> {
    stage.service.refund_booking(refund(booking, key, false)).await
}

fn text(reply: &Reply) -> String {
    String::from_utf8_lossy(&reply.answer.body).into_owned()
}

#[tokio::test]
async fn a_sold_booking_is_given_back_once_and_its_seat_sold_again() {
    let stage = Stage::new().await;
    let booking = sold(&stage, "ann", "A1").await;
    let key = stage.world.key("ann");
    let first = give_back(&stage, booking, &key).await.expect("given back");
    let payment = payment_of(&stage, booking).await;
    assert_eq!(text(&first), format!("cancelled {} refunded", payment.id.refund()));
    assert_eq!(stage.booking(booking).await.status, BookingStatus::Cancelled);
    assert_eq!(payment.status, PaymentStatus::Refunded);
    assert_eq!(payment.refund_reason, Some(RefundReason::Owner));
    let refunds = stage.world.gateway.refunded();
    assert_eq!((refunds.len(), refunds[0].amount), (1, SEAT_PRICE));
    assert_eq!(stage.free_seats().await, 10);
    let again = give_back(&stage, booking, &key).await.expect("a replay");
    assert!(again.replayed);
    assert_eq!(again.answer, first.answer);
    let other = give_back(&stage, booking, &stage.world.key("ann")).await;
    assert_eq!(other, Err(Error::Refused(Refusal::BookingNotConfirmed)));
    sold(&stage, "bob", "A1").await;
    assert_eq!(stage.world.gateway.refunded().len(), 1);
    stage.audit().await;
}

#[tokio::test]
async fn only_what_is_sold_can_be_given_back_and_only_by_its_owner() {
    let stage = Stage::new().await;
    let held = stage.hold(&["A1"], &stage.world.key("ann")).await.expect("a hold");
    let refused = give_back(&stage, booking_of(&held), &stage.world.key("ann")).await;
    assert_eq!(refused, Err(Error::Refused(Refusal::BookingNotConfirmed)));
    let booking = sold(&stage, "ann", "A2").await;
    let refused = give_back(&stage, booking, &stage.world.key("bob")).await;
    assert_eq!(refused, Err(Error::Refused(Refusal::BookingNotOwned)));
    let unknown = BookingId::from_parts(0, [0; 8]);
    let refused = give_back(&stage, unknown, &stage.world.key("ann")).await;
    assert_eq!(refused, Err(Error::Refused(Refusal::BookingNotFound)));
    assert_eq!(stage.booking(booking).await.status, BookingStatus::Confirmed);
    stage.audit().await;
}

#[tokio::test]
async fn owners_are_refunded_until_half_an_hour_before_the_start_and_admins_do_it_at_any_time() {
    let stage = Stage::new().await;
    let (early, late) = (sold(&stage, "ann", "A1").await, sold(&stage, "ann", "A2").await);
    stage.world.clock.advance(30 * MINUTE - 1);
    give_back(&stage, early, &stage.world.key("ann")).await.expect("given back");
    stage.world.clock.advance(1);
    let refused = give_back(&stage, late, &stage.world.key("ann")).await;
    assert_eq!(refused, Err(Error::Refused(Refusal::RefundWindowClosed)));
    stage.world.clock.advance(180 * MINUTE);
    let admin = refund(late, &stage.world.key("root"), true);
    stage.service.refund_booking(admin).await.expect("given back");
    assert_eq!(payment_of(&stage, late).await.refund_reason, Some(RefundReason::Admin));
    assert_eq!(stage.world.gateway.refunded().len(), 2);
    stage.audit().await;
}

#[tokio::test]
async fn what_the_gateway_does_not_take_at_once_is_on_its_way() {
    let stage = Stage::new().await;
    let booking = sold(&stage, "ann", "A1").await;
    stage.world.gateway.set_down(true);
    let key = stage.world.key("ann");
    let reply = give_back(&stage, booking, &key).await.expect("given back");
    assert!(text(&reply).ends_with("refund_pending"), "{}", text(&reply));
    assert_eq!(stage.free_seats().await, 10, "the seats do not wait for the gateway");
    stage.audit().await;
    stage.world.gateway.set_down(false);
    stage.world.clock.advance(2 * REFUND_RETRY_MS);
    assert_eq!(stage.service.settle_refunds().await, Ok(1));
    assert_eq!(payment_of(&stage, booking).await.status, PaymentStatus::Refunded);
    let replay = give_back(&stage, booking, &key).await.expect("a replay");
    assert_eq!(replay.answer, reply.answer, "what it was answered");
    stage.audit().await;
}

#[tokio::test]
async fn a_booking_that_cost_nothing_is_given_back_without_the_gateway() {
    let stage = Stage::new().await;
    let mut free = ten_seats(stage.service.now());
    free.price = PriceTable::new(0, 0, 0).expect("prices");
    let made = stage.service.create_showtime(free).await.expect("a showtime");
    let request = hold(made.summary.showtime.id, &["A1"], &stage.world.key("ann"));
    let held = stage.service.hold(request).await.expect("a hold");
    let booking = booking_of(&held);
    stage.service.pay(pay(booking, &stage.world.key("ann"))).await.expect("confirmed");
    let reply = give_back(&stage, booking, &stage.world.key("ann")).await.expect("given back");
    assert!(text(&reply).ends_with("refunded"), "{}", text(&reply));
    assert_eq!(stage.booking(booking).await.status, BookingStatus::Cancelled);
    assert!(stage.world.gateway.refunded().is_empty());
    let refunds = stage.service.refunds_of(made.summary.showtime.id).await;
    assert_eq!(refunds, Ok(Refunds { pending: 0, done: 1 }));
    stage.audit().await;
}

#[tokio::test]
async fn a_callback_that_comes_again_after_the_refund_changes_nothing() {
    let stage = Stage::new().await;
    let held = stage.hold(&["A1"], &stage.world.key("ann")).await.expect("a hold");
    let booking = booking_of(&held);
    let session = stage.service.pay(pay(booking, &stage.world.key("ann"))).await;
    let word = word(&session.expect("a session"), Outcome::Success, SEAT_PRICE);
    stage.service.receive(word.clone()).await.expect("taken");
    give_back(&stage, booking, &stage.world.key("ann")).await.expect("given back");
    stage.service.receive(word).await.expect("taken");
    stage.service.reconcile().await.expect("a store");
    assert_eq!(stage.booking(booking).await.status, BookingStatus::Cancelled);
    assert_eq!(stage.free_seats().await, 10);
    assert_eq!(stage.world.gateway.refunded().len(), 1);
    stage.audit().await;
}

#[tokio::test]
async fn two_requests_at_once_give_one_booking_back_once() {
    for _ in 0..10 {
        let stage = Arc::new(Stage::new().await);
        let booking = sold(&stage, "ann", "A1").await;
        let (one, other) = (stage.world.key("ann"), stage.world.key("ann"));
        let (one, other) =
            tokio::join!(give_back(&stage, booking, &one), give_back(&stage, booking, &other));
        let refused = Err(Error::Refused(Refusal::BookingNotConfirmed));
        assert!(one.is_ok() || other.is_ok(), "{one:?} {other:?}");
        assert!(one.is_ok() || one == refused, "{one:?}");
        assert!(other.is_ok() || other == refused, "{other:?}");
        assert_eq!(stage.world.gateway.refunded().len(), 1);
        assert_eq!(stage.free_seats().await, 10);
        stage.audit().await;
    }
}

#[tokio::test]
async fn a_cancelled_showtime_gives_back_all_that_was_sold() {
    let stage = Stage::new().await;
    let bookings = [sold(&stage, "ann", "A1").await, sold(&stage, "bob", "A2").await];
    stage.hold(&["A3"], &stage.world.key("cat")).await.expect("a hold");
    assert_eq!(stage.service.refunds_of(stage.showtime).await, Ok(Refunds::default()));
    stage.world.gateway.set_down(true);
    stage.service.cancel_showtime(stage.showtime).await.expect("cancelled");
    for booking in bookings {
        assert_eq!(stage.booking(booking).await.status, BookingStatus::Cancelled);
        let payment = payment_of(&stage, booking).await;
        assert_eq!(payment.status, PaymentStatus::RefundPending);
        assert_eq!(payment.refund_reason, Some(RefundReason::ShowtimeCancelled));
    }
    let progress = async || stage.service.refunds_of(stage.showtime).await.expect("a store");
    assert_eq!(progress().await, Refunds { pending: 2, done: 0 });
    assert_eq!(stage.free_seats().await, 10);
    stage.audit().await;
    stage.world.gateway.set_down(false);
    stage.world.clock.advance(2 * REFUND_RETRY_MS);
    assert_eq!(stage.service.settle_refunds().await, Ok(2));
    assert_eq!(progress().await, Refunds { pending: 0, done: 2 });
    assert_eq!(stage.service.settle_cancelled_showtimes().await, Ok(0));
    stage.audit().await;
}

#[tokio::test]
async fn a_booking_of_a_cancelled_showtime_that_is_not_given_back_yet_is_counted() {
    let stage = Stage::new().await;
    let booking = sold(&stage, "ann", "A1").await;
    // The process dies right after the commit.
    let store = seathold_testkit::FaultyStore::new(
        stage.world.store.clone(),
        seathold_testkit::Fault::DiesAfter,
        2,
    );
    let doomed = stage.world.process(Arc::new(store));
    let _ = doomed.cancel_showtime(stage.showtime).await;
    doomed.drain().await;
    let summary = stage.world.store.summary(stage.showtime).await.expect("a store");
    if summary.expect("a showtime").cancelled_at.is_some() {
        let refunds = stage.service.refunds_of(stage.showtime).await;
        assert_eq!(refunds, Ok(Refunds { pending: 1, done: 0 }));
    }
    stage.service.cancel_showtime(stage.showtime).await.expect("cancelled");
    assert_eq!(stage.booking(booking).await.status, BookingStatus::Cancelled);
    let admin = seathold_service::Viewer { user: user_id("root"), admin: true };
    let shown = stage.service.booking(booking, &admin).await.expect("a booking");
    assert!(shown.refund.is_some_and(|refund| refund.done_at.is_some()));
    stage.audit().await;
}
