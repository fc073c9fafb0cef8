use serde_json::json;

use crate::support::{HOLD_TTL, MINUTE, NOBODYS_ID, TestApp, fresh_key};

#[tokio::test]
async fn cancelling_frees_the_seats() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let held = app.hold("ann", &showtime, ["A2", "A1"]).await.granted(201);
    let id = held.text("booking_id");
    let expected = json!({
        "booking_id": id, "booking_code": held.text("booking_code"), "status": "cancelled",
        "cancelled_at": "2084-01-15T10:30:00.000Z", "seats_released": ["A2", "A1"],
    });
    assert_eq!(app.cancel("ann", id).await.granted(200).body, expected);
    assert_eq!(app.status(id).await, "cancelled");
    assert_eq!(app.free_seats(&showtime).await, 28);
    app.hold("bob", &showtime, ["A1", "A2"]).await.granted(201);
    app.finish().await;
}

#[tokio::test]
async fn repeating_it_gives_the_same_answer() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let id = app.held("ann", &showtime, ["A1"]).await;
    let first = app.cancel("ann", &id).await.granted(200);
    app.held("bob", &showtime, ["A1"]).await;
    app.clock.advance(MINUTE);
    let again = app.cancel("ann", &id).await.granted(200);
    assert_eq!(again.bytes, first.bytes);
    assert_eq!(app.seat(&showtime, "A1").await, "held", "bob keeps it");
    app.finish().await;
}

#[tokio::test]
async fn a_key_is_optional_and_replays() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let id = app.held("ann", &showtime, ["A1"]).await;
    let (path, key) = (format!("/api/bookings/{id}"), fresh_key());
    let first = app.delete(&path).by("ann").key(&key).send().await.granted(200);
    let again = app.delete(&path).by("ann").key(&key).send().await.granted(200);
    assert!(!first.is_replayed() && again.is_replayed());
    assert_eq!(again.bytes, first.bytes);

    let other = app.held("ann", &showtime, ["A1"]).await;
    let path = format!("/api/bookings/{other}");
    let reused = app.delete(&path).by("ann").key(&key).send().await;
    reused.refused(422, "IDEMPOTENCY_KEY_REUSED");
    let malformed = app.delete(&path).by("ann").key("17").send().await;
    malformed.refused(400, "IDEMPOTENCY_KEY_INVALID");
    assert_eq!(app.status(&other).await, "pending");
    app.finish().await;
}

#[tokio::test]
async fn a_confirmed_booking_is_not_pending() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let id = app.bought("ann", &showtime, ["A1"]).await;
    app.cancel("ann", &id).await.refused(400, "BOOKING_NOT_PENDING");
    assert_eq!(app.seat(&showtime, "A1").await, "booked");
    app.finish().await;
}

#[tokio::test]
async fn an_expired_booking_is_not_pending() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let id = app.held("ann", &showtime, ["A1"]).await;
    app.clock.advance(HOLD_TTL);
    app.cancel("ann", &id).await.refused(400, "BOOKING_NOT_PENDING");
    assert_eq!(app.status(&id).await, "expired");
    app.finish().await;
}

#[tokio::test]
async fn only_its_owner_may_cancel_it() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let id = app.held("ann", &showtime, ["A1"]).await;
    app.cancel("bob", &id).await.refused(403, "BOOKING_NOT_OWNED");
    app.cancel("ann", NOBODYS_ID).await.refused(404, "BOOKING_NOT_FOUND");
    app.cancel("ann", "A1").await.invalid("id");
    assert_eq!(app.status(&id).await, "pending");
    app.finish().await;
}

#[tokio::test]
async fn a_showtime_that_has_started_still_lets_go() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    app.clock.advance(59 * MINUTE);
    let id = app.held("ann", &showtime, ["A1"]).await;
    app.clock.advance(2 * MINUTE);
    app.cancel("ann", &id).await.granted(200);
    app.finish().await;
}
