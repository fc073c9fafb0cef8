use std::time::{SystemTime, UNIX_EPOCH};

use seathold_adapters::{SystemClock, SystemRandom, TokioTasks};
use seathold_service::ports::{Clock, Random, Spawn};

#[test]
#[expect(clippy::disallowed_methods, reason = "the port under test is compared with it")]
fn the_clock_tells_milliseconds_since_the_epoch() {
    let millis =
        || SystemTime::now().duration_since(UNIX_EPOCH).expect("it is past 1970").as_millis();
    let before = millis() as i64;
    let now = SystemClock.now().as_millis();
    assert!((before..=millis() as i64).contains(&now));
}

#[test]
fn two_draws_of_randomness_differ() {
    let [mut one, mut other] = [[0; 32]; 2];
    SystemRandom.fill(&mut one);
    SystemRandom.fill(&mut other);
    assert_ne!(one, other);
}

#[tokio::test]
async fn a_spawned_task_runs_by_itself() {
    let (done, result) = tokio::sync::oneshot::channel();
    TokioTasks.spawn(Box::pin(async move { done.send(7).expect("the test waits") }));
    assert_eq!(result.await, Ok(7));
}
