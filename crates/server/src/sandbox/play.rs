//! How the sandbox answers calls: as its providers do, or not at all.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::Sandbox;
use super::ledger::{Payment, Refund, Returned};

/// What is answered: status and body.
pub(super) type Said = (StatusCode, Value);

/// A body's fields; none if it is no JSON.
pub(super) fn fields(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_default()
}

/// A field as text, whichever way it was written; empty if it is missing.
pub(super) fn text(fields: &Value, name: &str) -> String {
    match &fields[name] {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

impl Sandbox {
    /// Whether this is an address of the shop's.
    pub(super) fn may_call(&self, callback_url: &str) -> bool {
        callback_url.starts_with(&self.callbacks)
    }

    /// Opens a payment unless it was; gives its transaction id.
    pub(super) fn take_in(self: &Arc<Self>, payment: Payment) -> String {
        let reference = payment.reference.clone();
        let (is_new, transaction_id) = {
            let mut books = self.books();
            let (is_new, payment) = books.ledger.open(payment);
            (is_new, payment.transaction_id.clone())
        };
        if is_new {
            self.welcome(&reference);
        }
        transaction_id
    }

    /// The reference of the payment with this transaction id; the id itself if
    /// there is none.
    pub(super) fn reference_of(&self, transaction_id: &str) -> String {
        let mut books = self.books();
        let payment = books.ledger.transaction(transaction_id);
        payment.map_or_else(|| transaction_id.to_owned(), |payment| payment.reference.clone())
    }

    /// Gives money back, once per refund.
    pub(super) fn give_back(&self, reference: &str, refund_id: &str, amount: i64) -> Returned {
        let faults = self.faults_of(reference);
        let slow = faults.strikes(faults.slow_refund, "slow_refund", refund_id, 0);
        let mut books = self.books();
        match books.ledger.payment(reference) {
            Some(payment) => payment.give_back(refund_id, amount, slow),
            // It was forgotten at a restart.
            None => {
                books.ledger.stray(refund_id, amount);
                Returned::New(Refund { amount, done: true })
            }
        }
    }

    /// A refund that was asked for before; it is done by now.
    pub(super) fn refund(&self, refund_id: &str) -> Option<Refund> {
        self.books().ledger.refund(refund_id)
    }

    /// Does what a call about this payment asks, unless it goes wrong.
    pub(super) async fn play(
        &self,
        endpoint: &str,
        reference: &str,
        asked: &Value,
        work: impl FnOnce() -> Said,
    ) -> Response {
        let (faults, nth) = (self.faults_of(reference), self.next_call());
        let strikes = |share, what| faults.strikes(share, what, reference, nth);
        let broken = || StatusCode::INTERNAL_SERVER_ERROR.into_response();
        let fails = strikes(faults.error, "error");
        if fails && strikes(0.5, "before") {
            return broken();
        }
        let (status, said) = work();
        if let Some(payment) = self.books().ledger.payment(reference) {
            payment.note(json!({
                "from": "shop", "to": endpoint, "request": asked,
                "status": status.as_u16(), "response": said,
            }));
        }
        if fails {
            return broken();
        }
        if strikes(faults.timeout, "timeout") {
            tokio::time::sleep(Duration::from_millis(faults.timeout_ms)).await;
        }
        (status, Json(said)).into_response()
    }
}
