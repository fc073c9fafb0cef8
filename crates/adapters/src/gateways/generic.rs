use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, SecondsFormat};
use reqwest::Client;
use seathold_core::{Currency, Timestamp};
use seathold_service::model::{GatewayEvent, Outcome, PaymentMethod};
use seathold_service::ports::{
    Gateway, GatewayError, GatewaySession, PaymentRequest, RefundRequest, Refunded, Standing,
    StatusRequest,
};
use serde::{Deserialize, Serialize};

use super::http;

/// Characters of a gateway's reference.
const MAX_TRANSACTION_ID_CHARS: usize = 128;

/// A gateway that stands in front of all providers and speaks one protocol for
/// them: open a payment, ask about it, give it back.
#[derive(Clone, Debug)]
pub struct GenericGateway {
    url: String,
    public_url: String,
    client: Client,
}

#[derive(Serialize)]
struct NewPayment<'a> {
    payment_id: String,
    method: &'static str,
    amount: i64,
    currency: String,
    description: &'a str,
    return_url: Option<&'a str>,
    callback_url: String,
    expires_at: String,
}

#[derive(Serialize)]
struct NewRefund {
    refund_id: String,
    amount: i64,
}

#[derive(Deserialize)]
struct NewSession {
    transaction_id: String,
    payment_url: String,
}

#[derive(Deserialize)]
struct Shown {
    transaction_id: String,
    status: ShownStatus,
    amount: i64,
    currency: Option<String>,
    paid_at: Option<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ShownStatus {
    Pending,
    Success,
    Failed,
}

#[derive(Default, Deserialize)]
struct RefundShown {
    #[serde(default)]
    status: Option<String>,
}

impl GenericGateway {
    /// The gateway at `url`; it calls back under `public_url`, where this
    /// service is reached from outside. Both absolute, http or https.
    ///
    /// # Errors
    /// The system has no certificates to check the gateway's against.
    pub fn new(url: &str, public_url: &str) -> Result<Self, GatewayError> {
        let client = http::client()?;
        Ok(Self { url: http::base(url), public_url: http::base(public_url), client })
    }
}

#[async_trait]
impl Gateway for GenericGateway {
    fn offers(&self, _: PaymentMethod) -> bool {
        true
    }

    fn window(&self, _: PaymentMethod) -> Duration {
        Duration::ZERO
    }

    async fn open(&self, request: &PaymentRequest) -> Result<GatewaySession, GatewayError> {
        let method = request.method.as_str();
        let payment = NewPayment {
            payment_id: request.payment_id.to_string(),
            method,
            amount: request.amount,
            currency: request.currency.to_string(),
            description: &request.description,
            return_url: request.return_url.as_deref(),
            callback_url: format!("{}/api/payments/webhook/{method}", self.public_url),
            expires_at: rfc3339(request.expires_at)?,
        };
        let call = self.client.post(format!("{}/payments", self.url)).json(&payment);
        let call = call.header("Idempotency-Key", &payment.payment_id);
        http::send(call).await?.good()?.json::<NewSession>()?.checked()
    }

    async fn status(&self, request: &StatusRequest) -> Result<Standing, GatewayError> {
        let url = format!("{}/payments/{}", self.url, request.payment_id);
        let answer = http::send(self.client.get(url)).await?;
        if answer.status == reqwest::StatusCode::NOT_FOUND {
            return Ok(Standing::Unknown);
        }
        answer.good()?.json::<Shown>()?.standing(request)
    }

    async fn refund(&self, request: &RefundRequest) -> Result<Refunded, GatewayError> {
        let refund = NewRefund { refund_id: request.refund_id.to_string(), amount: request.amount };
        let url = format!("{}/payments/{}/refunds", self.url, request.payment_id);
        let call = self.client.post(url).json(&refund);
        let call = call.header("Idempotency-Key", &refund.refund_id);
        let answer = http::send(call).await?.good()?;
        // 201 is all that is promised; a gateway may say that it takes its time.
        let shown: RefundShown = serde_json::from_slice(&answer.body).unwrap_or_default();
        let pending = shown.status.is_some_and(|status| status == "pending");
        Ok(if pending { Refunded::Pending } else { Refunded::Done })
    }
}

impl Shown {
    fn standing(self, request: &StatusRequest) -> Result<Standing, GatewayError> {
        let outcome = match self.status {
            ShownStatus::Pending => return Ok(Standing::Pending),
            ShownStatus::Success => Outcome::Success,
            ShownStatus::Failed => Outcome::Failed,
        };
        let currency: Option<Currency> =
            self.currency.map(|text| text.parse()).transpose().map_err(|_| {
                GatewayError("the answer's currency has not three letters".to_owned())
            })?;
        let paid_at = self.paid_at.and_then(|text| DateTime::parse_from_rfc3339(&text).ok());
        Ok(Standing::Ended(GatewayEvent {
            provider: request.method,
            transaction_id: usable(self.transaction_id)?,
            payment_id: Some(request.payment_id),
            outcome,
            amount: self.amount,
            currency,
            paid_at: paid_at.map(|at| Timestamp::from_millis(at.timestamp_millis())),
        }))
    }
}

impl NewSession {
    fn checked(self) -> Result<GatewaySession, GatewayError> {
        let transaction_id = Some(usable(self.transaction_id)?);
        let payment_url = http::web_address(self.payment_url)?;
        Ok(GatewaySession { transaction_id, payment_url })
    }
}

/// A reference that can be kept.
fn usable(transaction_id: String) -> Result<String, GatewayError> {
    let plain = !transaction_id.chars().any(char::is_control);
    if !(1..=MAX_TRANSACTION_ID_CHARS).contains(&transaction_id.chars().count()) || !plain {
        return Err(GatewayError("the answer has no usable transaction_id".to_owned()));
    }
    Ok(transaction_id)
}

fn rfc3339(at: Timestamp) -> Result<String, GatewayError> {
    let date = DateTime::from_timestamp_millis(at.as_millis());
    let date = date.ok_or_else(|| GatewayError("a time is out of range".to_owned()))?;
    Ok(date.to_rfc3339_opts(SecondsFormat::Millis, true))
}
