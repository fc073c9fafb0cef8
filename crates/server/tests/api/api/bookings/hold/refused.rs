use serde_json::json;

use crate::support::{Answer, HOUR, NOBODYS_ID, State, TestApp, fresh_key};

/// Sends a hold with this body.
async fn hold(app: &TestApp, body: &serde_json::Value) -> Answer {
    app.post("/api/bookings/hold").by("ann").key(&fresh_key()).json(body).send().await
}

#[tokio::test]
async fn malformed_json_is_refused() {
    let app = TestApp::start().await;
    let call = app.post("/api/bookings/hold").by("ann").key(&fresh_key());
    call.raw("{\"showtime_id\":").send().await.invalid("body");
    app.finish().await;
}

#[tokio::test]
async fn an_unknown_field_is_refused_by_name() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let body = json!({ "showtime_id": showtime, "seats": ["A1"], "discount": 1 });
    hold(&app, &body).await.invalid("discount");
    app.finish().await;
}

#[tokio::test]
async fn no_seats_are_refused() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    hold(&app, &json!({ "showtime_id": showtime, "seats": [] })).await.invalid("seats");
    hold(&app, &json!({ "showtime_id": showtime })).await.refused(400, "VALIDATION_FAILED");
    app.finish().await;
}

#[tokio::test]
async fn the_same_seat_twice_in_one_request_is_refused() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let before = State::of(&app, &showtime, &["ann"]).await;
    app.hold("ann", &showtime, ["A1", "A2", "A1"]).await.invalid("seats");
    assert_eq!(State::of(&app, &showtime, &["ann"]).await, before);
    app.finish().await;
}

#[tokio::test]
async fn each_invalid_field_is_named() {
    let app = TestApp::start().await;
    let body = json!({ "showtime_id": "64a7", "seats": ["A1", "B 2", ""] });
    let answer = hold(&app, &body).await.invalid("showtime_id").invalid("seats[1]");
    assert_eq!(answer.invalid("seats[2]").body["errors"].as_array().map(Vec::len), Some(3));
    app.finish().await;
}

#[tokio::test]
async fn a_body_that_is_wrong_all_over_gets_no_long_answer() {
    let app = TestApp::start().await;
    let body = json!({ "showtime_id": NOBODYS_ID, "seats": vec![""; 10_000] });
    let answer = hold(&app, &body).await.invalid("seats[0]");
    assert!(answer.bytes.len() < 4_096, "{} bytes", answer.bytes.len());
    app.finish().await;
}

#[tokio::test]
async fn seats_that_are_not_on_the_map_are_named() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let before = State::of(&app, &showtime, &["ann"]).await;
    let answer = app.hold("ann", &showtime, ["A1", "Z9", "A21"]).await.refused(400, "INVALID_SEAT");
    assert_eq!(answer.seats(), ["Z9", "A21"]);
    assert_eq!(State::of(&app, &showtime, &["ann"]).await, before, "all or nothing");
    app.finish().await;
}

#[tokio::test]
async fn a_cancelled_showtime_is_not_available() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    app.cancel_showtime(&showtime).await.granted(200);
    app.hold("ann", &showtime, ["A1"]).await.refused(400, "SHOWTIME_NOT_AVAILABLE");
    app.finish().await;
}

#[tokio::test]
async fn a_completed_showtime_is_not_available() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    app.clock.advance(3 * HOUR);
    app.hold("ann", &showtime, ["A1"]).await.refused(400, "SHOWTIME_NOT_AVAILABLE");
    app.finish().await;
}

#[tokio::test]
async fn a_showtime_that_has_started_takes_no_holds() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    app.clock.advance(HOUR - 1);
    app.hold("ann", &showtime, ["A1"]).await.granted(201);
    app.clock.advance(1);
    app.hold("ann", &showtime, ["A2"]).await.refused(400, "SHOWTIME_ALREADY_STARTED");
    app.finish().await;
}

#[tokio::test]
async fn an_unknown_showtime_is_not_found() {
    let app = TestApp::start().await;
    app.hold("ann", NOBODYS_ID, ["A1"]).await.refused(404, "SHOWTIME_NOT_FOUND");
    app.finish().await;
}

#[tokio::test]
async fn a_refusal_leaves_the_key_for_a_request_that_can_be_granted() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let theirs = app.held("bob", &showtime, ["A1"]).await;
    let key = fresh_key();
    app.hold_with(&key, "ann", &showtime, ["A1"]).await.refused(409, "SEAT_HELD_BY_ANOTHER");
    app.cancel("bob", &theirs).await.granted(200);
    let granted = app.hold_with(&key, "ann", &showtime, ["A1"]).await.granted(201);
    assert!(!granted.is_replayed());
    app.finish().await;
}
