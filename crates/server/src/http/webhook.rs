//! What gateways say. Authentic by signature, without a token.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use seathold_core::{Currency, PaymentId};
use seathold_service::Received;
use seathold_service::model::{GatewayEvent, Outcome, PaymentMethod};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::extract::{BODY_MAX_BYTES, Body, Id, Text, Time, given, printable, read};
use super::{App, Problem, kind};
use crate::wire::signature;

/// The header that signs a webhook.
const SIGNATURE: &str = "x-signature";

/// Characters of a gateway's reference at the most.
const TRANSACTION_ID_MAX_CHARS: u64 = 200;

/// What a gateway says of a transaction. Other fields are ignored.
#[derive(Deserialize, ToSchema, Validate)]
pub(crate) struct WebhookBody {
    /// The gateway's reference.
    #[validate(length(
        min = 1,
        max = "TRANSACTION_ID_MAX_CHARS",
        message = "must have 1 to 200 characters"
    ))]
    #[validate(custom(function = "printable"))]
    #[schema(example = "TXN_MOMO_abc123")]
    transaction_id: String,
    /// Whether the money was taken.
    status: WebhookStatus,
    /// How much, in minor units.
    #[validate(range(min = 0, message = "must not be negative"))]
    #[schema(example = 300_000)]
    amount: i64,
    /// When the money was taken.
    #[validate(nested)]
    #[schema(value_type = Option<String>, format = DateTime)]
    paid_at: Option<Text<Time>>,
    /// The gateway's name of this message.
    #[expect(
        dead_code,
        reason = "its type is checked; repeats are told by transaction and status"
    )]
    event_id: Option<String>,
    /// Our payment.
    #[validate(nested)]
    #[schema(value_type = Option<String>, example = "PAY_550e8400-e29b-41d4-a716-446655440000")]
    payment_id: Option<Text<PaymentId>>,
    /// The currency of the amount (ISO 4217).
    #[validate(nested)]
    #[schema(value_type = Option<String>, example = "VND")]
    currency: Option<Text<Currency>>,
}

/// Whether the money was taken.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum WebhookStatus {
    /// It was.
    Success,
    /// It was not.
    Failed,
}

/// A message that was taken.
#[derive(Serialize, ToSchema)]
pub(crate) struct Acknowledged {
    /// `true`
    received: bool,
}

/// Take a gateway's message
///
/// Signed with `X-Signature: t=<unix seconds>,v1=<hex>`, the HMAC-SHA256 of
/// `t + "." + body`, at most 300 seconds old. Repeats have no further effect and
/// get the same answer.
#[utoipa::path(
    post, path = "/api/payments/webhook/{provider}", tag = "payments",
    params(
        ("provider" = String, Path, description = "`momo`, `vnpay`, `zalopay` or `card`"),
        ("X-Signature" = String, Header, description = "`t=<unix seconds>,v1=<hex>[,v1=<hex>]`"),
    ),
    request_body = WebhookBody,
    responses(
        (status = 200, description = "It is kept; everything that follows will be done", body = Acknowledged),
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
) -> Result<Json<Acknowledged>, Problem> {
    let Id(provider) = provider.map_err(|_| Problem::new(&kind::NOT_FOUND))?;
    let secret = app.webhook_secret.as_ref().ok_or(Problem::new(&kind::NOT_FOUND))?;
    let header = request.headers().get(SIGNATURE).and_then(|value| value.to_str().ok());
    let header = header.unwrap_or_default().to_owned();
    let body = read(request, BODY_MAX_BYTES).await?;
    let now_seconds = app.env.now().as_millis().div_euclid(1000);
    if !signature::verify(secret.expose(), now_seconds, &header, &body) {
        let detail = "The X-Signature header is missing, wrong, or too old.";
        return Err(Problem::with_detail(&kind::UNAUTHENTICATED, detail));
    }
    let event = Body::<WebhookBody>::parse(&body)?.value.event(provider);
    match app.service.receive(event).await? {
        Received::Taken | Received::Repeated => Ok(Json(Acknowledged { received: true })),
        Received::UnknownTransaction => Err(Problem::new(&kind::TRANSACTION_NOT_FOUND)),
        Received::WrongAmount => Err(Problem::new(&kind::PAYMENT_MISMATCH)),
    }
}

impl WebhookBody {
    fn event(self, provider: PaymentMethod) -> GatewayEvent {
        GatewayEvent {
            provider,
            payment_id: given(&self.payment_id),
            outcome: match self.status {
                WebhookStatus::Success => Outcome::Success,
                WebhookStatus::Failed => Outcome::Failed,
            },
            amount: self.amount,
            currency: given(&self.currency),
            paid_at: given(&self.paid_at).map(|Time(at)| at),
            transaction_id: self.transaction_id,
        }
    }
}
