use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, SecondsFormat};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response, Url};
use seathold_core::Timestamp;
use seathold_service::model::PaymentMethod;
use seathold_service::ports::{
    Gateway, GatewayError, GatewaySession, PaymentRequest, RefundRequest,
};
use serde::{Deserialize, Serialize};

/// To reach the gateway: longer, and it is down.
const CONNECT_LIMIT: Duration = Duration::from_secs(2);

/// For one whole call: half of what a buyer's request may take.
const CALL_LIMIT: Duration = Duration::from_secs(5);

/// Bytes of an answer; a session is a few hundred.
const MAX_RESPONSE_BYTES: usize = 64 << 10;

/// Characters of a gateway's reference.
const MAX_TRANSACTION_ID_CHARS: usize = 128;

/// A gateway that stands in front of all providers and speaks one protocol for
/// them: open a payment, give it back.
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

impl GenericGateway {
    /// The gateway at `url`; it calls back under `public_url`, where this
    /// service is reached from outside. Both absolute, http or https.
    ///
    /// # Errors
    /// The system has no certificates to check the gateway's against.
    pub fn new(url: &str, public_url: &str) -> Result<Self, GatewayError> {
        let client = Client::builder()
            .connect_timeout(CONNECT_LIMIT)
            .timeout(CALL_LIMIT)
            .redirect(Policy::none())
            .no_proxy()
            .build()
            .map_err(failed)?;
        let base = |url: &str| url.trim_end_matches('/').to_owned();
        Ok(Self { url: base(url), public_url: base(public_url), client })
    }
}

#[async_trait]
impl Gateway for GenericGateway {
    fn offers(&self, _: PaymentMethod) -> bool {
        true
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
        let response = send(call, &payment.payment_id).await?;
        let body = bounded_body(response).await?;
        let session: NewSession = serde_json::from_slice(&body)
            .map_err(|error| GatewayError(format!("the answer is malformed: {error}")))?;
        session.checked()
    }

    async fn refund(&self, request: &RefundRequest) -> Result<(), GatewayError> {
        let refund = NewRefund { refund_id: request.refund_id.to_string(), amount: request.amount };
        let url = format!("{}/payments/{}/refunds", self.url, request.payment_id);
        send(self.client.post(url).json(&refund), &refund.refund_id).await?;
        Ok(())
    }
}

impl NewSession {
    fn checked(self) -> Result<GatewaySession, GatewayError> {
        let Self { transaction_id, payment_url } = self;
        let plain = !transaction_id.chars().any(char::is_control);
        if !(1..=MAX_TRANSACTION_ID_CHARS).contains(&transaction_id.chars().count()) || !plain {
            return Err(GatewayError("the answer has no usable transaction_id".to_owned()));
        }
        let web = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
        if !Url::parse(&payment_url).is_ok_and(|url| web(&url)) {
            return Err(GatewayError("the answer's payment_url is not a web address".to_owned()));
        }
        Ok(GatewaySession { transaction_id, payment_url })
    }
}

/// Sends a call that may be repeated under this key.
async fn send(call: RequestBuilder, key: &str) -> Result<Response, GatewayError> {
    let response = call.header("Idempotency-Key", key).send().await.map_err(failed)?;
    match response.status() {
        status if status.is_success() => Ok(response),
        status => Err(GatewayError(format!("it answered {status}"))),
    }
}

async fn bounded_body(mut response: Response) -> Result<Vec<u8>, GatewayError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        if body.len() + chunk.len() > MAX_RESPONSE_BYTES {
            return Err(GatewayError("the answer is too long".to_owned()));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn rfc3339(at: Timestamp) -> Result<String, GatewayError> {
    let date = DateTime::from_timestamp_millis(at.as_millis());
    let date = date.ok_or_else(|| GatewayError("a time is out of range".to_owned()))?;
    Ok(date.to_rfc3339_opts(SecondsFormat::Millis, true))
}

/// With all causes, but without the address, which may hold a password.
fn failed(error: reqwest::Error) -> GatewayError {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    GatewayError(text)
}
