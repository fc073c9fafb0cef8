use seathold_core::Refusal;
use seathold_service::Error;
use seathold_service::limits::SWEEP_GRACE_MS;
use seathold_service::model::BookingStatus;
use seathold_testkit::world::{booking_of, cancel, pay};

use crate::support::Stage;

const TTL: i64 = 600_000;

#[tokio::test]
async fn a_hold_ends_at_its_very_instant_in_every_read_and_decision() {
    let stage = Stage::new().await;
    let held = stage.hold(&["A1"], &stage.world.key("ann")).await.expect("a hold");
    let booking = booking_of(&held);
    let tag = || async {
        let map = stage.service.seat_map(stage.showtime, |_| Vec::new()).await;
        map.expect("a map").etag.clone()
    };

    stage.world.clock.advance(TTL - 1);
    let live = tag().await;
    assert_eq!(stage.booking(booking).await.status, BookingStatus::Pending);
    assert_eq!(stage.free_seats().await, 9);
    assert!(stage.hold(&["A1"], &stage.world.key("bob")).await.is_err());

    stage.world.clock.advance(1);
    assert_ne!(tag().await, live, "what is shown has changed");
    assert_eq!(stage.booking(booking).await.status, BookingStatus::Expired);
    assert_eq!(stage.free_seats().await, 10);
    let paid = stage.service.pay(pay(booking, &stage.world.key("ann"))).await;
    assert_eq!(paid, Err(Error::Refused(Refusal::HoldExpired)));
    let cancelled = stage.service.cancel(cancel(booking, "ann")).await;
    assert_eq!(cancelled, Err(Error::Refused(Refusal::BookingNotPending)));
    assert!(stage.hold(&["A1"], &stage.world.key("bob")).await.is_ok());
    stage.audit().await;
}

#[tokio::test]
async fn a_sweep_leaves_live_holds_alone() {
    let stage = Stage::new().await;
    let old = stage.hold(&["A1"], &stage.world.key("ann")).await.expect("a hold");
    stage.world.clock.advance(TTL / 2);
    let young = stage.hold(&["A2"], &stage.world.key("bob")).await.expect("a hold");
    stage.world.clock.advance(TTL / 2 + SWEEP_GRACE_MS);
    let swept = stage.service.sweep().await.expect("a sweep");
    assert_eq!((swept.showtimes, swept.bookings), (1, 1));
    assert_eq!(stage.owners(&["A1", "A2"]).await, [None, Some(booking_of(&young))]);
    assert_eq!(stage.booking(booking_of(&old)).await.status, BookingStatus::Expired);
    stage.audit().await;
}

#[tokio::test]
async fn a_hold_made_before_the_start_can_be_paid_after_it() {
    let stage = Stage::new().await;
    stage.world.clock.advance(3_600_000 - 1);
    let held = stage.hold(&["A1"], &stage.world.key("ann")).await.expect("a hold");
    stage.world.clock.advance(TTL / 2);
    let late = stage.hold(&["A2"], &stage.world.key("bob")).await;
    assert_eq!(late, Err(Error::Refused(Refusal::ShowtimeStarted)));
    assert!(stage.service.pay(pay(booking_of(&held), &stage.world.key("ann"))).await.is_ok());
    stage.audit().await;
}
