//! Gateways repeat themselves and come in any order.

use futures_util::future::join_all;

use crate::support::{FakeGateway, Session, TestApp};

async fn stage() -> (FakeGateway, TestApp, String, Session) {
    let gateway = FakeGateway::start().await;
    let app = gateway.shop().await;
    let showtime = app.showtime().await;
    let (booking, session) = app.buying("ann", &showtime, ["A1"]).await;
    (gateway, app, booking, session)
}

#[tokio::test]
async fn repeats_have_no_further_effect_and_get_the_same_answer() {
    let (gateway, app, booking, session) = stage().await;
    let first = app.webhook("momo", &session.word("success")).await.granted(200);
    for _ in 0..3 {
        let again = app.webhook("momo", &session.word("success")).await.granted(200);
        assert_eq!(again.bytes, first.bytes);
    }
    assert_eq!(app.status(&booking).await, "confirmed");
    assert_eq!(app.payment_status(&session).await, "completed");
    assert!(gateway.refunds().is_empty());
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_repeats_at_once_sell_the_seats_once() {
    let (gateway, app, booking, session) = stage().await;
    let word = session.word("success");
    for answer in join_all((0..20).map(|_| app.webhook("momo", &word))).await {
        answer.granted(200);
    }
    assert_eq!(app.status(&booking).await, "confirmed");
    assert!(gateway.refunds().is_empty());
    app.finish().await;
}

#[tokio::test]
async fn a_failure_ends_the_payment_only_and_the_hold_can_be_paid_again() {
    let (_gateway, app, booking, session) = stage().await;
    app.gateway_says(&session, "failed").await;
    assert_eq!(app.payment_status(&session).await, "failed");
    assert_eq!(app.status(&booking).await, "pending");
    let second = app.session("ann", &booking).await;
    assert_ne!(second.payment, session.payment);
    app.gateway_says(&second, "success").await;
    assert_eq!(app.status(&booking).await, "confirmed");
    app.finish().await;
}

#[tokio::test]
async fn a_success_after_a_failure_counts() {
    let (gateway, app, booking, session) = stage().await;
    app.gateway_says(&session, "failed").await;
    app.gateway_says(&session, "success").await;
    assert_eq!(app.payment_status(&session).await, "completed");
    assert_eq!(app.status(&booking).await, "confirmed");
    assert!(gateway.refunds().is_empty());
    app.finish().await;
}

#[tokio::test]
async fn a_failure_after_a_success_is_ignored() {
    let (_gateway, app, booking, session) = stage().await;
    app.gateway_says(&session, "success").await;
    app.gateway_says(&session, "failed").await;
    assert_eq!(app.payment_status(&session).await, "completed");
    assert_eq!(app.status(&booking).await, "confirmed");
    app.finish().await;
}

#[tokio::test]
async fn money_that_comes_twice_goes_back_once() {
    let (gateway, app, booking, first) = stage().await;
    app.gateway_says(&first, "failed").await;
    let second = app.session("ann", &booking).await;
    app.gateway_says(&second, "success").await;
    for _ in 0..2 {
        app.gateway_says(&first, "success").await;
    }
    assert_eq!(app.payment_status(&second).await, "completed");
    assert_eq!(app.payment_status(&first).await, "refunded");
    let [refund] = &gateway.refunds()[..] else { panic!("one refund") };
    assert_eq!(refund["payment_id"], first.payment);
    app.finish().await;
}
