use serde_json::json;

use crate::support::{HOLD_TTL, HOUR, MINUTE, SECOND, TestApp, at};

#[tokio::test]
async fn free_seats_are_held_all_of_them() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let held = app.hold("ann", &showtime, ["A3", "B1", "C2"]).await.granted(201);

    let (id, code) = (held.text("booking_id").to_owned(), held.text("booking_code").to_owned());
    let expected = json!({
        "booking_id": id, "booking_code": code, "showtime_id": showtime,
        "seats": ["A3", "B1", "C2"], "total_amount": 500_000, "final_amount": 500_000,
        "currency": "VND", "status": "pending", "held_at": "2084-01-15T10:30:00.000Z",
        "hold_expires_at": "2084-01-15T10:40:00.000Z", "created_at": "2084-01-15T10:30:00.000Z",
    });
    assert_eq!(held.body, expected);
    assert_eq!(held.header("location"), Some(&*format!("/api/bookings/{id}")));
    assert_eq!(held.header("content-type"), Some("application/json"));
    assert!(!held.is_replayed());
    assert!(id.len() == 24 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
    assert!(code.starts_with("BK-") && code.len() == 11, "{code}");

    let map = app.seats(&showtime).await;
    for seat in ["A3", "B1", "C2"] {
        assert_eq!(map.text(&format!("/seats/{seat}/status")), "held");
    }
    assert_eq!(app.free_seats(&showtime).await, 25);
    app.finish().await;
}

#[tokio::test]
async fn seats_are_named_in_the_order_asked_for() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let held = app.hold("ann", &showtime, ["A10", "A2", "A1"]).await.granted(201);
    assert_eq!(held.body["seats"], json!(["A10", "A2", "A1"]));
    let booking = app.booking("ann", held.text("booking_id")).await.granted(200);
    let seats = booking.body["seats"].as_array().expect("seats");
    let labels: Vec<_> = seats.iter().map(|seat| &seat["seat_id"]).collect();
    assert_eq!(labels, ["A10", "A2", "A1"]);
    app.finish().await;
}

#[tokio::test]
async fn the_location_leads_to_the_booking() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let held = app.hold("ann", &showtime, ["A1"]).await.granted(201);
    let path = held.header("location").expect("a location");
    let booking = app.get(path).by("ann").send().await.granted(200);
    assert_eq!(booking.text("id"), held.text("booking_id"));
    app.finish().await;
}

#[tokio::test]
async fn a_hold_lasts_as_long_as_configured() {
    let app = TestApp::with(|config| config.hold_ttl_seconds = 5).await;
    let showtime = app.showtime().await;
    let held = app.hold("ann", &showtime, ["A1"]).await.granted(201);
    assert_eq!(held.text("hold_expires_at"), at(app.now() + 5 * SECOND));
    app.clock.advance(5 * SECOND - 1);
    app.hold("bob", &showtime, ["A1"]).await.refused(409, "SEAT_HELD_BY_ANOTHER");
    app.clock.advance(1);
    app.hold("bob", &showtime, ["A1"]).await.granted(201);
    app.finish().await;
}

#[tokio::test]
async fn an_expired_hold_is_free_at_that_instant_without_any_clean_up() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let lost = app.held("ann", &showtime, ["A1", "A2"]).await;
    app.clock.advance(HOLD_TTL);
    let taken = app.held("bob", &showtime, ["A1"]).await;
    assert_eq!(app.status(&lost).await, "expired");
    assert_eq!(app.status(&taken).await, "pending");
    assert_eq!(app.seat(&showtime, "A2").await, "available");
    app.sweep().await;
    assert_eq!(app.status(&taken).await, "pending", "the sweep takes no live hold");
    app.finish().await;
}

#[tokio::test]
async fn seats_can_be_held_until_the_start_and_paid_until_the_hold_ends() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    app.clock.advance(HOUR - MINUTE);
    let booking = app.held("ann", &showtime, ["A1"]).await;
    app.clock.advance(2 * MINUTE);
    app.hold("bob", &showtime, ["A2"]).await.refused(400, "SHOWTIME_ALREADY_STARTED");
    let session = app.session("ann", &booking).await;
    app.pay(&session).await;
    assert_eq!(app.status(&booking).await, "confirmed");
    app.finish().await;
}

#[tokio::test]
async fn a_user_may_hold_several_times() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let first = app.held("ann", &showtime, ["A1"]).await;
    let second = app.held("ann", &showtime, ["A2"]).await;
    assert_ne!(first, second);
    app.finish().await;
}
