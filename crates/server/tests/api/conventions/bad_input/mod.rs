//! Bad bodies, on every route that takes one: always a problem of the
//! caller's, never anything changed, and the server goes on.

mod bodies;
mod routes;

use bodies::bad_bodies;
use routes::{Route, Stage};

async fn survives(route: fn(&Stage) -> Route) {
    let stage = Stage::new().await;
    let route = route(&stage);
    let before = stage.state().await;
    for (name, body) in bad_bodies(&route) {
        let answer = stage.send(&route, body).await;
        let shown = String::from_utf8_lossy(&answer.bytes);
        assert!((400..500).contains(&answer.status), "{name}: {} {shown}", answer.status);
        answer.is_problem();
        assert!(!answer.is_retryable(), "{name}: {shown}");
    }
    assert_eq!(stage.state().await, before, "nothing was changed");
    let good = stage.send(&route, route.good.to_string().into_bytes()).await;
    good.granted(route.granted);
    stage.app.finish().await;
}

#[tokio::test]
async fn hold_survives_bad_bodies() {
    survives(routes::hold).await;
}

#[tokio::test]
async fn confirm_survives_bad_bodies() {
    survives(routes::confirm).await;
}

#[tokio::test]
async fn payments_survive_bad_bodies() {
    survives(routes::payment).await;
}

#[tokio::test]
async fn webhooks_survive_bad_bodies() {
    survives(routes::webhook).await;
}

#[tokio::test]
async fn showtimes_survive_bad_bodies() {
    survives(routes::showtime).await;
}

#[tokio::test]
async fn ten_thousand_seats_are_refused() {
    let stage = Stage::new().await;
    let route = routes::hold(&stage);
    let before = stage.state().await;
    for count in [11, 5_000, 10_000] {
        let mut body = route.good.clone();
        body["seats"] = (1..=count).map(|n| format!("A{n}")).collect::<Vec<_>>().into();
        let answer = stage.send(&route, body.to_string().into_bytes()).await;
        let expected = if count == 10_000 { "PAYLOAD_TOO_LARGE" } else { "VALIDATION_FAILED" };
        assert_eq!(answer.code(), expected);
        answer.is_problem();
    }
    assert_eq!(stage.state().await, before);
    stage.app.finish().await;
}
