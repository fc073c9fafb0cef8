use serde_json::json;

use crate::support::{HOLD_TTL, TestApp, fresh_key};

const TEN: [&str; 10] = ["A1", "A2", "A3", "A4", "A5", "A6", "A7", "A8", "A9", "A10"];
const ELEVEN: [&str; 11] = ["A1", "A2", "A3", "A4", "A5", "A6", "A7", "A8", "A9", "A10", "A11"];

#[tokio::test]
async fn one_request_may_name_ten_seats() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    app.hold("ann", &showtime, ELEVEN).await.invalid("seats");
    app.hold("ann", &showtime, TEN).await.granted(201);
    app.finish().await;
}

#[tokio::test]
async fn how_many_seats_one_request_may_name_is_configured() {
    let app = TestApp::with(|config| config.max_seats_per_hold = 2).await;
    let showtime = app.showtime().await;
    app.hold("ann", &showtime, ["A1", "A2", "A3"]).await.invalid("seats");
    app.hold("ann", &showtime, ["A1", "A2"]).await.granted(201);
    app.finish().await;
}

#[tokio::test]
async fn a_user_may_own_ten_live_seats_of_a_showtime() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    app.held("ann", &showtime, TEN).await;
    let answer = app.hold("ann", &showtime, ["A11"]).await.refused(409, "SEAT_LIMIT_REACHED");
    assert!(!answer.is_retryable());
    app.hold("bob", &showtime, ["A11"]).await.granted(201);
    app.finish().await;
}

#[tokio::test]
async fn booked_seats_count_and_the_limit_is_configured() {
    let app = TestApp::with(|config| config.max_seats_per_user = 3).await;
    let showtime = app.showtime().await;
    app.bought("ann", &showtime, ["A1", "A2"]).await;
    app.hold("ann", &showtime, ["A3", "A4"]).await.refused(409, "SEAT_LIMIT_REACHED");
    app.hold("ann", &showtime, ["A3"]).await.granted(201);
    app.hold("ann", &showtime, ["A4"]).await.refused(409, "SEAT_LIMIT_REACHED");
    app.finish().await;
}

#[tokio::test]
async fn expired_and_cancelled_seats_do_not_count() {
    let app = TestApp::with(|config| config.max_seats_per_user = 1).await;
    let showtime = app.showtime().await;
    app.held("ann", &showtime, ["A1"]).await;
    app.clock.advance(HOLD_TTL);
    let second = app.held("ann", &showtime, ["A2"]).await;
    app.cancel("ann", &second).await.granted(200);
    app.hold("ann", &showtime, ["A3"]).await.granted(201);
    app.finish().await;
}

#[tokio::test]
async fn each_showtime_counts_for_itself() {
    let app = TestApp::with(|config| config.max_seats_per_user = 1).await;
    let (one, other) = (app.showtime().await, app.showtime().await);
    app.hold("ann", &one, ["A1"]).await.granted(201);
    app.hold("ann", &other, ["A1"]).await.granted(201);
    app.finish().await;
}

#[tokio::test]
async fn a_label_has_one_to_sixteen_characters_of_a_few_kinds() {
    let app = TestApp::start().await;
    let longest = "Abcdefgh_-123456";
    let showtime = app.showtime_with(json!({ "layout": null, "seats": { longest: "vip" } })).await;
    app.hold("ann", &showtime, [longest]).await.granted(201);
    for label in ["", "Abcdefgh_-1234567", "A 1", "A.1", "$A1", "Ä1", "A\u{0}1", "A\n", "A/1"] {
        let body = json!({ "showtime_id": showtime, "seats": [label] });
        let call = app.post("/api/bookings/hold").by("ann").key(&fresh_key()).json(&body);
        call.send().await.invalid("seats[0]");
    }
    app.finish().await;
}
