use serde_json::json;

use crate::support::{HOLD_TTL, MINUTE, NOBODYS_ID, TestApp, at};

#[tokio::test]
async fn a_booking_shows_its_seats_and_prices() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let held = app.hold("ann", &showtime, ["B1", "A1"]).await.granted(201);
    let id = held.text("booking_id");
    let expected = json!({
        "id": id, "booking_code": held.text("booking_code"), "showtime_id": showtime,
        "user_id": "ann",
        "seats": [{ "seat_id": "B1", "seat_type": "vip", "price": 150_000 },
                  { "seat_id": "A1", "seat_type": "standard", "price": 100_000 }],
        "total_amount": 250_000, "discount_amount": 0, "final_amount": 250_000,
        "currency": "VND", "status": "pending", "held_at": "2084-01-15T10:30:00.000Z",
        "hold_expires_at": "2084-01-15T10:40:00.000Z", "confirmed_at": null,
        "cancelled_at": null, "created_at": "2084-01-15T10:30:00.000Z",
        "updated_at": "2084-01-15T10:30:00.000Z",
    });
    assert_eq!(app.booking("ann", id).await.granted(200).body, expected);
    app.finish().await;
}

#[tokio::test]
async fn a_hold_reads_expired_the_instant_its_time_has_passed() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let id = app.held("ann", &showtime, ["A1"]).await;
    app.clock.advance(HOLD_TTL - 1);
    assert_eq!(app.booking("ann", &id).await.text("status"), "pending");
    app.clock.advance(1);
    assert_eq!(app.booking("ann", &id).await.text("status"), "expired");
    app.clock.advance(2 * MINUTE);
    app.sweep().await;
    assert_eq!(app.booking("ann", &id).await.text("status"), "expired");
    app.finish().await;
}

#[tokio::test]
async fn a_booking_says_when_it_was_paid_and_when_cancelled() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let (paid, session) = app.buying("ann", &showtime, ["A1"]).await;
    app.clock.advance(MINUTE);
    app.pay(&session).await;
    let booking = app.booking("ann", &paid).await.granted(200);
    assert_eq!(booking.text("status"), "confirmed");
    assert_eq!(booking.text("confirmed_at"), at(app.now()));

    let cancelled = app.held("ann", &showtime, ["A2"]).await;
    app.clock.advance(MINUTE);
    app.cancel("ann", &cancelled).await.granted(200);
    let booking = app.booking("ann", &cancelled).await.granted(200);
    assert_eq!(booking.text("status"), "cancelled");
    assert_eq!(booking.text("cancelled_at"), at(app.now()));
    app.finish().await;
}

#[tokio::test]
async fn only_its_owner_and_admins_may_read_it() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let id = app.held("ann", &showtime, ["A1"]).await;
    app.booking("bob", &id).await.refused(403, "BOOKING_NOT_OWNED");
    let path = format!("/api/bookings/{id}");
    let seen = app.get(&path).by_admin().send().await.granted(200);
    assert_eq!(seen.text("user_id"), "ann");
    app.get(&path).send().await.refused(401, "UNAUTHENTICATED");
    app.finish().await;
}

#[tokio::test]
async fn an_unknown_booking_is_not_found_and_a_bad_id_is_invalid() {
    let app = TestApp::start().await;
    app.booking("ann", NOBODYS_ID).await.refused(404, "BOOKING_NOT_FOUND");
    for id in ["x", "0123456789abcdef0123456g", "0123456789abcdef012345678", "%FF", "%00"] {
        app.booking("ann", id).await.invalid("id");
    }
    app.finish().await;
}
