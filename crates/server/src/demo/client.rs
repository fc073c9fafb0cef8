use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{ANSWER_TIME, Failure};

/// A client of the API, over HTTP like any other.
#[derive(Clone)]
pub(super) struct Buyer {
    http: Client,
    base: String,
    user: String,
    role: Option<&'static str>,
}

/// What the server said, and how long it took.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Value,
    pub(super) took: Duration,
}

impl Answer {
    /// The body, if the status is this one.
    pub(super) fn expect(self, status: u16) -> Result<Value, Failure> {
        if self.status == status {
            return Ok(self.body);
        }
        Err(format!("expected status {status}, got {}: {}", self.status, self.body).into())
    }

    /// The problem's code; empty on a success.
    pub(super) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }
}

impl Buyer {
    /// A buyer with connections of their own.
    pub(super) fn new(base: &str, user: &str) -> Self {
        let http = Client::builder().timeout(ANSWER_TIME).no_proxy().build().unwrap_or_default();
        Self { http, base: base.to_owned(), user: user.to_owned(), role: None }
    }

    pub(super) fn admin(base: &str) -> Self {
        Self { role: Some("admin"), ..Self::new(base, "demo-admin") }
    }

    /// A fresh idempotency key.
    pub(super) fn key(&self) -> String {
        let mut bytes = [0; 16];
        // The demo may stop when the system has no randomness.
        if getrandom::fill(&mut bytes).is_err() {
            bytes = [7; 16];
        }
        uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
    }

    pub(super) async fn get(&self, path: &str) -> Result<Answer, Failure> {
        self.send(self.request(Method::GET, path)).await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Answer, Failure> {
        let request = self.request(Method::POST, path).header("X-Idempotency-Key", self.key());
        self.send(request.json(body)).await
    }

    pub(super) async fn hold(&self, showtime: &str, seats: &[String]) -> Result<Answer, Failure> {
        let body = json!({"showtime_id": showtime, "seats": seats});
        self.post("/api/bookings/hold", &body).await
    }

    pub(super) async fn confirm(&self, booking: &str, method: &str) -> Result<Answer, Failure> {
        let path = format!("/api/bookings/{booking}/confirm");
        self.post(&path, &json!({"payment_method": method})).await
    }

    /// Presses a button of the payment page.
    pub(super) async fn press(&self, page: &str, action: &str) -> Result<(), Failure> {
        let form = self.http.post(page).form(&[("action", action)]).send().await?;
        form.error_for_status()?;
        Ok(())
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        let request = request.header("X-User-Id", &self.user);
        match self.role {
            Some(role) => request.header("X-User-Role", role),
            None => request,
        }
    }

    async fn send(&self, request: RequestBuilder) -> Result<Answer, Failure> {
        let sent = Instant::now();
        let response = request.send().await?;
        let status = response.status().as_u16();
        let bytes = response.bytes().await?;
        let took = sent.elapsed();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Ok(Answer { status, body, took })
    }
}
