//! The generic gateway, which is also the one for cards.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};
use validator::Validate;

use super::Sandbox;
use super::delivery::Envelope;
use super::ledger::{Format, Payment, Returned};
use crate::http::{Body, Problem, Shape, Text, Time, given, kind};
use crate::wire::signature;

/// A payment to be opened.
#[derive(Deserialize, Validate)]
pub(super) struct OpenBody {
    #[validate(length(min = 1, max = 64, message = "must have 1 to 64 characters"))]
    payment_id: String,
    #[validate(length(min = 1, max = 32, message = "must have 1 to 32 characters"))]
    method: String,
    #[validate(range(min = 0, message = "must not be negative"))]
    amount: i64,
    #[validate(length(equal = 3, message = "must have 3 letters"))]
    currency: String,
    description: Option<String>,
    return_url: Option<String>,
    callback_url: String,
    #[validate(nested)]
    expires_at: Option<Text<Time>>,
}

/// Money to be given back.
#[derive(Deserialize, Validate)]
pub(super) struct RefundBody {
    refund_id: String,
    #[validate(range(min = 0, message = "must not be negative"))]
    amount: i64,
}

impl Shape for OpenBody {}
impl Shape for RefundBody {}

/// Opens a payment; the payment id is the idempotency key.
pub(super) async fn open(
    State(sandbox): State<Arc<Sandbox>>,
    headers: HeaderMap,
    Body { value: body, .. }: Body<OpenBody>,
) -> Result<Response, Problem> {
    if headers.get("idempotency-key").is_some_and(|key| key != body.payment_id.as_str()) {
        return Err(Problem::invalid("payment_id", "must be the Idempotency-Key"));
    }
    if !sandbox.may_call(&body.callback_url) {
        return Err(Problem::invalid("callback_url", "must be the shop's webhook"));
    }
    let digits = sandbox.env.uuid().simple().to_string();
    let asked = json!({ "payment_id": body.payment_id, "amount": body.amount,
                        "currency": body.currency, "callback_url": body.callback_url });
    let payment = Payment {
        ends_at: given(&body.expires_at).map(|Time(at)| at.as_millis()),
        transaction_id: format!("TXN_{}_{}", body.method.to_ascii_uppercase(), &digits[..16]),
        method: body.method,
        amount: body.amount,
        currency: body.currency,
        description: body.description.unwrap_or_default(),
        return_url: body.return_url,
        callback_url: body.callback_url,
        asked: asked.clone(),
        ..Payment::new(Format::Generic, &body.payment_id)
    };
    let work = || {
        let transaction_id = sandbox.take_in(payment);
        let page = sandbox.page(&transaction_id);
        (StatusCode::CREATED, json!({ "transaction_id": transaction_id, "payment_url": page }))
    };
    Ok(sandbox.play("/payments", &body.payment_id, &asked, work).await)
}

/// Shows how a payment stands.
pub(super) async fn show(
    State(sandbox): State<Arc<Sandbox>>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let payment = sandbox.books().ledger.payment(&id).cloned();
    let shown = shown(&payment.ok_or(Problem::new(&kind::NOT_FOUND))?);
    Ok(sandbox.play("/payments/{id}", &id, &Value::Null, || (StatusCode::OK, shown)).await)
}

/// Gives a payment back. The sandbox forgets everything at a restart: what it
/// does not know is given back as well.
pub(super) async fn refund(
    State(sandbox): State<Arc<Sandbox>>,
    Path(id): Path<String>,
    Body { value: body, .. }: Body<RefundBody>,
) -> Response {
    let RefundBody { refund_id, amount } = body;
    let asked = json!({ "refund_id": refund_id, "amount": amount });
    let work = || match sandbox.give_back(&id, &refund_id, amount) {
        Returned::New(refund) | Returned::Again(refund) => {
            let status = if refund.done { "refunded" } else { "pending" };
            let said = json!({ "refund_id": refund_id, "amount": refund.amount, "status": status });
            (StatusCode::CREATED, said)
        }
        Returned::Refused => {
            let said = json!({ "error": "there is nothing, or not that much, to give back" });
            (StatusCode::BAD_REQUEST, said)
        }
    };
    sandbox.play("/payments/{id}/refunds", &id, &asked, work).await
}

fn shown(payment: &Payment) -> Value {
    json!({
        "transaction_id": payment.transaction_id,
        "status": payment.status,
        "amount": payment.amount,
        "currency": payment.currency,
        "paid_at": payment.paid_at.map(rfc3339),
    })
}

fn rfc3339(millis: i64) -> String {
    Time(seathold_core::Timestamp::from_millis(millis)).to_string()
}

impl Sandbox {
    /// The signed webhook.
    pub(super) fn generic_message(&self, payment: &Payment, amount: i64) -> Envelope {
        let mut body = shown(payment);
        body["payment_id"] = payment.reference.clone().into();
        body["amount"] = amount.into();
        let text = body.to_string();
        let now_seconds = self.env.now().as_millis().div_euclid(1000);
        let secret = self.accounts.card_webhook_secret.expose();
        let signed = signature::sign(secret, now_seconds, text.as_bytes());
        let shown = json!({ "X-Signature": signed, "body": body });
        let request = self.client.post(&payment.callback_url).header("X-Signature", signed);
        let request = request.header(CONTENT_TYPE, "application/json").body(text);
        Envelope { request, shown }
    }
}
