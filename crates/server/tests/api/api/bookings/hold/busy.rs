//! What a client sees when the process is at its limit. Never confused with
//! seats that are taken.

use futures_util::FutureExt;
use seathold_server::Config;
use seathold_service::limits::{COMMAND_TIME_MS, DESK_QUEUE};
use seathold_service::model::{Answer as Stored, Booking, ClaimKey, Fingerprint};
use seathold_service::{HoldRequest, Keyed};

use crate::support::{Gate, GatedTasks, TestApp, fresh_key};

/// A server whose desks wait at the gate before they begin.
async fn gated() -> (TestApp, Gate) {
    let gate = Gate::opened();
    (TestApp::with_tasks(GatedTasks(gate.clone())).await, gate)
}

/// A hold as the desk gets it.
fn request(showtime: &str, user: &str) -> HoldRequest {
    let render = |_: &Booking| Stored { status: 201, body: Vec::new().into() };
    let key = fresh_key().parse().expect("a key");
    HoldRequest {
        showtime: showtime.parse().expect("an id"),
        seats: vec!["A1".parse().expect("a label")],
        key: Keyed {
            key: ClaimKey { user: user.parse().expect("a user"), key },
            fingerprint: Fingerprint::of("POST /api/bookings/hold".to_owned(), b"{}"),
        },
        render,
    }
}

#[tokio::test]
async fn a_full_queue_is_busy_at_once_and_busy_is_not_taken() {
    let (app, gate) = gated().await;
    let showtime = app.showtime().await;
    gate.shut();
    let waiting: Vec<_> = (0..DESK_QUEUE)
        .map(|n| Box::pin(app.service().hold(request(&showtime, &format!("user-{n}")))))
        .map(|mut hold| {
            assert!(hold.as_mut().now_or_never().is_none(), "the desk waits at the gate");
            hold
        })
        .collect();
    let key = fresh_key();
    let answer = app.hold_with(&key, "ann", &showtime, ["A2"]).await;
    assert!(answer.refused(409, "BOOKING_LOCK_FAILED").is_retryable());

    gate.open();
    let outcomes = futures_util::future::join_all(waiting).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    app.hold_with(&key, "ann", &showtime, ["A2"]).await.granted(201);
    app.finish().await;
}

#[tokio::test]
async fn a_process_with_enough_to_do_takes_up_nothing_more_and_still_tells_how_it_is() {
    let gate = Gate::opened();
    let one = |config: &mut Config| config.max_requests_in_flight = 1;
    let app = TestApp::with_tasks_and(GatedTasks(gate.clone()), one).await;
    let showtime = app.showtime().await;
    let (key, before) = (fresh_key(), gate.count());
    gate.shut();
    let (first, ()) = tokio::join!(app.hold("ann", &showtime, ["A1"]), async {
        gate.arrival_after(before).await;
        let turned_away = app.hold_with(&key, "bob", &showtime, ["A2"]).await;
        assert!(turned_away.refused(503, "SERVICE_UNAVAILABLE").is_retryable());
        for path in ["/health", "/health/live", "/health/ready", "/metrics"] {
            app.get(path).send().await.granted(200);
        }
        gate.open();
    });
    first.granted(201);
    app.hold_with(&key, "bob", &showtime, ["A2"]).await.granted(201);
    app.finish().await;
}

#[tokio::test]
async fn a_server_that_stops_is_unavailable() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    app.service().drain().await;
    let answer = app.hold("ann", &showtime, ["A1"]).await.refused(503, "SERVICE_UNAVAILABLE");
    assert!(answer.is_retryable());
    assert_eq!(app.seat(&showtime, "A1").await, "available");
    app.finish().await;
}

#[tokio::test]
async fn a_command_that_waited_too_long_changes_nothing() {
    let (app, gate) = gated().await;
    let showtime = app.showtime().await;
    let (key, before) = (fresh_key(), gate.count());
    gate.shut();
    let (answer, ()) = tokio::join!(app.hold_with(&key, "ann", &showtime, ["A1"]), async {
        gate.arrival_after(before).await;
        app.clock.advance(COMMAND_TIME_MS);
        gate.open();
    });
    assert!(answer.refused(503, "SERVICE_UNAVAILABLE").is_retryable());
    assert_eq!(app.seat(&showtime, "A1").await, "available");
    app.hold_with(&key, "ann", &showtime, ["A1"]).await.granted(201);
    app.finish().await;
}

/// The limit on a request's time is real time: this test takes that long.
#[tokio::test]
async fn a_request_that_takes_too_long_is_answered_and_its_key_learns_the_outcome() {
    let (app, gate) = gated().await;
    let showtime = app.showtime().await;
    let key = fresh_key();
    gate.shut();
    let answer = app.hold_with(&key, "ann", &showtime, ["A1"]).await;
    assert!(answer.refused(503, "SERVICE_UNAVAILABLE").is_retryable());
    gate.open();
    let outcome = app.hold_with(&key, "ann", &showtime, ["A1"]).await.granted(201);
    assert!(outcome.is_replayed(), "what was queued was done");
    assert_eq!(app.seat(&showtime, "A1").await, "held");
    app.finish().await;
}
