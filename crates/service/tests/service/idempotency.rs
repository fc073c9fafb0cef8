use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use seathold_core::Refusal;
use seathold_service::Error;
use seathold_service::limits::CLAIM_TTL_MS;
use seathold_testkit::world::{booking_of, hold, pay};
use seathold_testkit::{Fault, FaultyStore};
use tokio::time::{Instant, sleep};

use crate::support::Stage;

/// More calls than a hold makes.
const CALLS_MAX: u64 = 12;

#[tokio::test]
async fn one_key_two_hundred_times_at_once_is_one_booking() {
    let stage = Stage::new().await;
    let key = stage.world.key("ann");
    let replies = join_all((0..200).map(|_| stage.hold(&["A1", "A2"], &key))).await;
    let answered: Vec<_> = replies.iter().filter_map(|reply| reply.as_ref().ok()).collect();
    assert!(!answered.is_empty());
    assert!(answered.iter().all(|reply| reply.answer == answered[0].answer));
    let running = Err(Error::Refused(Refusal::RequestInProgress));
    assert!(replies.iter().all(|reply| reply.is_ok() || *reply == running), "{replies:?}");
    assert_eq!(stage.free_seats().await, 8);
    stage.audit().await;
}

#[tokio::test]
async fn one_key_at_two_processes_at_once_is_one_booking() {
    let stage = Stage::new().await;
    let other = stage.world.process(stage.world.store.clone());
    let key = stage.world.key("ann");
    let holds = (0..60).map(|n| {
        let service = if n % 2 == 0 { &stage.service } else { &other };
        service.hold(hold(stage.showtime, &["A1"], &key))
    });
    let replies = join_all(holds).await;
    let running = Err(Error::Refused(Refusal::RequestInProgress));
    assert!(replies.iter().all(|reply| reply.is_ok() || *reply == running), "{replies:?}");
    assert_eq!(stage.free_seats().await, 9);
    stage.audit().await;
}

#[tokio::test]
async fn a_key_is_bound_to_its_first_body_even_where_the_second_would_be_refused() {
    let stage = Stage::new().await;
    let key = stage.world.key("ann");
    stage.hold(&["A1"], &key).await.expect("a hold");
    let reused = Err(Error::Refused(Refusal::KeyReused));
    assert_eq!(stage.hold(&["A2"], &key).await, reused, "it could be granted");
    assert_eq!(stage.hold(&["A1", "A2"], &key).await, reused, "it would be refused");
    stage.audit().await;
}

#[tokio::test]
async fn a_key_is_bound_to_its_first_route() {
    let stage = Stage::new().await;
    let key = stage.world.key("ann");
    let held = stage.hold(&["A1"], &key).await.expect("a hold");
    let paid = stage.service.pay(pay(booking_of(&held), &key)).await;
    assert_eq!(paid, Err(Error::Refused(Refusal::KeyReused)));
    stage.audit().await;
}

#[tokio::test]
async fn a_refused_request_leaves_its_key_free_for_another_body() {
    let stage = Stage::new().await;
    stage.hold(&["A1"], &stage.world.key("bob")).await.expect("a hold");
    let key = stage.world.key("ann");
    assert!(stage.hold(&["A1"], &key).await.is_err());
    assert!(stage.hold(&["A2"], &key).await.is_ok());
    stage.audit().await;
}

#[tokio::test]
async fn two_users_with_one_key_are_two_requests() {
    let stage = Stage::new().await;
    let key = stage.world.key("ann");
    let other = seathold_service::model::ClaimKey {
        user: seathold_testkit::world::user_id("bob"),
        key: key.key,
    };
    let first = stage.hold(&["A1"], &key).await.expect("a hold");
    let second = stage.hold(&["A2"], &other).await.expect("a hold");
    assert_ne!(booking_of(&first), booking_of(&second));
    stage.audit().await;
}

#[tokio::test]
async fn a_key_is_forgotten_after_a_day() {
    let stage = Stage::new().await;
    let key = stage.world.key("ann");
    let first = stage.hold(&["A1"], &key).await.expect("a hold");
    stage.world.clock.advance(CLAIM_TTL_MS);
    assert_eq!(stage.service.purge_claims().await, Ok(1));
    stage.audit().await;
    assert!(stage.service.sweep().await.is_ok());
    let again = stage.hold(&["A1"], &key).await;
    // The showtime has begun meanwhile: evaluated afresh, not replayed.
    assert_eq!(again, Err(Error::Refused(Refusal::ShowtimeNotAvailable)), "{first:?}");
}

