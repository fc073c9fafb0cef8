//! What gateways say. Authentic by signature, without a token.

mod generic;
mod own;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::ALLOW;
use axum::response::{IntoResponse, Response};
use seathold_service::model::PaymentMethod;

use super::extract::{BODY_MAX_BYTES, Id, read};
use super::{App, Problem, kind};
use generic::{Acknowledged, WebhookBody};

/// The header that signs a generic message.
const SIGNATURE: &str = "x-signature";

/// A message just as it came.
struct Incoming {
    provider: PaymentMethod,
    signature: Option<String>,
    query: String,
    body: Bytes,
}

/// Take a gateway's message
///
/// The generic one is signed with `X-Signature: t=<unix seconds>,v1=<hex>`, the
/// HMAC-SHA256 of `t + "." + body`, at most 300 seconds old, and described here.
/// Without that header the message is the provider's own: MoMo's (204), ZaloPay's
/// (`return_code`, `return_message`), or VNPay's (`RspCode`, `Message`), and answered
/// in its words. Repeats have no further effect.
#[utoipa::path(
    post, path = "/api/payments/webhook/{provider}", tag = "payments",
    params(
        ("provider" = String, Path, description = "`momo`, `vnpay`, `zalopay` or `card`"),
        ("X-Signature" = Option<String>, Header, description = "`t=<unix seconds>,v1=<hex>[,v1=<hex>]`; without it, the provider's own message"),
    ),
    request_body = WebhookBody,
    responses(
        (status = 200, description = "It is kept; everything that follows will be done", body = Acknowledged),
        (status = 204, description = "The same, for MoMo"),
        (status = 400, description = "`VALIDATION_FAILED`"),
        (status = 401, description = "`UNAUTHENTICATED`: the signature is missing, wrong or too old"),
        (status = 404, description = "`NOT_FOUND`: no such provider; `TRANSACTION_NOT_FOUND`: the transaction is not known yet; the message is kept, send it again"),
        (status = 422, description = "`PAYMENT_MISMATCH`: wrong amount or currency"),
    ),
)]
pub(super) async fn receive(
    State(app): State<Arc<App>>,
    provider: Result<Id<PaymentMethod>, Problem>,
    request: Request,
) -> Result<Response, Problem> {
    let message = Incoming::of(provider, request).await?;
    match app.gateways.callbacks(message.provider) {
        Some(own) if message.signature.is_none() => own::take(&app, own, &message).await,
        own => generic::take(&app, &message, own.is_some()).await,
    }
}

/// Take VNPay's message
///
/// VNPay says it in the address, signed by `vnp_SecureHash`, and is answered
/// `{"RspCode","Message"}` with status 200 whatever became of it.
#[utoipa::path(
    get, path = "/api/payments/webhook/{provider}", tag = "payments",
    params(("provider" = String, Path, description = "`vnpay`")),
    responses(
        (status = 200, description = "`RspCode`: `00` taken, `01` order not found, `02` taken before, `04` wrong amount, `97` wrong signature, `99` send it again"),
        (status = 404, description = "`NOT_FOUND`: no such provider"),
        (status = 405, description = "`METHOD_NOT_ALLOWED`: this provider does not call by GET"),
    ),
)]
pub(super) async fn receive_by_get(
    State(app): State<Arc<App>>,
    provider: Result<Id<PaymentMethod>, Problem>,
    request: Request,
) -> Result<Response, Problem> {
    let message = Incoming::of(provider, request).await?;
    let vnpay = Some(message.provider).filter(|provider| *provider == PaymentMethod::Vnpay);
    match vnpay.and_then(|vnpay| app.gateways.callbacks(vnpay)) {
        Some(own) => own::take(&app, own, &message).await,
        None => Ok(([(ALLOW, "POST")], Problem::new(&kind::METHOD_NOT_ALLOWED)).into_response()),
    }
}

impl Incoming {
    async fn of(
        provider: Result<Id<PaymentMethod>, Problem>,
        request: Request,
    ) -> Result<Self, Problem> {
        let Id(provider) = provider.map_err(|_| Problem::new(&kind::NOT_FOUND))?;
        let header = request.headers().get(SIGNATURE);
        // One that is no text is a wrong one, not a missing one.
        let signature = header.map(|value| value.to_str().unwrap_or_default().to_owned());
        let query = request.uri().query().unwrap_or_default().to_owned();
        let body = read(request, BODY_MAX_BYTES).await?;
        Ok(Self { provider, signature, query, body })
    }

    /// Counts a message from which nothing follows.
    fn note_refusal(&self, reason: &'static str) {
        let provider = self.provider.as_str();
        let labels = [("provider", provider), ("reason", reason)];
        metrics::counter!("seathold_webhooks_refused_total", &labels).increment(1);
        tracing::info!(provider, reason, "a gateway's message was refused");
    }
}

/// A status of a provider's own words.
fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
