//! What an authentic message must look like.

use serde_json::{Value, json};

use crate::support::{FakeGateway, Session, TestApp, at};

async fn stage() -> (TestApp, Session) {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let (_, session) = app.buying("ann", &showtime, ["A1"]).await;
    (app, session)
}

#[tokio::test]
async fn a_wrong_amount_or_currency_is_refused_and_changes_nothing() {
    let (app, session) = stage().await;
    for (field, value) in [
        ("amount", json!(1)),
        ("amount", json!(0)),
        ("amount", json!(100_001)),
        ("currency", json!("USD")),
    ] {
        let mut body = session.word("success");
        body[field] = value;
        app.webhook("momo", &body).await.refused(422, "PAYMENT_MISMATCH");
        assert_eq!(app.payment_status(&session).await, "pending");
    }
    app.gateway_says(&session, "success").await;
    assert_eq!(app.payment_status(&session).await, "completed");
    app.finish().await;
}

#[tokio::test]
async fn wrong_types_and_values_are_refused_by_name() {
    let (app, session) = stage().await;
    for (field, value) in [
        ("transaction_id", json!({ "$ne": null })),
        ("transaction_id", json!(17)),
        ("transaction_id", json!("")),
        ("status", json!({ "success": true })),
        ("status", json!("paid")),
        ("status", json!("SUCCESS")),
        ("amount", json!("100000")),
        ("amount", json!(100_000.5)),
        ("amount", json!(-1)),
        ("amount", json!({ "$gt": 0 })),
        ("amount", json!(1e300)),
        ("paid_at", json!("yesterday")),
        ("paid_at", json!(1_705_314_600)),
        ("event_id", json!({})),
        ("payment_id", json!("PAY_1")),
        ("currency", json!("dong")),
        ("currency", json!(["VND"])),
    ] {
        let mut body = session.word("success");
        body[field] = value.clone();
        app.webhook("momo", &body).await.invalid(field);
        assert_eq!(app.payment_status(&session).await, "pending", "{field}: {value}");
    }
    app.finish().await;
}

#[tokio::test]
async fn missing_fields_are_refused() {
    let (app, session) = stage().await;
    for field in ["transaction_id", "status", "amount"] {
        let mut body = session.word("success");
        body.as_object_mut().expect("an object").remove(field);
        app.webhook("momo", &body).await.invalid("body");
        body[field] = Value::Null;
        app.webhook("momo", &body).await.refused(400, "VALIDATION_FAILED");
    }
    for body in [json!([]), json!("success"), json!(1), Value::Null] {
        app.webhook("momo", &body).await.invalid("body");
    }
    app.finish().await;
}

#[tokio::test]
async fn unknown_fields_are_ignored_and_known_ones_believed() {
    let (app, session) = stage().await;
    let mut body = session.word("success");
    body["event_id"] = "evt-1".into();
    body["payment_id"] = session.payment.clone().into();
    body["currency"] = "VND".into();
    body["paid_at"] = at(app.now() - 5_000).into();
    body["fee"] = json!({ "amount": [1, 2] });
    app.webhook("momo", &body).await.granted(200);
    let payment = app.payment("ann", &session.payment).await.granted(200);
    assert_eq!(payment.text("/data/status"), "completed");
    assert_eq!(payment.text("/data/paid_at"), at(app.now() - 5_000));
    app.finish().await;
}

#[tokio::test]
async fn an_unknown_transaction_is_kept_and_to_be_sent_again() {
    let app = TestApp::start().await;
    let body = json!({ "transaction_id": "T-unknown", "status": "success", "amount": 1 });
    for _ in 0..2 {
        let answer = app.webhook("momo", &body).await.refused(404, "TRANSACTION_NOT_FOUND");
        assert!(answer.is_retryable());
    }
    app.finish().await;
}

#[tokio::test]
async fn a_transaction_of_another_provider_is_unknown() {
    let (app, session) = stage().await;
    let answer = app.webhook("card", &session.word("success")).await;
    answer.refused(404, "TRANSACTION_NOT_FOUND");
    assert_eq!(app.payment_status(&session).await, "pending");
    app.finish().await;
}

/// The buyer was faster than the gateway's answer to us.
#[tokio::test]
async fn a_message_that_comes_before_its_payment_is_known_counts_once_it_is() {
    let gateway = FakeGateway::start().await;
    let app = gateway.shop().await;
    let showtime = app.showtime().await;
    let booking = app.held("ann", &showtime, ["A1"]).await;
    gateway.gate().shut();
    let (confirmed, ()) = tokio::join!(app.confirm("ann", &booking, "momo"), async {
        gateway.gate().arrival_after(0).await;
        let asked = gateway.opened().remove(0);
        let payment = asked["payment_id"].as_str().expect("an id");
        let transaction = FakeGateway::transaction(payment);
        let body = json!({ "transaction_id": transaction, "status": "success", "amount": 100_000 });
        app.webhook("momo", &body).await.refused(404, "TRANSACTION_NOT_FOUND");
        gateway.gate().open();
    });
    confirmed.granted(200);
    assert_eq!(app.status(&booking).await, "confirmed");
    assert_eq!(app.seat(&showtime, "A1").await, "booked");
    app.finish().await;
}

#[tokio::test]
async fn our_own_reference_tells_the_payment_before_the_gateways_does() {
    let gateway = FakeGateway::start().await;
    let app = gateway.shop().await;
    let showtime = app.showtime().await;
    let booking = app.held("ann", &showtime, ["A1"]).await;
    gateway.gate().shut();
    let (confirmed, ()) = tokio::join!(app.confirm("ann", &booking, "momo"), async {
        gateway.gate().arrival_after(0).await;
        let asked = gateway.opened().remove(0);
        let payment = asked["payment_id"].as_str().expect("an id");
        let transaction = FakeGateway::transaction(payment);
        let body = json!({ "transaction_id": transaction, "payment_id": payment,
                           "status": "success", "amount": 100_000 });
        app.webhook("momo", &body).await.granted(200);
        assert_eq!(app.status(&booking).await, "confirmed");
        gateway.gate().open();
    });
    confirmed.granted(200);
    assert_eq!(app.status(&booking).await, "confirmed");
    app.finish().await;
}
