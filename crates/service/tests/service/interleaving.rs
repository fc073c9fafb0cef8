//! Two processes on one store: whatever the second does between any two steps
//! of the first, both are told the truth.

use std::sync::{Arc, Mutex};

use seathold_core::{BookingId, Refusal};
use seathold_service::limits::EVENT_LEASE_MS;
use seathold_service::model::{BookingStatus, ClaimKey, GatewayEvent, Outcome, PaymentStatus};
use seathold_service::{Error, Reply, Service};
use seathold_testkit::FaultyStore;
use seathold_testkit::world::{SEAT_PRICE, booking_of, cancel, hold, pay, word};

use crate::support::Stage;

const TTL: i64 = 600_000;
/// More calls than any of these makes.
const CALLS_MAX: u64 = 40;

/// A process that lets `meanwhile` happen before its call number `call`.
fn interrupted(
    stage: &Stage,
    call: u64,
    meanwhile: impl Future<Output = ()> + Send + 'static,
) -> (Arc<Service>, Arc<FaultyStore>) {
    let store = FaultyStore::interrupted(stage.world.store.clone(), call, meanwhile);
    let store = Arc::new(store);
    (stage.world.process(store.clone()), store)
}

/// Where the reply of a hold will be.
type Place = Arc<Mutex<Option<Result<Reply, Error>>>>;

/// A hold by the stage's process, and where its reply will be.
fn other_hold(
    stage: &Stage,
    seats: &[&str],
    key: &ClaimKey,
) -> (impl Future<Output = ()> + Send + use<>, Place) {
    let (service, request) = (stage.service.clone(), hold(stage.showtime, seats, key));
    let reply = Place::default();
    let place = reply.clone();
    let run = async move {
        let outcome = service.hold(request).await;
        *place.lock().expect("nobody panicked") = Some(outcome);
    };
    (run, reply)
}

#[tokio::test]
async fn between_any_two_steps_of_a_hold_another_may_take_the_seat() {
    for call in 0..CALLS_MAX {
        let stage = Stage::new().await;
        let (ann, bob) = (stage.world.key("ann"), stage.world.key("bob"));
        let (meanwhile, theirs) = other_hold(&stage, &["A1"], &bob);
        let (first, store) = interrupted(&stage, call, meanwhile);
        let ours = first.hold(hold(stage.showtime, &["A1", "A2"], &ann)).await;
        if !store.struck() {
            assert!(call > 2, "a hold makes more calls than {call}");
            return;
        }
        let theirs = theirs.lock().expect("nobody panicked").take().expect("it happened");
        assert_ne!(ours.is_ok(), theirs.is_ok(), "call {call}: {ours:?} {theirs:?}");
        if ours.is_err() {
            // Nothing is left of a hold that was refused after all.
            let other_body = first.hold(hold(stage.showtime, &["A3"], &ann)).await;
            assert!(other_body.is_ok(), "call {call}: {other_body:?}");
        }
        stage.audit().await;
    }
    panic!("a hold makes fewer calls than {CALLS_MAX}");
}

#[tokio::test]
async fn between_any_two_steps_of_a_hold_the_same_key_may_come_again() {
    for call in 0..CALLS_MAX {
        let stage = Stage::new().await;
        let key = stage.world.key("ann");
        let (meanwhile, theirs) = other_hold(&stage, &["A1"], &key);
        let (first, store) = interrupted(&stage, call, meanwhile);
        let ours = first.hold(hold(stage.showtime, &["A1"], &key)).await;
        if !store.struck() {
            return;
        }
        let theirs = theirs.lock().expect("nobody panicked").take().expect("it happened");
        let running = Err(Error::Refused(Refusal::RequestInProgress));
        match (ours, theirs) {
            (Ok(ours), Ok(theirs)) => assert_eq!(ours.answer, theirs.answer, "call {call}"),
            (Ok(_), refused) | (refused, Ok(_)) => assert_eq!(refused, running, "call {call}"),
            neither => panic!("call {call}: {neither:?}"),
        }
        stage.audit().await;
    }
    panic!("a hold makes fewer calls than {CALLS_MAX}");
}

