//! Confirm lets a hold last as long as the gateway gives a buyer.

use std::time::Duration;

use seathold_core::{Refusal, SeatState, Timestamp};
use seathold_service::limits::{HOLD_EXTENDED_MAX_MS, SWEEP_GRACE_MS};
use seathold_service::model::{BookingStatus, Outcome, PaymentMethod, PaymentStatus};
use seathold_service::{Error, PayRequest};
use seathold_testkit::world::{SEAT_PRICE, booking_of, cancel, pay, word};

use crate::support::Stage;

const TTL: i64 = 600_000;
const MINUTE: i64 = 60_000;

/// A stage with a gateway that gives buyers so many minutes.
async fn stage(minutes: u64) -> Stage {
    let stage = Stage::new().await;
    stage.world.gateway.set_window(Duration::from_secs(60 * minutes));
    stage
}

async fn until(stage: &Stage) -> Timestamp {
    match &stage.seats(&["A1"]).await[0] {
        SeatState::Held { until, .. } => *until,
        other => panic!("not held: {other:?}"),
    }
}

#[tokio::test]
async fn a_hold_lasts_as_long_as_the_gateway_gives_the_buyer() {
    let stage = stage(5).await;
    let held = stage.hold(&["A1"], &stage.world.key("ann")).await.expect("a hold");
    let booking = booking_of(&held);
    let first_end = until(&stage).await;
    stage.world.clock.advance(8 * MINUTE);
    let expected = stage.service.now().plus_millis(5 * MINUTE);
    let session = stage.service.pay(pay(booking, &stage.world.key("ann"))).await;
    let session = session.expect("a session");
    assert!(expected > first_end);
    assert_eq!(until(&stage).await, expected);
    assert_eq!(stage.booking(booking).await.hold_expires_at, expected);
    let row = stage.world.store.booking(booking).await.expect("a store").expect("a row");
    assert_eq!(row.hold_expires_at, expected, "written down, for the sweep");
    assert_eq!(stage.world.gateway.opened()[0].expires_at, expected);
    let payment = word(&session, Outcome::Success, 0).payment_id.expect("ours");
    let payment = stage.world.store.payment(payment).await.expect("a store").expect("it");
    assert_eq!(payment.expires_at, expected);

    // The sweep goes by the new end, and so does the buyer.
    stage.world.clock.advance(2 * MINUTE + SWEEP_GRACE_MS + 1);
    stage.service.sweep().await.expect("a sweep");
    assert_eq!(stage.booking(booking).await.status, BookingStatus::Pending);
    stage.service.receive(word(&session, Outcome::Success, SEAT_PRICE)).await.expect("taken");
    assert_eq!(stage.booking(booking).await.status, BookingStatus::Confirmed);
    stage.audit().await;
}

#[tokio::test]
async fn a_hold_that_lasts_long_enough_is_left_as_it_is() {
    let stage = stage(5).await;
    let held = stage.hold(&["A1"], &stage.world.key("ann")).await.expect("a hold");
    let first_end = until(&stage).await;
    stage.service.pay(pay(booking_of(&held), &stage.world.key("ann"))).await.expect("a session");
    assert_eq!(until(&stage).await, first_end);
    stage.audit().await;
}

#[tokio::test]
async fn an_open_session_is_found_again_without_a_longer_hold() {
    let stage = stage(9).await;
    let held = stage.hold(&["A1"], &stage.world.key("ann")).await.expect("a hold");
    stage.world.clock.advance(5 * MINUTE);
    let pays = || stage.service.pay(pay(booking_of(&held), &stage.world.key("ann")));
    let first = pays().await.expect("a session");
    let end = until(&stage).await;
    stage.world.clock.advance(5 * MINUTE);
    assert_eq!(pays().await.expect("a session").answer, first.answer);
    assert_eq!(until(&stage).await, end);
    stage.audit().await;
}

#[tokio::test]
async fn no_hold_is_extended_beyond_half_an_hour_from_its_beginning() {
    let stage = stage(9).await;
    let held = stage.hold(&["A1"], &stage.world.key("ann")).await.expect("a hold");
    let (booking, begun) = (booking_of(&held), stage.service.now());
    let by = |method| {
        let request = pay(booking, &stage.world.key("ann"));
        stage.service.pay(PayRequest { method, ..request })
    };
    let mut methods = [PaymentMethod::Momo, PaymentMethod::Vnpay].into_iter().cycle();
    let mut last = until(&stage).await;
    loop {
        stage.world.clock.advance(5 * MINUTE);
        match by(methods.next().expect("another")).await {
            Ok(_) => last = until(&stage).await,
            Err(error) => {
                assert_eq!(error, Error::Refused(Refusal::PaymentMethodUnavailable));
                break;
            }
        }
    }
    assert_eq!(until(&stage).await, last, "never shortened");
    let lasted = last.millis_since(begun);
    assert!(lasted > 2 * TTL && lasted <= HOLD_EXTENDED_MAX_MS, "{lasted} ms");
    // The session that is open can still be paid, and found.
    stage.world.gateway.set_window(Duration::ZERO);
    let open = stage.world.store.pending_payment(booking).await.expect("a store");
    assert!(open.is_some_and(|it| it.status == PaymentStatus::Pending));
    stage.audit().await;
}

#[tokio::test]
async fn a_hold_that_is_over_or_given_back_is_not_extended() {
    let stage = stage(15).await;
    let held = stage.hold(&["A1"], &stage.world.key("ann")).await.expect("a hold");
    let pays = || stage.service.pay(pay(booking_of(&held), &stage.world.key("ann")));
    stage.world.clock.advance(TTL);
    assert_eq!(pays().await, Err(Error::Refused(Refusal::HoldExpired)));
    let held = stage.hold(&["A1"], &stage.world.key("ann")).await.expect("a hold");
    stage.service.cancel(cancel(booking_of(&held), "ann")).await.expect("cancelled");
    let paid = stage.service.pay(pay(booking_of(&held), &stage.world.key("ann"))).await;
    assert_eq!(paid, Err(Error::Refused(Refusal::BookingNotPending)));
    assert!(stage.world.gateway.opened().is_empty());
    stage.audit().await;
}
