//! The ways of a buyer, from the first click to the last.

use crate::support::{HOLD_TTL, MINUTE, TestApp};

#[tokio::test]
async fn hold_confirm_pay_and_the_seats_are_mine() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let (booking, session) = app.buying("ann", &showtime, ["A1", "A2"]).await;
    app.clock.advance(2 * MINUTE);
    app.pay(&session).await;
    assert_eq!(app.status(&booking).await, "confirmed");
    assert_eq!(app.payment_status(&session).await, "completed");
    app.clock.advance(2 * HOLD_TTL);
    app.sweep().await;
    assert_eq!(app.status(&booking).await, "confirmed", "for good");
    for seat in ["A1", "A2"] {
        assert_eq!(app.seat(&showtime, seat).await, "booked");
        app.hold("bob", &showtime, [seat]).await.refused(409, "SEAT_ALREADY_BOOKED");
    }
    assert_eq!(app.free_seats(&showtime).await, 26);
    app.finish().await;
}

#[tokio::test]
async fn hold_wait_too_long_and_somebody_else_takes_it() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let lost = app.held("ann", &showtime, ["A1"]).await;
    app.clock.advance(HOLD_TTL - 1);
    app.hold("bob", &showtime, ["A1"]).await.refused(409, "SEAT_HELD_BY_ANOTHER");
    app.clock.advance(1);
    let taken = app.bought("bob", &showtime, ["A1"]).await;
    assert_eq!(app.status(&lost).await, "expired");
    app.clock.advance(MINUTE);
    app.sweep().await;
    assert_eq!(app.status(&lost).await, "expired");
    assert_eq!(app.status(&taken).await, "confirmed");
    app.finish().await;
}

#[tokio::test]
async fn hold_cancel_and_the_seat_is_free() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let given_back = app.held("ann", &showtime, ["A1"]).await;
    app.cancel("ann", &given_back).await.granted(200);
    assert_eq!(app.seat(&showtime, "A1").await, "available");
    app.bought("bob", &showtime, ["A1"]).await;
    assert_eq!(app.status(&given_back).await, "cancelled");
    app.finish().await;
}

#[tokio::test]
async fn decline_and_the_seats_are_still_held_and_can_be_paid_again() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let (booking, declined) = app.buying("ann", &showtime, ["A1"]).await;
    app.decline(&declined).await;
    assert_eq!(app.status(&booking).await, "pending");
    assert_eq!(app.seat(&showtime, "A1").await, "held");
    let second = app.session("ann", &booking).await;
    app.pay(&second).await;
    assert_eq!(app.status(&booking).await, "confirmed");
    assert_eq!(app.payment_status(&declined).await, "failed");
    app.finish().await;
}

#[tokio::test]
async fn pay_too_late_and_the_money_comes_back() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let (late, session) = app.buying("ann", &showtime, ["A1"]).await;
    app.clock.advance(HOLD_TTL);
    let taken = app.bought("bob", &showtime, ["A1"]).await;
    app.pay(&session).await;
    assert_eq!(app.payment_status(&session).await, "refunded");
    assert_eq!(app.status(&late).await, "expired");
    assert_eq!(app.status(&taken).await, "confirmed");
    app.finish().await;
}
