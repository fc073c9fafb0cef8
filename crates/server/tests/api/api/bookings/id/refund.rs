//! `POST /api/bookings/{id}/refund`

use serde_json::json;

use crate::support::{FakeGateway, HOUR, MINUTE, NOBODYS_ID, TestApp, fresh_key};

#[tokio::test]
async fn a_sold_booking_is_given_back_whole() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let (booking, session) = app.buying("ann", &showtime, ["A1", "B1"]).await;
    app.pay(&session).await;
    let key = fresh_key();
    let answer = app.refund_with(&key, "ann", &booking).await.granted(200);
    let refund = session.payment.replace("PAY_", "RFD_");
    let expected = json!({
        "booking_id": booking, "status": "cancelled",
        "refund": { "id": refund, "amount": 250_000, "status": "refunded" },
    });
    assert_eq!(answer.body, expected);
    assert_eq!(app.status(&booking).await, "cancelled");
    assert_eq!(app.payment_status(&session).await, "refunded");
    assert_eq!(app.free_seats(&showtime).await, 28);

    let again = app.refund_with(&key, "ann", &booking).await.granted(200);
    assert!(!answer.is_replayed() && again.is_replayed());
    assert_eq!(again.bytes, answer.bytes);
    app.refund("ann", &booking).await.refused(400, "BOOKING_NOT_CONFIRMED");
    app.bought("bob", &showtime, ["A1"]).await;
    app.finish().await;
}

#[tokio::test]
async fn it_needs_a_key_a_sold_booking_and_its_owner() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let pending = app.held("ann", &showtime, ["A1"]).await;
    app.refund("ann", &pending).await.refused(400, "BOOKING_NOT_CONFIRMED");
    let booking = app.bought("ann", &showtime, ["A2"]).await;
    let path = format!("/api/bookings/{booking}/refund");
    app.post(&path).send().await.refused(401, "UNAUTHENTICATED");
    app.post(&path).by("ann").send().await.refused(400, "IDEMPOTENCY_KEY_REQUIRED");
    let malformed = app.post(&path).by("ann").key("17").send().await;
    malformed.refused(400, "IDEMPOTENCY_KEY_INVALID");
    app.refund("bob", &booking).await.refused(403, "BOOKING_NOT_OWNED");
    app.refund("ann", NOBODYS_ID).await.refused(404, "BOOKING_NOT_FOUND");
    app.refund("ann", "1").await.invalid("id");
    let used = fresh_key();
    app.hold_with(&used, "ann", &showtime, ["A3"]).await.granted(201);
    let reused = app.refund_with(&used, "ann", &booking).await;
    reused.refused(422, "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(app.status(&booking).await, "confirmed");
    app.finish().await;
}

#[tokio::test]
async fn owners_may_until_a_time_before_the_start_and_admins_always() {
    let app = TestApp::with(|config| config.refund_closes_seconds = 600).await;
    let showtime = app.showtime().await;
    let early = app.bought("ann", &showtime, ["A1"]).await;
    let late = app.bought("ann", &showtime, ["A2"]).await;
    app.clock.advance(HOUR - 10 * MINUTE - 1);
    app.refund("ann", &early).await.granted(200);
    app.clock.advance(1);
    app.refund("ann", &late).await.refused(400, "REFUND_WINDOW_CLOSED");
    app.clock.advance(5 * HOUR);
    let path = format!("/api/bookings/{late}/refund");
    app.post(&path).by_admin().key(&fresh_key()).send().await.granted(200);
    assert_eq!(app.status(&late).await, "cancelled");
    app.finish().await;
}

#[tokio::test]
async fn a_refund_the_gateway_has_not_made_is_pending() {
    let gateway = FakeGateway::start().await;
    let app = gateway.shop().await;
    let showtime = app.showtime().await;
    let (booking, session) = app.buying("ann", &showtime, ["A1"]).await;
    app.gateway_says(&session, "success").await;
    gateway.answers(500, None);
    let answer = app.refund("ann", &booking).await.granted(200);
    assert_eq!(answer.text("/refund/status"), "refund_pending");
    assert_eq!(app.payment_status(&session).await, "refund_pending");
    assert_eq!(app.seat(&showtime, "A1").await, "available");
    gateway.answers(201, None);
    let path = "/api/admin/reconcile";
    let done = app.post(path).by_admin().send().await.granted(200);
    assert_eq!((&done.body["refunds"], &done.body["refunds_open"]), (&json!(1), &json!(0)));
    assert_eq!(app.payment_status(&session).await, "refunded");
    app.finish().await;
}
