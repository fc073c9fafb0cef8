use crate::support::{HOLD_TTL, State, TestApp};

#[tokio::test]
async fn a_sold_seat_is_booked() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    app.bought("bob", &showtime, ["A1"]).await;
    let before = State::of(&app, &showtime, &["ann", "bob"]).await;
    let answer = app.hold("ann", &showtime, ["A1", "A2"]).await.refused(409, "SEAT_ALREADY_BOOKED");
    assert_eq!(answer.seats(), ["A1"]);
    assert!(!answer.is_retryable());
    assert_eq!(State::of(&app, &showtime, &["ann", "bob"]).await, before);
    app.finish().await;
}

#[tokio::test]
async fn a_sold_seat_is_booked_for_its_owner_too() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    app.bought("ann", &showtime, ["A1"]).await;
    app.hold("ann", &showtime, ["A1"]).await.refused(409, "SEAT_ALREADY_BOOKED");
    app.finish().await;
}

#[tokio::test]
async fn a_seat_somebody_else_holds_is_taken() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    app.held("bob", &showtime, ["A1", "A2"]).await;
    let before = State::of(&app, &showtime, &["ann", "bob"]).await;
    let answer = app.hold("ann", &showtime, ["A2", "A3"]).await;
    let answer = answer.refused(409, "SEAT_HELD_BY_ANOTHER");
    assert_eq!(answer.seats(), ["A2"]);
    assert!(!answer.is_retryable(), "a lost race is no overload");
    assert!(!answer.body.to_string().contains("bob"), "nobody learns who holds it");
    assert_eq!(State::of(&app, &showtime, &["ann", "bob"]).await, before);
    app.finish().await;
}

#[tokio::test]
async fn a_seat_the_caller_holds_names_the_booking_to_resume() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let booking = app.held("ann", &showtime, ["A1", "A2"]).await;
    let answer = app.hold("ann", &showtime, ["A2", "A3"]).await.refused(409, "SEAT_HELD_BY_YOU");
    assert_eq!(answer.seats(), ["A2"]);
    assert_eq!(answer.text("booking_id"), booking);
    app.booking("ann", answer.text("booking_id")).await.granted(200);
    app.finish().await;
}

/// B1 is sold, A1 held by bob, A2 by ann, A3 free, and ann has nothing left to
/// take: whatever applies first is said, with its seats alone.
#[tokio::test]
async fn what_applies_first_is_said_with_its_seats_alone() {
    let app = TestApp::with(|config| config.max_seats_per_user = 1).await;
    let showtime = app.showtime().await;
    app.bought("carl", &showtime, ["B1"]).await;
    app.held("bob", &showtime, ["A1"]).await;
    app.held("ann", &showtime, ["A2"]).await;

    let refused = async |seats: &[&'static str], status, code, at_fault: &[&str]| {
        let answer = app.hold("ann", &showtime, seats).await.refused(status, code);
        assert_eq!(answer.seats(), at_fault);
    };
    refused(&["A3", "A2", "A1", "B1", "Z1"], 400, "INVALID_SEAT", &["Z1"]).await;
    refused(&["A3", "A2", "A1", "B1"], 409, "SEAT_ALREADY_BOOKED", &["B1"]).await;
    refused(&["A3", "A2", "A1"], 409, "SEAT_HELD_BY_ANOTHER", &["A1"]).await;
    refused(&["A3", "A2"], 409, "SEAT_HELD_BY_YOU", &["A2"]).await;
    refused(&["A3"], 409, "SEAT_LIMIT_REACHED", &[]).await;
    app.finish().await;
}

#[tokio::test]
async fn an_invalid_seat_is_said_before_a_showtime_that_is_over() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    app.cancel_showtime(&showtime).await.granted(200);
    app.hold("ann", &showtime, ["Z1"]).await.refused(400, "INVALID_SEAT");
    app.finish().await;
}

#[tokio::test]
async fn an_expired_hold_is_nobodys_not_even_the_callers() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let first = app.held("ann", &showtime, ["A1"]).await;
    app.clock.advance(HOLD_TTL);
    let second = app.held("ann", &showtime, ["A1"]).await;
    assert_ne!(first, second);
    assert_eq!(app.status(&first).await, "expired");
    app.finish().await;
}