#[tokio::test]
async fn a_showtime_that_is_cancelled_takes_no_hold_of_the_same_batch_with_it() {
    let stage = Stage::new().await;
    let key = stage.world.key("ann");
    let (held, cancelled) =
        tokio::join!(stage.hold(&["A1"], &key), stage.service.cancel_showtime(stage.showtime));
    cancelled.expect("cancelled");
    let refused = Err(Error::Refused(Refusal::ShowtimeNotAvailable));
    assert_eq!(held, refused);
    assert_eq!(stage.hold(&["A1"], &key).await, refused, "a repeat");
    stage.audit().await;
}

#[tokio::test]
async fn a_hold_that_took_effect_and_went_down_before_that_was_known_is_granted() {
    let mut went_down = 0;
    for call in 0..CALLS_MAX {
        let stage = Stage::new().await;
        let key = stage.world.key("ann");
        let (other, showtime) = (stage.service.clone(), stage.showtime);
        // The answer to one call is lost, and before the next the showtime is cancelled.
        let lost = FaultyStore::new(stage.world.store.clone(), Fault::AnswerLost, call);
        let meanwhile = async move { drop(other.cancel_showtime(showtime).await) };
        let store = Arc::new(FaultyStore::interrupted(Arc::new(lost), call + 1, meanwhile));
        let first = stage.world.process(store.clone());
        let held = first.hold(hold(stage.showtime, &["A1"], &key)).await;
        if !store.struck() {
            continue;
        }
        let again = stage.hold(&["A1"], &key).await;
        match held {
            Ok(held) => {
                let again = again.expect("a replay");
                assert_eq!((again.answer, again.replayed), (held.answer, true), "call {call}");
                went_down += 1;
            }
            Err(Error::Refused(_)) => assert!(again.is_err(), "call {call}: {again:?}"),
            Err(_) => {}
        }
        stage.audit().await;
    }
    assert_eq!(went_down, 1, "the commit's answer was lost");
}

#[tokio::test]
async fn a_key_that_owns_a_payment_never_owns_another() {
    for call in 0..12 {
        let stage = Stage::new().await;
        let key = stage.world.key("ann");
        let first = stage.hold(&["A1"], &stage.world.key("ann")).await.expect("a hold");
        let store = FaultyStore::new(stage.world.store.clone(), Fault::DiesAfter, call);
        let doomed = stage.world.process(Arc::new(store));
        let _ = doomed.pay(pay(booking_of(&first), &key)).await;
        doomed.drain().await;
        let opened = stage.world.gateway.opened().len();
        stage.world.clock.advance(600_000);
        let _ = stage.service.pay(pay(booking_of(&first), &key)).await;
        let second = stage.hold(&["A2"], &stage.world.key("ann")).await.expect("a hold");
        let paid = stage.service.pay(pay(booking_of(&second), &key)).await;
        let reused = Err(Error::Refused(Refusal::KeyReused));
        assert!(opened == 0 || paid == reused, "call {call}: {paid:?}");
        assert!(stage.world.gateway.opened().len() <= 1, "call {call}");
        stage.audit().await;
    }
}

#[tokio::test]
async fn a_key_whose_answer_the_store_lost_is_not_kept_until_its_lease_ends() {
    let stage = Stage::new().await;
    // Reading the map, writing claim and row, committing.
    for call in 0..3 {
        let store = FaultyStore::new(stage.world.store.clone(), Fault::AnswerLost, call);
        let store = Arc::new(store);
        let process = stage.world.process(store.clone());
        let seats = [&*format!("A{}", call + 1)];
        let request = hold(stage.showtime, &seats, &stage.world.key("ann"));
        let asked = Instant::now();
        // Time stands still for leases: none of them ends.
        while let Err(error) = process.hold(request.clone()).await {
            let may_repeat = matches!(
                error,
                Error::Unknown | Error::Unavailable | Error::Refused(Refusal::RequestInProgress)
            );
            assert!(may_repeat, "call {call}: {error:?}");
            assert!(asked.elapsed() < Duration::from_secs(20), "call {call}: it is kept");
            sleep(Duration::from_millis(1)).await;
        }
        assert!(store.struck(), "a hold makes fewer calls than {call}");
    }
    stage.audit().await;
}
