use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use seathold_server::Config;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{Gate, TestApp, WEBHOOK_SECRET};

/// A gateway that does what it is told to, and notes what it was asked.
#[derive(Clone)]
pub(crate) struct FakeGateway {
    url: String,
    desk: Arc<Desk>,
}

struct Desk {
    books: Mutex<Books>,
    /// What opens a payment waits here.
    gate: Gate,
}

#[derive(Clone)]
struct Books {
    /// How it answers.
    mood: (StatusCode, Option<Value>),
    opened: Vec<Value>,
    refunds: Vec<Value>,
}

impl FakeGateway {
    pub(crate) async fn start() -> Self {
        let books = Books { mood: (StatusCode::CREATED, None), opened: vec![], refunds: vec![] };
        let desk = Arc::new(Desk { books: Mutex::new(books), gate: Gate::opened() });
        let routes = Router::new()
            .route("/payments", post(open))
            .route("/payments/{id}/refunds", post(refund))
            .with_state(Arc::clone(&desk));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async { axum::serve(listener, routes).await });
        Self { url, desk }
    }

    /// A server that uses this gateway.
    pub(crate) async fn shop(&self) -> TestApp {
        self.shop_with(|_| {}).await
    }

    /// A server that uses this gateway, with these settings.
    pub(crate) async fn shop_with(&self, change: impl FnOnce(&mut Config)) -> TestApp {
        TestApp::with(|config| {
            config.payment_gateway_url = self.url.parse().ok();
            config.payment_webhook_secret = WEBHOOK_SECRET.parse().ok();
            change(config);
        })
        .await
    }

    /// What leads a server here, as variables.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        let (url, secret) = (self.url.clone(), WEBHOOK_SECRET.to_owned());
        vec![("PAYMENT_GATEWAY_URL", url), ("PAYMENT_WEBHOOK_SECRET", secret)]
    }

    /// From now on it answers so, with this body if there is one.
    pub(crate) fn answers(&self, status: u16, body: Option<Value>) {
        let status = StatusCode::from_u16(status).expect("a status");
        self.desk.books(|books| books.mood = (status, body));
    }

    /// Where whoever opens a payment waits.
    pub(crate) fn gate(&self) -> &Gate {
        &self.desk.gate
    }

    /// What it was asked to open, with the key of each request.
    pub(crate) fn opened(&self) -> Vec<Value> {
        self.desk.books(|books| books.opened.clone())
    }

    /// What it was asked to give back, accepted or not.
    pub(crate) fn refunds(&self) -> Vec<Value> {
        self.desk.books(|books| books.refunds.clone())
    }

    /// The reference it gives to a payment.
    pub(crate) fn transaction(payment: &str) -> String {
        format!("TXN-{payment}")
    }
}

impl Desk {
    fn books<T>(&self, look: impl FnOnce(&mut Books) -> T) -> T {
        look(&mut self.books.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The answer of its mood, or else this one.
    fn answer(&self, good: Value) -> (StatusCode, Json<Value>) {
        let (status, body) = self.books(|books| books.mood.clone());
        (status, Json(body.unwrap_or(good)))
    }
}

async fn open(
    State(desk): State<Arc<Desk>>,
    headers: HeaderMap,
    Json(mut payment): Json<Value>,
) -> (StatusCode, Json<Value>) {
    let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok());
    payment["key"] = key.into();
    let transaction = FakeGateway::transaction(payment["payment_id"].as_str().unwrap_or_default());
    desk.books(|books| books.opened.push(payment));
    desk.gate.pass().await;
    let url = format!("https://gateway.example/pay/{transaction}");
    desk.answer(json!({ "transaction_id": transaction, "payment_url": url }))
}

async fn refund(
    State(desk): State<Arc<Desk>>,
    Path(payment): Path<String>,
    Json(mut refund): Json<Value>,
) -> (StatusCode, Json<Value>) {
    refund["payment_id"] = payment.into();
    desk.books(|books| books.refunds.push(refund.clone()));
    desk.answer(refund)
}
