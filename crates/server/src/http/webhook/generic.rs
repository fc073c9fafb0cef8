//! Messages in the form that is the same for all gateways.

use axum::Json;
use axum::response::{IntoResponse, Response};
use seathold_core::{Currency, PaymentId};
use seathold_service::Received;
use seathold_service::model::{GatewayEvent, Outcome, PaymentMethod};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::Incoming;
use crate::config::Secret;
use crate::http::extract::{Body, Text, Time, given, printable};
use crate::http::{App, Problem, kind};
use crate::wire::signature;

/// Characters of a gateway's reference at the most.
const TRANSACTION_ID_MAX_CHARS: u64 = 200;

/// What a gateway says of a transaction. Other fields are ignored.
#[derive(Deserialize, ToSchema, Validate)]
pub(super) struct WebhookBody {
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
pub(super) struct Acknowledged {
    /// `true`
    received: bool,
}

/// Does what a generic message says. `known`: the provider has a form of its
/// own, too.
pub(super) async fn take(app: &App, message: &Incoming, known: bool) -> Result<Response, Problem> {
    let secrets = app.webhook_secrets.of(message.provider);
    if secrets.is_empty() && !known {
        return Err(Problem::new(&kind::NOT_FOUND));
    }
    let (header, body) = (message.signature.as_deref().unwrap_or_default(), &message.body);
    let now_seconds = app.env.now().as_millis().div_euclid(1000);
    let is = |secret: &&Secret| signature::verify(secret.expose(), now_seconds, header, body);
    if !secrets.iter().any(is) {
        message.note_refusal("signature");
        let detail = "The X-Signature header is missing, wrong, or too old.";
        return Err(Problem::with_detail(&kind::UNAUTHENTICATED, detail));
    }
    let event = Body::<WebhookBody>::parse(body).inspect_err(|_| message.note_refusal("malformed"));
    match app.service.receive(event?.value.event(message.provider)).await? {
        Received::Taken | Received::Repeated => {
            Ok(Json(Acknowledged { received: true }).into_response())
        }
        Received::UnknownTransaction => Err(Problem::new(&kind::TRANSACTION_NOT_FOUND)),
        Received::WrongAmount => {
            message.note_refusal("amount");
            Err(Problem::new(&kind::PAYMENT_MISMATCH))
        }
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
