//! `POST /api/payments`: the same use case as confirm, another view.

use serde_json::json;

use crate::support::{Answer, FakeGateway, HOLD_TTL, NOBODYS_ID, TestApp, fresh_key};

async fn create(app: &TestApp, user: &str, booking: &str, key: &str) -> Answer {
    let body = json!({ "booking_id": booking, "payment_method": "card" });
    app.post("/api/payments").by(user).key(key).json(&body).send().await
}

#[tokio::test]
async fn a_payment_is_started() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let id = app.held("ann", &showtime, ["A1"]).await;
    let created = create(&app, "ann", &id, &fresh_key()).await.granted(201);
    let expected = json!({
        "success": true, "payment_id": created.text("payment_id"),
        "payment_url": created.text("payment_url"), "expires_at": "2084-01-15T10:40:00.000Z",
        "message": created.text("message"),
    });
    assert_eq!(created.body, expected);
    assert!(!created.text("message").is_empty());
    app.finish().await;
}

#[tokio::test]
async fn it_is_the_payment_that_confirming_starts() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let id = app.held("ann", &showtime, ["A1"]).await;
    let created = create(&app, "ann", &id, &fresh_key()).await.granted(201);
    let confirmed = app.confirm("ann", &id, "card").await.granted(200);
    assert_eq!(created.text("payment_id"), confirmed.text("payment_id"));
    assert_eq!(created.text("payment_url"), confirmed.text("payment_url"));
    app.finish().await;
}

#[tokio::test]
async fn repeating_it_with_its_key_replays() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let id = app.held("ann", &showtime, ["A1"]).await;
    let key = fresh_key();
    let first = create(&app, "ann", &id, &key).await.granted(201);
    let again = create(&app, "ann", &id, &key).await.granted(201);
    assert!(again.is_replayed());
    assert_eq!(again.bytes, first.bytes);
    app.finish().await;
}

#[tokio::test]
async fn it_refuses_what_confirming_refuses() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let id = app.held("ann", &showtime, ["A1"]).await;
    create(&app, "bob", &id, &fresh_key()).await.refused(403, "BOOKING_NOT_OWNED");
    create(&app, "ann", NOBODYS_ID, &fresh_key()).await.refused(404, "BOOKING_NOT_FOUND");
    create(&app, "ann", "A1", &fresh_key()).await.invalid("booking_id");
    app.clock.advance(HOLD_TTL);
    create(&app, "ann", &id, &fresh_key()).await.refused(400, "BOOKING_HOLD_EXPIRED");
    let other = app.held("ann", &showtime, ["A2"]).await;
    app.cancel("ann", &other).await.granted(200);
    create(&app, "ann", &other, &fresh_key()).await.refused(400, "BOOKING_NOT_PENDING");
    app.finish().await;
}

#[tokio::test]
async fn a_gateway_that_fails_is_a_retryable_error() {
    let gateway = FakeGateway::start().await;
    let app = gateway.shop().await;
    let showtime = app.showtime().await;
    let id = app.held("ann", &showtime, ["A1"]).await;
    let key = fresh_key();
    gateway.answers(500, None);
    let answer = create(&app, "ann", &id, &key).await;
    assert!(answer.refused(502, "PAYMENT_GATEWAY_ERROR").is_retryable());
    gateway.answers(201, None);
    create(&app, "ann", &id, &key).await.granted(201);
    app.finish().await;
}

#[tokio::test]
async fn what_costs_nothing_needs_no_payment() {
    let app = TestApp::start().await;
    let price = json!({ "standard": 0, "vip": 0, "couple": 0 });
    let showtime = app.showtime_with(json!({ "price": price })).await;
    let id = app.held("ann", &showtime, ["A1"]).await;
    let created = create(&app, "ann", &id, &fresh_key()).await.granted(201);
    assert!(created.body["payment_id"].is_null() && created.body["payment_url"].is_null());
    assert_eq!(app.status(&id).await, "confirmed");
    app.finish().await;
}
