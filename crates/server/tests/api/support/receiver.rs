use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use tokio::net::TcpListener;

/// What events are signed with in these tests.
const SECRET: &str = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// Somebody who is told of bookings, looks at each signature, and notes all.
#[derive(Clone)]
pub(crate) struct Receiver {
    pub(crate) url: String,
    books: Arc<Mutex<Books>>,
}

struct Books {
    answers: StatusCode,
    heard: Vec<Heard>,
}

/// A message, whatever it was answered.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) id: String,
    pub(crate) seconds: i64,
    pub(crate) body: Value,
    pub(crate) answered: u16,
}

impl Heard {
    /// The event's name.
    pub(crate) fn kind(&self) -> &str {
        self.body["type"].as_str().expect("a name")
    }

    /// What happened, and to whose booking.
    pub(crate) fn event(&self) -> (&str, &str) {
        (self.kind(), self.body["data"]["id"].as_str().expect("a booking"))
    }
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let books = Books { answers: StatusCode::NO_CONTENT, heard: Vec::new() };
        let books = Arc::new(Mutex::new(books));
        let routes = Router::new().route("/events", post(hear)).with_state(Arc::clone(&books));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/events", listener.local_addr().expect("an address"));
        tokio::spawn(async { axum::serve(listener, routes).await });
        Self { url, books }
    }

    /// What the server signs with.
    pub(crate) fn secret() -> String {
        format!("whsec_{SECRET}")
    }

    /// From now on it answers so.
    pub(crate) fn answers(&self, status: u16) {
        let status = StatusCode::from_u16(status).expect("a status");
        self.books.lock().unwrap_or_else(PoisonError::into_inner).answers = status;
    }

    /// Everything it was sent, repeats included.
    pub(crate) fn all(&self) -> Vec<Heard> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner).heard.clone()
    }

    /// What it has taken.
    pub(crate) fn taken(&self) -> Vec<Heard> {
        self.all().into_iter().filter(|heard| heard.answered < 300).collect()
    }

    /// The names of what it has taken about a booking.
    pub(crate) fn taken_of(&self, booking: &str) -> Vec<String> {
        let of_it = self.taken().into_iter().filter(|heard| heard.event().1 == booking);
        of_it.map(|heard| heard.kind().to_owned()).collect()
    }
}

async fn hear(
    State(books): State<Arc<Mutex<Books>>>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let header = |name: &str| headers[name].to_str().expect("a header of plain text").to_owned();
    let (id, at) = (header("webhook-id"), header("webhook-timestamp"));
    let key = STANDARD.decode(SECRET).expect("it is Base64");
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("any key will do");
    mac.update(format!("{id}.{at}.").as_bytes());
    mac.update(&body);
    let signature = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    if header("webhook-signature") != signature || header("content-type") != "application/json" {
        return StatusCode::UNAUTHORIZED;
    }
    let mut books = books.lock().unwrap_or_else(PoisonError::into_inner);
    let (seconds, answered) = (at.parse().expect("seconds"), books.answers);
    let body = serde_json::from_slice(&body).expect("it is JSON");
    books.heard.push(Heard { id, seconds, body, answered: answered.as_u16() });
    answered
}