/// A held seat, its payment, and the gateway's word that it was paid.
async fn paid(stage: &Stage) -> (BookingId, GatewayEvent) {
    let held = stage.hold(&["A1"], &stage.world.key("ann")).await.expect("a hold");
    let booking = booking_of(&held);
    let session = stage.service.pay(pay(booking, &stage.world.key("ann"))).await;
    (booking, word(&session.expect("a session"), Outcome::Success, SEAT_PRICE))
}

/// Sold, or given back; not both and not neither.
async fn money_is_somewhere(stage: &Stage, booking: BookingId, event: &GatewayEvent, call: u64) {
    stage.world.clock.advance(EVENT_LEASE_MS + 1);
    stage.service.settle_inbox().await.expect("an inbox");
    stage.service.settle_refunds().await.expect("refunds");
    let payment = event.payment_id.expect("ours");
    let payment = stage.world.store.payment(payment).await.expect("a store").expect("it");
    let sold = stage.booking(booking).await.status == BookingStatus::Confirmed;
    let refunds = stage.world.gateway.refunded().len();
    let kept = payment.status == PaymentStatus::Completed;
    assert_eq!((sold, refunds), (kept, usize::from(!kept)), "call {call}: {payment:?}");
    assert_eq!(stage.owners(&["A1"]).await == [Some(booking)], sold, "call {call}");
    stage.audit().await;
}

#[tokio::test]
async fn between_any_two_steps_of_a_sale_its_owner_may_cancel() {
    for call in 0..CALLS_MAX {
        let stage = Stage::new().await;
        let (booking, event) = paid(&stage).await;
        let canceller = stage.service.clone();
        let meanwhile = async move {
            let _ = canceller.cancel(cancel(booking, "ann")).await;
        };
        let (first, store) = interrupted(&stage, call, meanwhile);
        first.receive(event.clone()).await.expect("taken");
        if !store.struck() {
            assert!(call > 5, "a sale makes more calls than {call}");
            return;
        }
        money_is_somewhere(&stage, booking, &event, call).await;
    }
    panic!("a sale makes fewer calls than {CALLS_MAX}");
}

/// The seat is taken when one driver looks, and free when the other does: they
/// would decide differently about the same money.
async fn two_drivers(free_for_the_first: bool, first_loses_its_lease: bool) {
    for call in 0..CALLS_MAX {
        let stage = Stage::new().await;
        let (booking, event) = paid(&stage).await;
        stage.world.clock.advance(TTL);
        let bob = stage.world.key("bob");
        let (second, clock) = (stage.service.clone(), stage.world.clock.clone());
        let (again, request) = (event.clone(), hold(stage.showtime, &["A1"], &bob));
        if !free_for_the_first {
            second.hold(request.clone()).await.expect("a hold");
        }
        let meanwhile = async move {
            if first_loses_its_lease {
                clock.advance(EVENT_LEASE_MS + 1);
            }
            // Taken anew, unless the first driver has it; or a replay of the hold above.
            let theirs = second.hold(request).await.map(|reply| booking_of(&reply));
            if free_for_the_first {
                let _ = second.receive(again.clone()).await;
            }
            if let Ok(theirs) = theirs {
                second.cancel(cancel(theirs, "bob")).await.expect("free again");
            }
            let _ = second.receive(again).await;
        };
        let (first, store) = interrupted(&stage, call, meanwhile);
        let _ = first.receive(event.clone()).await;
        if !store.struck() {
            assert!(call > 5, "a driver makes more calls than {call}");
            return;
        }
        money_is_somewhere(&stage, booking, &event, call).await;
    }
    panic!("a driver makes fewer calls than {CALLS_MAX}");
}

#[tokio::test]
async fn two_drivers_of_one_event_decide_once() {
    two_drivers(true, false).await;
    two_drivers(false, false).await;
}

#[tokio::test]
async fn a_driver_that_lost_its_lease_decides_nothing() {
    two_drivers(true, true).await;
    two_drivers(false, true).await;
}
