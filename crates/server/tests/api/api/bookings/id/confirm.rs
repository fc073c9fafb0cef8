//! `POST /api/bookings/{id}/confirm`: what it does, and what it refuses.

use serde_json::json;

use crate::support::{HOLD_TTL, MINUTE, NOBODYS_ID, TestApp, fresh_key};

#[tokio::test]
async fn confirming_says_where_to_pay() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let held = app.hold("ann", &showtime, ["A1"]).await.granted(201);
    let id = held.text("booking_id");
    let body = json!({ "payment_method": "momo", "return_url": "https://shop.example/paid" });
    let confirmed = app.confirm_with(&fresh_key(), "ann", id, &body).await.granted(200);
    let expected = json!({
        "booking_id": id, "booking_code": held.text("booking_code"),
        "payment_id": confirmed.text("payment_id"), "payment_url": confirmed.text("payment_url"),
        "expires_at": "2084-01-15T10:40:00.000Z",
    });
    assert_eq!(confirmed.body, expected);
    let uuid = confirmed.text("payment_id").strip_prefix("PAY_").expect("a payment id");
    assert!(uuid.parse::<uuid::Uuid>().is_ok(), "{uuid}");
    assert!(confirmed.text("payment_url").starts_with(&app.base));
    assert_eq!(app.status(id).await, "pending", "until it is paid");
    app.finish().await;
}

#[tokio::test]
async fn every_method_can_be_paid() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    for (method, seat) in [("momo", "A1"), ("vnpay", "A2"), ("zalopay", "A3"), ("card", "A4")] {
        let id = app.held("ann", &showtime, [seat]).await;
        let session = app.session_by("ann", &id, method).await;
        assert_eq!(session.method, method);
        app.pay(&session).await;
        assert_eq!(app.status(&id).await, "confirmed", "{method}");
    }
    app.finish().await;
}

#[tokio::test]
async fn confirming_twice_leads_to_the_same_session() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let id = app.held("ann", &showtime, ["A1"]).await;
    let first = app.confirm("ann", &id, "momo").await.granted(200);
    app.clock.advance(MINUTE);
    let second = app.confirm("ann", &id, "momo").await.granted(200);
    assert_eq!(first.bytes, second.bytes);
    assert!(!second.is_replayed(), "another key is another request");
    app.finish().await;
}

#[tokio::test]
async fn another_method_begins_anew_and_money_on_the_first_still_counts() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let id = app.held("ann", &showtime, ["A1"]).await;
    let momo = app.session_by("ann", &id, "momo").await;
    let card = app.session_by("ann", &id, "card").await;
    assert_ne!(momo.payment, card.payment);
    assert_eq!(app.payment_status(&momo).await, "failed");
    app.pay(&momo).await;
    assert_eq!(app.status(&id).await, "confirmed");
    app.pay(&card).await;
    assert_eq!(app.payment_status(&momo).await, "completed");
    assert_eq!(app.payment_status(&card).await, "refunded", "the seats are sold once");
    app.finish().await;
}

#[tokio::test]
async fn a_cancelled_or_confirmed_booking_is_not_pending() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let cancelled = app.held("ann", &showtime, ["A1"]).await;
    app.cancel("ann", &cancelled).await.granted(200);
    app.confirm("ann", &cancelled, "momo").await.refused(400, "BOOKING_NOT_PENDING");
    let confirmed = app.bought("ann", &showtime, ["A2"]).await;
    app.confirm("ann", &confirmed, "momo").await.refused(400, "BOOKING_NOT_PENDING");
    app.finish().await;
}

#[tokio::test]
async fn an_expired_hold_cannot_be_confirmed() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let id = app.held("ann", &showtime, ["A1"]).await;
    app.clock.advance(HOLD_TTL);
    app.confirm("ann", &id, "momo").await.refused(400, "BOOKING_HOLD_EXPIRED");
    app.finish().await;
}

#[tokio::test]
async fn only_its_owner_may_confirm_it() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let id = app.held("ann", &showtime, ["A1"]).await;
    app.confirm("bob", &id, "momo").await.refused(403, "BOOKING_NOT_OWNED");
    app.confirm("ann", NOBODYS_ID, "momo").await.refused(404, "BOOKING_NOT_FOUND");
    app.confirm("ann", "A1", "momo").await.invalid("id");
    app.finish().await;
}

#[tokio::test]
async fn method_and_return_url_must_be_what_they_say() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let id = app.held("ann", &showtime, ["A1"]).await;
    for method in ["", "paypal", "MOMO", "momo\u{0}"] {
        app.confirm("ann", &id, method).await.invalid("payment_method");
    }
    for url in
        ["", "/paid", "shop.example", "ftp://shop.example/", "javascript:alert(1)", "http://"]
    {
        let body = json!({ "payment_method": "momo", "return_url": url });
        app.confirm_with(&fresh_key(), "ann", &id, &body).await.invalid("return_url");
    }
    app.finish().await;
}

#[tokio::test]
async fn what_costs_nothing_is_confirmed_at_once() {
    let app = TestApp::start().await;
    let price = json!({ "standard": 0, "vip": 0, "couple": 0 });
    let showtime = app.showtime_with(json!({ "price": price })).await;
    let held = app.hold("ann", &showtime, ["A1", "B1"]).await.granted(201);
    let (id, key) = (held.text("booking_id"), fresh_key());
    let body = json!({ "payment_method": "momo" });
    let confirmed = app.confirm_with(&key, "ann", id, &body).await.granted(200);
    let expected = json!({
        "booking_id": id, "booking_code": held.text("booking_code"), "payment_id": null,
        "payment_url": null, "expires_at": "2084-01-15T10:40:00.000Z", "status": "confirmed",
    });
    assert_eq!(confirmed.body, expected);
    assert_eq!(app.status(id).await, "confirmed");
    assert_eq!(app.seat(&showtime, "B1").await, "booked");
    let again = app.confirm_with(&key, "ann", id, &body).await.granted(200);
    assert!(again.is_replayed());
    assert_eq!(again.bytes, confirmed.bytes);
    app.finish().await;
}

#[tokio::test]
async fn without_a_gateway_no_method_is_available() {
    let app = TestApp::with_tokens().await;
    let showtime = app.showtime().await;
    let id = app.held("ann", &showtime, ["A1"]).await;
    app.confirm("ann", &id, "momo").await.refused(400, "PAYMENT_METHOD_UNAVAILABLE");
    assert_eq!(app.status(&id).await, "pending");
    app.finish().await;
}
