//! The money comes when the hold is gone.

use crate::support::{FakeGateway, HOLD_TTL, MINUTE, Session, TestApp};

async fn stage() -> (FakeGateway, TestApp, String, String, Session) {
    let gateway = FakeGateway::start().await;
    let app = gateway.shop().await;
    let showtime = app.showtime().await;
    let (booking, session) = app.buying("ann", &showtime, ["A1", "A2"]).await;
    (gateway, app, showtime, booking, session)
}

/// The money went back, once.
async fn refunded_once(app: &TestApp, gateway: &FakeGateway, session: &Session) {
    assert_eq!(app.payment_status(session).await, "refunded");
    let [refund] = &gateway.refunds()[..] else { panic!("one refund") };
    assert_eq!(refund["payment_id"], session.payment);
    assert_eq!(refund["amount"], session.amount);
}

#[tokio::test]
async fn seats_that_are_still_free_are_sold_after_all() {
    let (gateway, app, showtime, booking, session) = stage().await;
    app.clock.advance(HOLD_TTL + MINUTE);
    assert_eq!(app.status(&booking).await, "expired");
    app.gateway_says(&session, "success").await;
    assert_eq!(app.status(&booking).await, "confirmed");
    assert_eq!(app.payment_status(&session).await, "completed");
    assert_eq!(app.seat(&showtime, "A2").await, "booked");
    assert!(gateway.refunds().is_empty());
    app.finish().await;
}

#[tokio::test]
async fn the_sweep_makes_no_difference_to_that() {
    let (gateway, app, showtime, booking, session) = stage().await;
    app.clock.advance(HOLD_TTL + MINUTE);
    app.sweep().await;
    app.gateway_says(&session, "success").await;
    assert_eq!(app.status(&booking).await, "confirmed");
    assert_eq!(app.seat(&showtime, "A1").await, "booked");
    assert!(gateway.refunds().is_empty());
    app.finish().await;
}

#[tokio::test]
async fn seats_that_somebody_else_holds_stay_theirs_and_the_money_goes_back() {
    let (gateway, app, showtime, booking, session) = stage().await;
    app.clock.advance(HOLD_TTL);
    let taken = app.held("bob", &showtime, ["A2"]).await;
    app.gateway_says(&session, "success").await;
    refunded_once(&app, &gateway, &session).await;
    assert_eq!(app.status(&booking).await, "expired");
    assert_eq!(app.status(&taken).await, "pending");
    assert_eq!(app.seat(&showtime, "A1").await, "available", "all or nothing");
    let theirs = app.session("bob", &taken).await;
    app.gateway_says(&theirs, "success").await;
    assert_eq!(app.status(&taken).await, "confirmed");
    app.finish().await;
}

#[tokio::test]
async fn seats_that_somebody_else_bought_stay_theirs() {
    let (gateway, app, showtime, booking, session) = stage().await;
    app.clock.advance(HOLD_TTL);
    let (taken, theirs) = app.buying("bob", &showtime, ["A1"]).await;
    app.gateway_says(&theirs, "success").await;
    app.gateway_says(&session, "success").await;
    refunded_once(&app, &gateway, &session).await;
    assert_eq!(app.status(&taken).await, "confirmed");
    assert_eq!(app.status(&booking).await, "expired");
    app.finish().await;
}

#[tokio::test]
async fn a_cancelled_booking_is_never_sold_again() {
    let (gateway, app, showtime, booking, session) = stage().await;
    app.cancel("ann", &booking).await.granted(200);
    app.gateway_says(&session, "success").await;
    refunded_once(&app, &gateway, &session).await;
    assert_eq!(app.status(&booking).await, "cancelled");
    assert_eq!(app.seat(&showtime, "A1").await, "available");
    app.gateway_says(&session, "success").await;
    refunded_once(&app, &gateway, &session).await;
    app.finish().await;
}

#[tokio::test]
async fn a_cancelled_showtime_is_never_sold() {
    let (gateway, app, showtime, booking, session) = stage().await;
    app.cancel_showtime(&showtime).await.granted(200);
    app.gateway_says(&session, "success").await;
    refunded_once(&app, &gateway, &session).await;
    assert_eq!(app.status(&booking).await, "cancelled");
    app.finish().await;
}

#[tokio::test]
async fn whatever_the_seat_limit_late_money_buys_free_seats() {
    let gateway = FakeGateway::start().await;
    let app = gateway.shop_with(|config| config.max_seats_per_user = 1).await;
    let showtime = app.showtime().await;
    let (late, session) = app.buying("ann", &showtime, ["A1"]).await;
    app.clock.advance(HOLD_TTL);
    app.held("ann", &showtime, ["A2"]).await;
    app.gateway_says(&session, "success").await;
    assert_eq!(app.status(&late).await, "confirmed");
    app.finish().await;
}

#[tokio::test]
async fn a_seat_taken_anew_by_the_same_user_is_another_booking() {
    let (gateway, app, showtime, booking, session) = stage().await;
    app.clock.advance(HOLD_TTL);
    let again = app.held("ann", &showtime, ["A1"]).await;
    app.gateway_says(&session, "success").await;
    refunded_once(&app, &gateway, &session).await;
    assert_eq!(app.status(&booking).await, "expired");
    assert_eq!(app.status(&again).await, "pending");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_and_cancellation_at_once_end_in_exactly_one_of_both() {
    let gateway = FakeGateway::start().await;
    let app = gateway.shop().await;
    let showtime = app.showtime().await;
    let mut refunds = 0;
    for seat in ["A1", "A2", "A3", "A4", "A5", "A6", "A7", "A8", "A9", "A10"] {
        let (booking, session) = app.buying("ann", &showtime, [seat]).await;
        let word = session.word("success");
        let (cancelled, taken) =
            tokio::join!(app.cancel("ann", &booking), app.webhook("momo", &word));
        taken.granted(200);
        let ended = (app.status(&booking).await, app.payment_status(&session).await);
        if cancelled.status == 200 {
            refunds += 1;
            assert_eq!(ended, ("cancelled".to_owned(), "refunded".to_owned()));
            assert_eq!(app.seat(&showtime, seat).await, "available");
        } else {
            cancelled.refused(400, "BOOKING_NOT_PENDING");
            assert_eq!(ended, ("confirmed".to_owned(), "completed".to_owned()));
            assert_eq!(app.seat(&showtime, seat).await, "booked");
        }
    }
    assert_eq!(gateway.refunds().len(), refunds);
    app.finish().await;
}
