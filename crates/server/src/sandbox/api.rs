use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use serde_json::json;
use validator::Validate;

use super::Sandbox;
use super::ledger::{Payment, Status};
use crate::http::{Body, Problem, Shape, kind};

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

/// Where a buyer can pay.
#[derive(Serialize)]
struct Session {
    transaction_id: String,
    payment_url: String,
}

/// Opens a payment; the payment id is the idempotency key.
pub(super) async fn open(
    State(sandbox): State<Arc<Sandbox>>,
    headers: HeaderMap,
    Body { value: body, .. }: Body<OpenBody>,
) -> Result<impl IntoResponse, Problem> {
    if headers.get("idempotency-key").is_some_and(|key| key != body.payment_id.as_str()) {
        return Err(Problem::invalid("payment_id", "must be the Idempotency-Key"));
    }
    if !body.callback_url.starts_with(&sandbox.callbacks) {
        return Err(Problem::invalid("callback_url", "must be this server's own webhook"));
    }
    let reference = sandbox.env.uuid().simple().to_string();
    let payment = Payment {
        transaction_id: format!("TXN_{}_{}", body.method.to_ascii_uppercase(), &reference[..16]),
        payment_id: body.payment_id,
        method: body.method,
        amount: body.amount,
        currency: body.currency,
        description: body.description.unwrap_or_default(),
        return_url: body.return_url,
        callback_url: body.callback_url,
        status: Status::Pending,
        paid_at: None,
    };
    let mut ledger = sandbox.ledger.lock().await;
    let payment = ledger.open(payment);
    let session = Session {
        transaction_id: payment.transaction_id.clone(),
        payment_url: format!("{}/sandbox/pay/{}", sandbox.public, payment.transaction_id),
    };
    Ok((StatusCode::CREATED, Json(session)))
}

/// Shows how a payment stands.
pub(super) async fn show(
    State(sandbox): State<Arc<Sandbox>>,
    Path(id): Path<String>,
) -> Result<impl IntoResponse, Problem> {
    let ledger = sandbox.ledger.lock().await;
    let payment = ledger.payment(&id).ok_or(Problem::new(&kind::NOT_FOUND))?;
    Ok(Json(json!({
        "transaction_id": payment.transaction_id,
        "status": payment.status,
        "amount": payment.amount,
        "currency": payment.currency,
        "paid_at": payment.paid_at,
    })))
}

/// Gives a payment back. The sandbox forgets everything at a restart: what it
/// does not know is given back as well.
pub(super) async fn refund(
    State(sandbox): State<Arc<Sandbox>>,
    Path(id): Path<String>,
    Body { value: body, .. }: Body<RefundBody>,
) -> Result<impl IntoResponse, Problem> {
    let ledger = sandbox.ledger.lock().await;
    if let Some(payment) = ledger.payment(&id) {
        if payment.status != Status::Success {
            return Err(Problem::invalid("payment", "must be paid to be given back"));
        }
        if body.amount != payment.amount {
            return Err(Problem::invalid("amount", "must be what was paid"));
        }
    }
    let refund =
        json!({ "refund_id": body.refund_id, "amount": body.amount, "status": "refunded" });
    Ok((StatusCode::CREATED, Json(refund)))
}
