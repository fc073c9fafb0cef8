//! `POST /api/bookings/{id}/confirm`: what the gateway is asked, and what
//! happens when it does not answer as it should.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{FakeGateway, TestApp, fresh_key};

#[tokio::test]
async fn the_gateway_is_asked_with_the_payment_id_as_its_key() {
    let gateway = FakeGateway::start().await;
    let app = gateway.shop_with(|config| config.public_url = "https://seats.example/".parse().ok());
    let app = app.await;
    let showtime = app.showtime().await;
    let held = app.hold("ann", &showtime, ["A1", "B1"]).await.granted(201);
    let body = json!({ "payment_method": "zalopay", "return_url": "https://shop.example/paid" });
    let id = held.text("booking_id");
    let confirmed = app.confirm_with(&fresh_key(), "ann", id, &body).await.granted(200);
    let payment = confirmed.text("payment_id");
    let transaction = FakeGateway::transaction(payment);
    assert_eq!(confirmed.text("payment_url"), format!("https://gateway.example/pay/{transaction}"));
    let [asked] = &gateway.opened()[..] else { panic!("one payment") };
    let expected = json!({
        "key": payment, "payment_id": payment, "method": "zalopay", "amount": 250_000,
        "currency": "VND", "description": asked["description"],
        "return_url": "https://shop.example/paid",
        "callback_url": "https://seats.example/api/payments/webhook/zalopay",
        "expires_at": "2084-01-15T10:40:00.000Z",
    });
    assert_eq!(*asked, expected);
    assert!(asked["description"].as_str().is_some_and(|text| !text.is_empty()));
    app.finish().await;
}

/// The return URL the gateway was given last.
fn return_url(gateway: &FakeGateway) -> Value {
    gateway.opened().last().expect("a payment")["return_url"].clone()
}

#[tokio::test]
async fn the_default_return_url_stands_in_for_none() {
    let gateway = FakeGateway::start().await;
    let default = "https://shop.example/thanks";
    let app = gateway.shop_with(|config| config.default_return_url = default.parse().ok()).await;
    let showtime = app.showtime().await;
    let id = app.held("ann", &showtime, ["A1"]).await;
    app.confirm("ann", &id, "momo").await.granted(200);
    assert_eq!(return_url(&gateway), default);

    let id = app.held("ann", &showtime, ["A2"]).await;
    let body = json!({ "payment_method": "momo", "return_url": "https://other.example/" });
    app.confirm_with(&fresh_key(), "ann", &id, &body).await.granted(200);
    assert_eq!(return_url(&gateway), "https://other.example/");
    app.finish().await;
}

#[tokio::test]
async fn without_a_default_there_is_no_return_url() {
    let gateway = FakeGateway::start().await;
    let app = gateway.shop().await;
    let showtime = app.showtime().await;
    let id = app.held("ann", &showtime, ["A1"]).await;
    app.confirm("ann", &id, "momo").await.granted(200);
    assert_eq!(return_url(&gateway), Value::Null);
    app.finish().await;
}

#[tokio::test]
async fn a_return_url_must_have_one_of_the_allowed_origins() {
    let allowed = "https://shop.example,https://m.shop.example:8443";
    let app = TestApp::with(|config| {
        config.return_url_origins = allowed.parse().expect("origins");
    })
    .await;
    let showtime = app.showtime().await;
    let id = app.held("ann", &showtime, ["A1"]).await;
    let confirm = async |url: &str| {
        let body = json!({ "payment_method": "momo", "return_url": url });
        app.confirm_with(&fresh_key(), "ann", &id, &body).await
    };
    for foreign in [
        "https://evil.example/",
        "http://shop.example/",
        "https://shop.example:444/",
        "https://shop.example.evil.example/",
        "https://shop.example@evil.example/",
        "https://evil.example\\@shop.example/",
    ] {
        confirm(foreign).await.invalid("return_url");
    }
    for own in [
        "https://shop.example",
        "https://SHOP.example:443/paid?x=1#top",
        "https://m.shop.example:8443/",
    ] {
        confirm(own).await.granted(200);
    }
    app.finish().await;
}

#[tokio::test]
async fn a_gateway_that_fails_is_a_retryable_error_and_the_same_key_succeeds_later() {
    let gateway = FakeGateway::start().await;
    let app = gateway.shop().await;
    let showtime = app.showtime().await;
    let id = app.held("ann", &showtime, ["A1"]).await;
    let (key, body) = (fresh_key(), json!({ "payment_method": "momo" }));

    let without_url = Some(json!({ "transaction_id": "T1" }));
    let no_web = Some(json!({ "transaction_id": "T1", "payment_url": "javascript:alert(1)" }));
    for (status, words) in
        [(500, None), (503, None), (404, None), (302, None), (201, without_url), (201, no_web)]
    {
        gateway.answers(status, words);
        let answer = app.confirm_with(&key, "ann", &id, &body).await;
        assert!(answer.refused(502, "PAYMENT_GATEWAY_ERROR").is_retryable());
    }
    gateway.answers(201, None);
    let granted = app.confirm_with(&key, "ann", &id, &body).await.granted(200);
    assert!(!granted.is_replayed());

    // One key, one payment, however often it was tried.
    let asked = gateway.opened();
    assert_eq!(asked.len(), 7);
    assert!(asked.iter().all(|asked| asked["key"] == *granted.text("payment_id")));
    assert!(app.confirm_with(&key, "ann", &id, &body).await.granted(200).is_replayed());
    app.finish().await;
}

#[tokio::test]
async fn a_gateway_that_is_gone_is_the_same_error() {
    let app = TestApp::with(|config| {
        // The port of a listener that is closed again.
        let gone = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = gone.local_addr().expect("an address");
        config.payment_gateway_url = format!("http://{address}").parse().ok();
    })
    .await;
    let showtime = app.showtime().await;
    let id = app.held("ann", &showtime, ["A1"]).await;
    let answer = app.confirm("ann", &id, "momo").await;
    let answer = answer.refused(502, "PAYMENT_GATEWAY_ERROR");
    assert!(answer.is_retryable());
    assert!(!answer.body.to_string().contains("127.0.0.1"), "no address reaches a client");
    assert_eq!(app.status(&id).await, "pending");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_confirmations_at_once_lead_to_one_payment() {
    let gateway = FakeGateway::start().await;
    let app = gateway.shop().await;
    let showtime = app.showtime().await;
    let id = app.held("ann", &showtime, ["A1"]).await;
    let answers = join_all((0..20).map(|_| app.confirm("ann", &id, "momo"))).await;
    let first = answers[0].clone().granted(200);
    for answer in answers {
        assert_eq!(answer.granted(200).bytes, first.bytes);
    }
    let asked = gateway.opened();
    assert!(asked.iter().all(|asked| asked["payment_id"] == *first.text("payment_id")));
    app.finish().await;
}
