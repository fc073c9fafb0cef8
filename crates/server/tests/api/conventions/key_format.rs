//! The header of an idempotency key.

use reqwest::Method;
use serde_json::json;

use crate::support::{Call, State, TestApp, fresh_key};

/// Every request that needs a key, without it.
fn keyless<'a>(app: &'a TestApp, showtime: &str, booking: &str) -> [Call<'a>; 3] {
    let call = |path: &str, body| app.call(Method::POST, path).by("ann").json(&body);
    [
        call("/api/bookings/hold", json!({ "showtime_id": showtime, "seats": ["A2"] })),
        call(&format!("/api/bookings/{booking}/confirm"), json!({ "payment_method": "momo" })),
        call("/api/payments", json!({ "booking_id": booking, "payment_method": "momo" })),
    ]
}

#[tokio::test]
async fn hold_confirm_and_payment_need_a_key() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let booking = app.held("ann", &showtime, ["A1"]).await;
    let before = State::of(&app, &showtime, &["ann"]).await;
    for call in keyless(&app, &showtime, &booking) {
        call.send().await.refused(400, "IDEMPOTENCY_KEY_REQUIRED");
    }
    assert_eq!(State::of(&app, &showtime, &["ann"]).await, before);
    app.finish().await;
}

#[tokio::test]
async fn only_a_uuid_of_version_4_is_a_key() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let booking = app.held("ann", &showtime, ["A1"]).await;
    let before = State::of(&app, &showtime, &["ann"]).await;
    for key in [
        "",
        "order-17",
        "550e8400-e29b-11d4-a716-446655440000",
        "550e8400-e29b-71d4-a716-446655440000",
        "550e8400-e29b-41d4-a716-44665544000",
        "550e8400-e29b-41d4-a716-4466554400000",
        "00000000-0000-0000-0000-000000000000",
        "\"550e8400-e29b-41d4-a716-446655440000",
        "Zoë",
    ] {
        for call in keyless(&app, &showtime, &booking) {
            call.key(key).send().await.refused(400, "IDEMPOTENCY_KEY_INVALID");
        }
    }
    assert_eq!(State::of(&app, &showtime, &["ann"]).await, before);
    app.finish().await;
}

#[tokio::test]
async fn either_header_bare_or_quoted_names_the_same_key() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let key = fresh_key();
    let quoted = format!("\"{key}\"");
    let first = app.hold_with(&key, "ann", &showtime, ["A1"]).await.granted(201);
    for (name, value) in [
        ("Idempotency-Key", key.clone()),
        ("Idempotency-Key", quoted.clone()),
        ("X-Idempotency-Key", quoted),
        ("x-idempotency-key", key.to_uppercase()),
    ] {
        let call = app.holding("ann", &showtime, ["A1"]).header(name, &value);
        let again = call.send().await.granted(201);
        assert!(again.is_replayed(), "{name}: {value}");
        assert_eq!(again.bytes, first.bytes);
    }
    let twice = app.holding("ann", &showtime, ["A1"]).key(&key).header("Idempotency-Key", &key);
    assert!(twice.send().await.granted(201).is_replayed());
    let two = app.holding("ann", &showtime, ["A1"]).key(&key);
    let two = two.header("Idempotency-Key", &fresh_key()).send().await;
    two.refused(400, "IDEMPOTENCY_KEY_INVALID");
    app.finish().await;
}
