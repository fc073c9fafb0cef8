//! What a reader is told while others are at work.

use std::sync::Arc;

use seathold_service::limits::CLAIM_LEASE_MS;
use seathold_service::model::BookingStatus;
use seathold_service::{Error, Viewer};
use seathold_testkit::world::{booking_of, cancel, user_id};
use seathold_testkit::{Fault, FaultyStore};

use crate::support::Stage;

const TTL: i64 = 600_000;
/// More calls than a read makes.
const CALLS_MAX: u64 = 10;

fn ann() -> Viewer {
    Viewer { user: user_id("ann"), admin: false }
}

/// A read between any two steps of which the booking is cancelled. The
/// canceller may die before it has written the row.
async fn read_during_cancel(age_ms: i64, canceller_dies: bool) {
    for call in 0..CALLS_MAX {
        let stage = Stage::new().await;
        let held = stage.hold(&["A1"], &stage.world.key("ann")).await.expect("a hold");
        let booking = booking_of(&held);
        stage.world.clock.advance(age_ms);
        // Its calls: booking, seats, map, mark, commit, row.
        let (fault, at) =
            if canceller_dies { (Fault::DiesBefore, 5) } else { (Fault::Refused, 99) };
        let store = Arc::new(FaultyStore::new(stage.world.store.clone(), fault, at));
        let canceller = stage.world.process(store);
        let meanwhile = async move {
            let cancelled = canceller.cancel(cancel(booking, "ann")).await;
            assert_eq!(cancelled.is_err(), canceller_dies, "{cancelled:?}");
        };
        let store = FaultyStore::interrupted(stage.world.store.clone(), call, meanwhile);
        let store = Arc::new(store);
        let reader = stage.world.process(store.clone());
        let seen = reader.booking(booking, &ann()).await.expect("it was acknowledged").status;
        if !store.struck() {
            assert!(call > 1, "a read makes more calls than {call}");
            return;
        }
        let truth = [BookingStatus::Pending, BookingStatus::Cancelled];
        assert!(truth.contains(&seen), "call {call}: {seen:?}");
        assert_eq!(stage.owners(&["A1"]).await, [None]);
        let repeat = stage.service.cancel(cancel(booking, "ann")).await;
        assert!(repeat.is_ok(), "call {call}: {repeat:?}");
        assert_eq!(stage.booking(booking).await.status, BookingStatus::Cancelled);
        stage.audit().await;
    }
    panic!("a read makes fewer calls than {CALLS_MAX}");
}

#[tokio::test]
async fn a_booking_that_is_cancelled_during_a_read_is_not_lost() {
    read_during_cancel(0, false).await;
    read_during_cancel(CLAIM_LEASE_MS + 1, false).await;
}

#[tokio::test]
async fn a_booking_the_canceller_of_which_dies_during_a_read_is_cancelled() {
    read_during_cancel(0, true).await;
    read_during_cancel(CLAIM_LEASE_MS + 1, true).await;
}

#[tokio::test]
async fn a_cancellation_that_was_given_up_does_not_show() {
    let stage = Stage::new().await;
    let held = stage.hold(&["A1"], &stage.world.key("ann")).await.expect("a hold");
    let booking = booking_of(&held);
    // It dies after its mark, before its commit.
    let store = FaultyStore::new(stage.world.store.clone(), Fault::DiesAfter, 3);
    let doomed = stage.world.process(Arc::new(store));
    assert_eq!(doomed.cancel(cancel(booking, "ann")).await.map(drop), Err(Error::Unknown));
    doomed.drain().await;
    assert_eq!(stage.owners(&["A1"]).await, [Some(booking)], "nothing was committed");
    let seen = stage.booking(booking).await;
    assert_eq!((seen.status, seen.cancelled_at), (BookingStatus::Pending, None));
    stage.world.clock.advance(TTL);
    stage.audit().await;
}

#[tokio::test]
async fn a_clock_that_jumps_ahead_and_back_ends_nothing_for_good() {
    let stage = Stage::new().await;
    let held = stage.hold(&["A1"], &stage.world.key("ann")).await.expect("a hold");
    stage.world.clock.advance(TTL);
    assert_eq!(stage.booking(booking_of(&held)).await.status, BookingStatus::Expired);
    stage.world.clock.advance(-TTL);
    assert_eq!(stage.booking(booking_of(&held)).await.status, BookingStatus::Pending);
    assert!(stage.service.cancel(cancel(booking_of(&held), "ann")).await.is_ok());
    stage.audit().await;
}
