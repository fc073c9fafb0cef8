//! Token, key format, body, the key's record, rules: each request here is
//! wrong in all that follows, too.

use serde_json::{Value, json};

use crate::support::{Call, NOBODYS_ID, TestApp, fresh_key};

#[tokio::test]
async fn checks_of_a_hold_run_in_order() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let used = fresh_key();
    app.hold_with(&used, "ann", &showtime, ["A1"]).await.granted(201);
    let call = || app.post("/api/bookings/hold");
    check(call, &used, &json!({ "showtime_id": NOBODYS_ID, "seats": ["A1"] })).await;
    let unknown = json!({ "showtime_id": NOBODYS_ID, "seats": ["A1"] });
    let rules = call().by("ann").key(&fresh_key()).json(&unknown).send().await;
    rules.refused(404, "SHOWTIME_NOT_FOUND");
    app.finish().await;
}

#[tokio::test]
async fn checks_of_confirm_and_payment_run_in_order() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let used = fresh_key();
    app.hold_with(&used, "ann", &showtime, ["A1"]).await.granted(201);
    let path = format!("/api/bookings/{NOBODYS_ID}/confirm");
    check(|| app.post(&path), &used, &json!({ "payment_method": "momo" })).await;
    let body = json!({ "booking_id": NOBODYS_ID, "payment_method": "momo" });
    check(|| app.post("/api/payments"), &used, &body).await;
    let rules = app.post("/api/payments").by("ann").key(&fresh_key()).json(&body).send().await;
    rules.refused(404, "BOOKING_NOT_FOUND");
    app.finish().await;
}

/// From wholly wrong to wrong only by the key's record.
async fn check<'a>(call: impl Fn() -> Call<'a>, used: &str, body: &Value) {
    let bad = "{\"seats\":";
    call().key("17").raw(bad).send().await.refused(401, "UNAUTHENTICATED");
    call().by("ann").raw(bad).send().await.refused(400, "IDEMPOTENCY_KEY_REQUIRED");
    call().by("ann").key("17").raw(bad).send().await.refused(400, "IDEMPOTENCY_KEY_INVALID");
    call().by("ann").key(used).raw(bad).send().await.invalid("body");
    let reused = call().by("ann").key(used).json(body).send().await;
    reused.refused(422, "IDEMPOTENCY_KEY_REUSED");
}

#[tokio::test]
async fn the_role_comes_before_the_body() {
    let app = TestApp::start().await;
    let call = || app.post("/api/admin/showtimes").raw("{");
    call().send().await.refused(401, "UNAUTHENTICATED");
    call().by("ann").send().await.refused(403, "FORBIDDEN");
    call().by_admin().send().await.invalid("body");
    app.finish().await;
}

#[tokio::test]
async fn a_body_that_is_too_large_is_not_even_read() {
    let app = TestApp::start().await;
    let large = " ".repeat(65 * 1024);
    let call = || app.post("/api/bookings/hold").raw(large.clone());
    call().send().await.refused(401, "UNAUTHENTICATED");
    let answer = call().by("ann").key(&fresh_key()).send().await;
    answer.refused(413, "PAYLOAD_TOO_LARGE");
    app.finish().await;
}
