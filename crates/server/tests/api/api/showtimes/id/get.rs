//! `GET /api/showtimes/{id}`

use serde_json::json;

use crate::support::{HOLD_TTL, HOUR, NOBODYS_ID, TestApp};

#[tokio::test]
async fn a_showtime_is_shown_to_everybody() {
    let app = TestApp::start().await;
    let id = app.showtime().await;
    let expected = json!({
        "id": id, "title": "Evening show", "movie_id": "movie-1", "cinema_id": "cinema-1",
        "screen_id": "screen-1", "currency": "VND", "status": "scheduled",
        "start_time": "2084-01-15T11:30:00.000Z", "end_time": "2084-01-15T13:30:00.000Z",
        "price": { "standard": 100_000, "vip": 150_000, "couple": 250_000 },
        "total_seats": 28, "available_seats": 28, "created_at": "2084-01-15T10:30:00.000Z",
    });
    let answer = app.get(&format!("/api/showtimes/{id}")).send().await.granted(200);
    assert_eq!(answer.body, expected);
    app.finish().await;
}

#[tokio::test]
async fn available_seats_follow_every_change_and_every_expiry() {
    let app = TestApp::start().await;
    let id = app.showtime().await;
    let booking = app.held("ann", &id, ["A1", "A2"]).await;
    assert_eq!(app.free_seats(&id).await, 26);
    app.cancel("ann", &booking).await.granted(200);
    assert_eq!(app.free_seats(&id).await, 28);
    app.bought("ann", &id, ["A1"]).await;
    app.held("bob", &id, ["A2", "A3"]).await;
    assert_eq!(app.free_seats(&id).await, 25);
    app.clock.advance(HOLD_TTL);
    assert_eq!(app.free_seats(&id).await, 27);
    app.sweep().await;
    assert_eq!(app.free_seats(&id).await, 27);
    app.finish().await;
}

#[tokio::test]
async fn its_status_follows_time_and_cancellation() {
    let app = TestApp::start().await;
    let (ends, goes) = (app.showtime().await, app.showtime().await);
    app.cancel_showtime(&goes).await.granted(200);
    app.clock.advance(3 * HOUR);
    for (id, status) in [(ends, "completed"), (goes, "cancelled")] {
        let answer = app.get(&format!("/api/showtimes/{id}")).send().await.granted(200);
        assert_eq!(answer.text("status"), status);
    }
    app.finish().await;
}

#[tokio::test]
async fn an_unknown_showtime_is_not_found_and_a_bad_id_is_invalid() {
    let app = TestApp::start().await;
    let unknown = app.get(&format!("/api/showtimes/{NOBODYS_ID}")).send().await;
    unknown.refused(404, "SHOWTIME_NOT_FOUND");
    app.seats(NOBODYS_ID).await.refused(404, "SHOWTIME_NOT_FOUND");
    for id in ["1", "undefined", "%FF", "0123456789abcdef0123456%20"] {
        app.get(&format!("/api/showtimes/{id}")).send().await.invalid("id");
        app.seats(id).await.invalid("id");
    }
    app.finish().await;
}
