//! Two processes on one store: whatever the second does between any two steps
//! of the first, both are told the truth.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use seathold_core::{BookingId, Refusal};
use seathold_service::limits::PAYMENT_LEASE_MS;
use seathold_service::model::{
    BookingStatus, ClaimKey, GatewayEvent, Outcome, PaymentMethod, PaymentStatus,
};
use seathold_service::{Error, PayRequest, Reply, Service};
use seathold_testkit::FaultyStore;
use seathold_testkit::world::{SEAT_PRICE, booking_of, cancel, hold, pay, refund, word};

use crate::support::Stage;

const TTL: i64 = 600_000;
/// More calls than any of these makes.
const CALLS_MAX: u64 = 60;

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

#[tokio::test]
async fn between_any_two_steps_of_a_refusal_the_seat_may_go_to_the_same_key() {
    for call in 0..CALLS_MAX {
        let stage = Stage::new().await;
        let held = stage.hold(&["A1"], &stage.world.key("bob")).await.expect("a hold");
        let key = stage.world.key("ann");
        let (other, theirs) = other_hold(&stage, &["A1"], &key);
        let canceller = stage.service.clone();
        let meanwhile = async move {
            canceller.cancel(cancel(booking_of(&held), "bob")).await.expect("cancelled");
            other.await;
        };
        let (first, store) = interrupted(&stage, call, meanwhile);
        // So that it knows a map on which the seat is taken.
        let carols = first.hold(hold(stage.showtime, &["A1"], &stage.world.key("carol"))).await;
        assert!(carols.is_err(), "{carols:?}");
        let ours = first.hold(hold(stage.showtime, &["A1"], &key)).await;
        if !store.struck() {
            assert!(call > 2, "a refusal makes more calls than {call}");
            return;
        }
        let theirs = theirs.lock().expect("nobody panicked").take().expect("it happened");
        let theirs = theirs.expect("a hold");
        match ours {
            Ok(ours) => assert_eq!(ours.answer, theirs.answer, "call {call}"),
            // Its claim was seen, and a map from before.
            Err(why) => assert_eq!(why, Refusal::RequestInProgress.into(), "call {call}"),
        }
        stage.audit().await;
    }
    panic!("a refusal makes fewer calls than {CALLS_MAX}");
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
    stage.world.clock.advance(PAYMENT_LEASE_MS + 1);
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

/// What another process does while one gives a sold booking back.
#[derive(Clone, Copy, Debug)]
enum Meanwhile {
    /// Its owner asks again, by another key.
    Asks,
    /// Its showtime is cancelled.
    CancelsShowtime,
    /// All rounds of the cron.
    Reconciles,
    /// The gateway tells of a second payment of it, superseded before.
    HearsOfAnother,
}

async fn while_it_is_given_back(meanwhile: Meanwhile) {
    for call in 0..CALLS_MAX {
        let stage = Stage::new().await;
        let held = stage.hold(&["A1"], &stage.world.key("ann")).await.expect("a hold");
        let booking = booking_of(&held);
        let by_card = stage.service.pay(pay(booking, &stage.world.key("ann"))).await;
        let by_card = word(&by_card.expect("a session"), Outcome::Success, SEAT_PRICE);
        let by_momo = pay(booking, &stage.world.key("ann"));
        let by_momo = PayRequest { method: PaymentMethod::Momo, ..by_momo };
        let by_momo = stage.service.pay(by_momo).await.expect("a session");
        let mut by_momo = word(&by_momo, Outcome::Success, SEAT_PRICE);
        by_momo.provider = PaymentMethod::Momo;
        stage.service.receive(by_momo.clone()).await.expect("taken");
        let (other, showtime) = (stage.service.clone(), stage.showtime);
        let (key, again) = (stage.world.key("ann"), stage.world.key("ann"));
        let others = async move {
            match meanwhile {
                Meanwhile::Asks => drop(other.refund_booking(refund(booking, &again, false)).await),
                Meanwhile::CancelsShowtime => drop(other.cancel_showtime(showtime).await),
                Meanwhile::Reconciles => drop(other.reconcile().await),
                Meanwhile::HearsOfAnother => drop(other.receive(by_card).await),
            }
        };
        let (first, store) = interrupted(&stage, call, others);
        let ours = first.refund_booking(refund(booking, &key, false)).await;
        if !store.struck() {
            assert!(call > 8, "a refund makes more calls than {call}");
            return;
        }
        let refused = Err(Error::Refused(Refusal::BookingNotConfirmed));
        assert!(ours.is_ok() || ours == refused, "{meanwhile:?}, call {call}: {ours:?}");
        stage.world.clock.advance(PAYMENT_LEASE_MS + 1);
        stage.service.reconcile().await.expect("a store");
        assert_eq!(stage.booking(booking).await.status, BookingStatus::Cancelled, "call {call}");
        assert_eq!(stage.owners(&["A1"]).await, [None], "{meanwhile:?}, call {call}");
        let expected = if matches!(meanwhile, Meanwhile::HearsOfAnother) { 2 } else { 1 };
        assert_eq!(stage.world.gateway.refunded().len(), expected, "{meanwhile:?}, call {call}");
        let report = stage.service.verify().await.expect("a report");
        let refunded: i64 = report.ledger.iter().map(|line| line.refunded.amount).sum();
        assert_eq!(refunded, expected as i64 * SEAT_PRICE, "{meanwhile:?}, call {call}");
        stage.audit().await;
    }
    panic!("a refund makes fewer calls than {CALLS_MAX}");
}

#[tokio::test]
async fn between_any_two_steps_of_a_refund_its_owner_may_ask_again() {
    while_it_is_given_back(Meanwhile::Asks).await;
}

#[tokio::test]
async fn between_any_two_steps_of_a_refund_its_showtime_may_be_cancelled() {
    while_it_is_given_back(Meanwhile::CancelsShowtime).await;
}

#[tokio::test]
async fn between_any_two_steps_of_a_refund_another_may_reconcile() {
    while_it_is_given_back(Meanwhile::Reconciles).await;
}

#[tokio::test]
async fn between_any_two_steps_of_a_refund_money_may_come_for_it_once_more() {
    while_it_is_given_back(Meanwhile::HearsOfAnother).await;
}

#[tokio::test]
async fn between_any_two_steps_of_an_extension_its_owner_may_cancel() {
    for call in 0..CALLS_MAX {
        let stage = Stage::new().await;
        stage.world.gateway.set_window(Duration::from_secs(600));
        let held = stage.hold(&["A1"], &stage.world.key("ann")).await.expect("a hold");
        let booking = booking_of(&held);
        stage.world.clock.advance(TTL / 2);
        let (canceller, key) = (stage.service.clone(), stage.world.key("ann"));
        let meanwhile = async move {
            canceller.cancel(cancel(booking, "ann")).await.expect("cancelled");
        };
        let (first, store) = interrupted(&stage, call, meanwhile);
        let ours = first.pay(pay(booking, &key)).await;
        if !store.struck() {
            assert!(call > 5, "it makes more calls than {call}");
            return;
        }
        assert_eq!(stage.booking(booking).await.status, BookingStatus::Cancelled, "call {call}");
        assert_eq!(stage.owners(&["A1"]).await, [None], "call {call}");
        if let Ok(session) = ours {
            // The buyer pays all the same.
            let word = word(&session, Outcome::Success, SEAT_PRICE);
            stage.service.receive(word).await.expect("taken");
            assert_eq!(stage.world.gateway.refunded().len(), 1, "call {call}");
        }
        stage.audit().await;
    }
    panic!("it makes fewer calls than {CALLS_MAX}");
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
                clock.advance(PAYMENT_LEASE_MS + 1);
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

/// One payment is charged twice: each charge is an event, and both are about the same
/// seats. Taken when the first driver looks, and free when the second does.
#[tokio::test]
async fn two_charges_of_one_payment_are_decided_about_one_after_the_other() {
    for call in 0..CALLS_MAX {
        let stage = Stage::new().await;
        let (booking, event) = paid(&stage).await;
        stage.world.clock.advance(TTL);
        let bob = stage.world.key("bob");
        let theirs = booking_of(&stage.hold(&["A1"], &bob).await.expect("a hold"));
        let again = GatewayEvent { transaction_id: "again".to_owned(), ..event.clone() };
        let second = stage.service.clone();
        let meanwhile = async move {
            second.cancel(cancel(theirs, "bob")).await.expect("free again");
            second.receive(again).await.expect("taken");
        };
        let (first, store) = interrupted(&stage, call, meanwhile);
        let _ = first.receive(event).await;
        if !store.struck() {
            assert!(call > 5, "a driver makes more calls than {call}");
            return;
        }
        stage.world.clock.advance(PAYMENT_LEASE_MS + 1);
        stage.service.reconcile().await.expect("a store");
        let sold = stage.booking(booking).await.status == BookingStatus::Confirmed;
        let expected = if sold { 1 } else { 2 };
        assert_eq!(stage.world.gateway.refunded().len(), expected, "call {call}");
        stage.audit().await;
    }
    panic!("a driver makes fewer calls than {CALLS_MAX}");
}

#[tokio::test]
async fn a_driver_that_lost_its_lease_decides_nothing() {
    two_drivers(true, true).await;
    two_drivers(false, true).await;
}
