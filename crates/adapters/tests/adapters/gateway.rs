use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use seathold_adapters::{Gateways, GenericGateway};
use seathold_core::{BookingId, PaymentId, Timestamp};
use seathold_service::model::PaymentMethod;
use seathold_service::ports::{Gateway, GatewayError, PaymentRequest, RefundRequest, Refunded};
use uuid::Uuid;

/// What the gateway was sent: path, key, body.
type Calls = Arc<Mutex<Vec<(String, String, serde_json::Value)>>>;

/// How the gateway answers.
#[derive(Clone, Copy)]
enum Answer {
    Json(StatusCode, &'static str),
    RedirectTo(&'static str),
    Endless,
}

const SESSION: &str = r#"{"transaction_id":"TXN_1","payment_url":"https://pay.example/1","new":1}"#;

/// A gateway on a free port that gives this answer and notes what it is asked.
async fn gateway(answer: Answer) -> (GenericGateway, Calls) {
    let calls = Calls::default();
    let app = Router::new()
        .route("/gw/payments", post(respond))
        .route("/gw/payments/{id}/refunds", post(respond))
        .route("/elsewhere", post(respond))
        .with_state((answer, calls.clone()));
    let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
    let listener = tokio::net::TcpListener::bind(any_port).await.expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    tokio::spawn(async move { axum::serve(listener, app).await });
    let url = format!("http://{address}/gw/");
    let gateway = GenericGateway::new(&url, "https://seats.example/").expect("it can be made");
    (gateway, calls)
}

async fn respond(State((answer, calls)): State<(Answer, Calls)>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let key = request.headers()["Idempotency-Key"].to_str().expect("it is text").to_owned();
    let body = axum::body::to_bytes(request.into_body(), 10_000).await.expect("it is short");
    let body = serde_json::from_slice(&body).expect("it is JSON");
    calls.lock().expect("nobody panicked").push((path, key, body));
    match answer {
        Answer::Json(status, body) => {
            (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
        }
        Answer::RedirectTo(url) => {
            (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, url)]).into_response()
        }
        Answer::Endless => vec![b' '; 1 << 20].into_response(),
    }
}

fn request() -> PaymentRequest {
    PaymentRequest {
        payment_id: PaymentId::from_uuid(Uuid::from_u128(1)),
        booking_id: BookingId::from_bytes([2; 12]),
        description: "BK-1: A1, A2".to_owned(),
        method: PaymentMethod::Zalopay,
        amount: 200_000,
        currency: "VND".parse().expect("it is a currency"),
        return_url: Some("https://shop.example/back".to_owned()),
        created_at: Timestamp::from_millis(1_705_314_000_007),
        expires_at: Timestamp::from_millis(1_705_314_600_007),
    }
}

/// Five units of the request's payment, back.
fn refund() -> RefundRequest {
    let request = request();
    RefundRequest {
        refund_id: request.payment_id.refund(),
        payment_id: request.payment_id,
        method: PaymentMethod::Card,
        transaction_id: Some("TXN_1".to_owned()),
        amount: 5,
        currency: request.currency,
        created_at: request.created_at,
        requested_at: request.expires_at,
        reason: "cancelled".to_owned(),
    }
}

async fn open_fails(answer: Answer) -> (GatewayError, usize) {
    let (gateway, calls) = gateway(answer).await;
    let error = gateway.open(&request()).await.expect_err("that is no session");
    let count = calls.lock().expect("nobody panicked").len();
    (error, count)
}

#[tokio::test]
async fn a_payment_is_opened_under_its_own_key_however_often() {
    let (gateway, calls) = gateway(Answer::Json(StatusCode::CREATED, SESSION)).await;
    for _ in 0..2 {
        let session = gateway.open(&request()).await.expect("it is opened");
        assert_eq!(session.transaction_id.as_deref(), Some("TXN_1"));
        assert_eq!(session.payment_url, "https://pay.example/1");
    }
    let payment_id = "PAY_00000000-0000-0000-0000-000000000001";
    let body = serde_json::json!({
        "payment_id": payment_id,
        "method": "zalopay",
        "amount": 200_000,
        "currency": "VND",
        "description": "BK-1: A1, A2",
        "return_url": "https://shop.example/back",
        "callback_url": "https://seats.example/api/payments/webhook/zalopay",
        "expires_at": "2024-01-15T10:30:00.007Z",
    });
    let expected = ("/gw/payments".to_owned(), payment_id.to_owned(), body);
    assert_eq!(*calls.lock().expect("nobody panicked"), [expected.clone(), expected]);
}

#[tokio::test]
async fn a_refund_is_asked_for_under_its_own_key() {
    let (gateway, calls) = gateway(Answer::Json(StatusCode::CREATED, "")).await;
    let RefundRequest { payment_id, refund_id, .. } = refund();
    assert_eq!(gateway.refund(&refund()).await.expect("it is accepted"), Refunded::Done);
    let expected = (
        format!("/gw/payments/{payment_id}/refunds"),
        refund_id.to_string(),
        serde_json::json!({"refund_id": refund_id.to_string(), "amount": 5}),
    );
    assert_eq!(*calls.lock().expect("nobody panicked"), [expected]);
}

#[tokio::test]
async fn an_error_of_the_gateway_is_an_error_here() {
    let answer = Answer::Json(StatusCode::INTERNAL_SERVER_ERROR, SESSION);
    let (error, calls) = open_fails(answer).await;
    assert_eq!(error.0, "it answered 500 Internal Server Error");
    assert_eq!(calls, 1);
    let (gateway, _) = gateway(answer).await;
    gateway.refund(&refund()).await.expect_err("it is not accepted");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (error, calls) = open_fails(Answer::RedirectTo("/elsewhere")).await;
    assert_eq!(error.0, "it answered 307 Temporary Redirect");
    assert_eq!(calls, 1);
}

#[tokio::test]
async fn an_answer_without_a_usable_session_is_an_error() {
    for body in [
        "",
        "{}",
        r#"{"transaction_id":1,"payment_url":"https://pay.example/1"}"#,
        r#"{"transaction_id":"","payment_url":"https://pay.example/1"}"#,
        r#"{"transaction_id":"a\u0000b","payment_url":"https://pay.example/1"}"#,
        r#"{"transaction_id":"TXN","payment_url":""}"#,
        r#"{"transaction_id":"TXN","payment_url":"/pay/1"}"#,
        r#"{"transaction_id":"TXN","payment_url":"javascript:alert(1)"}"#,
    ] {
        open_fails(Answer::Json(StatusCode::CREATED, body)).await;
    }
    let long = "x".repeat(129);
    let long = format!(r#"{{"transaction_id":"{long}","payment_url":"https://pay.example/1"}}"#);
    open_fails(Answer::Json(StatusCode::CREATED, long.leak())).await;
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_not_read_to_its_end() {
    let (error, _) = open_fails(Answer::Endless).await;
    assert_eq!(error.0, "the answer is too long");
}

#[tokio::test]
async fn a_gateway_that_is_down_is_an_error_without_its_address() {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    drop(listener);
    let url = format!("http://user:secret@{address}");
    let gateway = GenericGateway::new(&url, "https://seats.example").expect("it can be made");
    let error = gateway.open(&request()).await.expect_err("nobody listens");
    assert!(error.0.contains("refused") && !error.0.contains("secret"), "{error}");
}

#[tokio::test]
async fn every_method_goes_through_the_gateway_and_none_without_one() {
    let (gateway, _) = gateway(Answer::Json(StatusCode::CREATED, SESSION)).await;
    assert!(PaymentMethod::ALL.into_iter().all(|method| gateway.offers(method)));
    assert!(!PaymentMethod::ALL.into_iter().any(|method| Gateways::default().offers(method)));
    Gateways::default().open(&request()).await.expect_err("there is none");
}
