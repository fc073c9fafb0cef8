//! Nothing but an authentic event changes anything.

use crate::support::{Session, State, TestApp, WEBHOOK_SECRET, sign};

/// A payment under way, and a message that would complete it.
async fn stage() -> (TestApp, String, Session, String) {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let (_, session) = app.buying("ann", &showtime, ["A1"]).await;
    let body = session.word("success").to_string();
    (app, showtime, session, body)
}

#[tokio::test]
async fn a_signed_message_is_taken() {
    let (app, showtime, session, body) = stage().await;
    let signature = sign(WEBHOOK_SECRET, app.seconds(), body.as_bytes());
    let answer = app.webhook_with("momo", &signature, body).await.granted(200);
    assert_eq!(answer.body, serde_json::json!({ "received": true }));
    assert_eq!(app.payment_status(&session).await, "completed");
    assert_eq!(app.seat(&showtime, "A1").await, "booked");
    app.finish().await;
}

#[tokio::test]
async fn a_message_without_an_authentic_signature_changes_nothing() {
    let (app, showtime, session, body) = stage().await;
    let before = State::of(&app, &showtime, &["ann"]).await;
    let now = app.seconds();
    let good = sign(WEBHOOK_SECRET, now, body.as_bytes());
    let (_, code) = good.split_once("v1=").expect("a signature");
    let failed = session.word("failed").to_string();
    for signature in [
        sign("whsec_of_somebody_else", now, body.as_bytes()),
        sign(WEBHOOK_SECRET, now, failed.as_bytes()),
        sign(WEBHOOK_SECRET, now, b""),
        format!("t={},v1={code}", now + 1),
        format!("t={now},v0={code}"),
        format!("t={now},v1={}", &code[..62]),
        format!("t={now},v1="),
        format!("t={now}"),
        format!("v1={code}"),
        code.to_owned(),
        String::new(),
    ] {
        let answer = app.webhook_with("momo", &signature, body.clone()).await;
        answer.refused(401, "UNAUTHENTICATED");
    }
    let bare = app.post("/api/payments/webhook/momo").raw(body.clone()).send().await;
    bare.refused(401, "UNAUTHENTICATED");
    let token = app.post("/api/payments/webhook/momo").by_admin().raw(body).send().await;
    token.refused(401, "UNAUTHENTICATED");
    assert_eq!(State::of(&app, &showtime, &["ann"]).await, before);
    assert_eq!(app.payment_status(&session).await, "pending");
    app.finish().await;
}

#[tokio::test]
async fn a_message_counts_for_three_hundred_seconds_either_way() {
    let (app, _, session, body) = stage().await;
    for off in [-301, 301] {
        let signature = sign(WEBHOOK_SECRET, app.seconds() + off, body.as_bytes());
        let answer = app.webhook_with("momo", &signature, body.clone()).await;
        answer.refused(401, "UNAUTHENTICATED");
    }
    assert_eq!(app.payment_status(&session).await, "pending");
    for off in [-300, 300] {
        let signature = sign(WEBHOOK_SECRET, app.seconds() + off, body.as_bytes());
        app.webhook_with("momo", &signature, body.clone()).await.granted(200);
    }
    app.finish().await;
}

#[tokio::test]
async fn any_of_two_signatures_counts() {
    let (app, _, session, body) = stage().await;
    let now = app.seconds();
    let old = sign("whsec_before_the_rotation", now, body.as_bytes());
    let new = sign(WEBHOOK_SECRET, now, body.as_bytes());
    let (_, code) = new.split_once(',').expect("two parts");
    app.webhook_with("momo", &format!("{old},{code}"), body).await.granted(200);
    assert_eq!(app.payment_status(&session).await, "completed");
    app.finish().await;
}

#[tokio::test]
async fn the_signature_is_over_the_bytes_not_over_their_meaning() {
    let (app, _, session, body) = stage().await;
    let signature = sign(WEBHOOK_SECRET, app.seconds(), body.as_bytes());
    let spaced = body.replace(',', ", ");
    app.webhook_with("momo", &signature, spaced).await.refused(401, "UNAUTHENTICATED");
    assert_eq!(app.payment_status(&session).await, "pending");
    app.finish().await;
}

#[tokio::test]
async fn an_unknown_provider_is_not_found() {
    let (app, _, session, _) = stage().await;
    app.webhook("paypal", &session.word("success")).await.refused(404, "NOT_FOUND");
    app.webhook("%FF", &session.word("success")).await.refused(404, "NOT_FOUND");
    assert_eq!(app.payment_status(&session).await, "pending");
    app.finish().await;
}

#[tokio::test]
async fn a_server_without_a_secret_takes_no_message() {
    let app = TestApp::with(|config| {
        config.dev = false;
        config.jwt_secret = crate::support::JWT_SECRET.parse().ok();
        config.payment_webhook_secret = None;
    })
    .await;
    let body = serde_json::json!({ "transaction_id": "T1", "status": "success", "amount": 1 });
    let signature = sign("", app.seconds(), body.to_string().as_bytes());
    let answer = app.webhook_with("momo", &signature, body.to_string()).await;
    answer.refused(404, "NOT_FOUND");
    app.finish().await;
}
