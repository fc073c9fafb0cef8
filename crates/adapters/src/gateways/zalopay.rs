//! ZaloPay, gateway API v2.

use std::time::Duration;

use async_trait::async_trait;
use reqwest::Client;
use seathold_core::{Currency, PaymentId, Timestamp};
use seathold_service::model::{GatewayEvent, Outcome, PaymentMethod};
use seathold_service::ports::{
    Env, Gateway, GatewayError, GatewaySession, PaymentRequest, RefundRequest, Refunded, Standing,
    StatusRequest,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::callback::{
    Acknowledgement, Callbacks, Doubt, Message, Verdict, Word, text, transaction,
};
use super::{dong, http, is_dong, local_time, mac};

/// Seconds an order lasts at the least, and at the most.
const DURATION_SECONDS: (i64, i64) = (300, 2_592_000);

/// Digits of our reference in the name of a refund, which has 45 characters
/// for day, app and reference.
const REFUND_DIGITS: usize = 26;

/// There is no such order.
const UNKNOWN_ORDER: i64 = -101;

/// What ZaloPay knows this shop by.
#[derive(Clone)]
pub struct ZalopayAccount {
    /// The merchant's application.
    pub app_id: u64,
    /// What requests are signed with.
    pub key1: String,
    /// What callbacks are signed with.
    pub key2: String,
    /// Where its API is, e.g. `https://openapi.zalopay.vn`.
    pub url: String,
}

/// ZaloPay.
pub struct Zalopay {
    account: ZalopayAccount,
    public_url: String,
    client: Client,
    env: Env,
}

impl Zalopay {
    /// ZaloPay for this application; it calls back under `public_url`.
    ///
    /// # Errors
    /// The system has no certificates to check ZaloPay's against.
    pub fn new(account: ZalopayAccount, public_url: &str, env: Env) -> Result<Self, GatewayError> {
        let account = ZalopayAccount { url: http::base(&account.url), ..account };
        Ok(Self { account, public_url: http::base(public_url), client: http::client()?, env })
    }

    /// Calls an endpoint with these fields, signed over those of them that are
    /// named, in this order.
    async fn call(
        &self,
        endpoint: &str,
        signed: &[&str],
        mut fields: Value,
    ) -> Result<Value, GatewayError> {
        fields["app_id"] = self.account.app_id.into();
        let parts: Vec<String> = signed.iter().map(|name| text(&fields, name)).collect();
        fields["mac"] = self.mac(&parts.join("|")).into();
        let url = format!("{}/v2/{endpoint}", self.account.url);
        http::send(self.client.post(url).json(&fields)).await?.good()?.json()
    }

    fn mac(&self, text: &str) -> String {
        mac::sha256(&self.account.key1, &[text.as_bytes()])
    }

    async fn refund_standing(&self, refund_id: &str) -> Result<Refunded, GatewayError> {
        let now = self.env.now().as_millis();
        let fields = json!({ "m_refund_id": refund_id, "timestamp": now });
        let signed = ["app_id", "m_refund_id", "timestamp"];
        let answer = self.call("query_refund", &signed, fields).await?;
        match code(&answer)? {
            1 => Ok(Refunded::Done),
            3 => Ok(Refunded::Pending),
            code => Err(refusal(code, &answer)),
        }
    }
}

#[async_trait]
impl Gateway for Zalopay {
    fn offers(&self, _: PaymentMethod) -> bool {
        true
    }

    fn takes(&self, _: PaymentMethod, currency: Currency) -> bool {
        is_dong(currency)
    }

    fn window(&self, _: PaymentMethod) -> Duration {
        Duration::from_secs(DURATION_SECONDS.0.unsigned_abs())
    }

    async fn open(&self, request: &PaymentRequest) -> Result<GatewaySession, GatewayError> {
        let now = self.env.now().as_millis();
        let left = (request.expires_at.as_millis() - now) / 1000;
        let back = request.return_url.as_deref().unwrap_or(&self.public_url);
        let fields = json!({
            "app_user": request.booking_id.to_string(),
            "app_trans_id": order(request.payment_id, request.created_at)?,
            "app_time": now,
            "amount": dong(request.amount, request.currency)?,
            "item": "[]",
            "embed_data": json!({ "redirecturl": back }).to_string(),
            "description": request.description,
            "bank_code": "",
            "expire_duration_seconds": left.clamp(DURATION_SECONDS.0, DURATION_SECONDS.1),
            "callback_url": format!("{}/api/payments/webhook/zalopay", self.public_url),
        });
        let signed =
            ["app_id", "app_trans_id", "app_user", "amount", "app_time", "embed_data", "item"];
        let answer = self.call("create", &signed, fields).await?;
        match (code(&answer)?, answer["order_url"].as_str()) {
            (1, Some(url)) => {
                let payment_url = http::web_address(url.to_owned())?;
                Ok(GatewaySession { transaction_id: None, payment_url })
            }
            (code, _) => Err(refusal(code, &answer)),
        }
    }

    async fn status(&self, request: &StatusRequest) -> Result<Standing, GatewayError> {
        let order = order(request.payment_id, request.created_at)?;
        let mac = self.mac(&format!("{}|{order}|{}", self.account.app_id, self.account.key1));
        let fields = json!({ "app_id": self.account.app_id, "app_trans_id": order, "mac": mac });
        let url = format!("{}/v2/query", self.account.url);
        let call = self.client.post(url).json(&fields);
        let answer: Value = http::send(call).await?.good()?.json()?;
        let (outcome, amount) = match code(&answer)? {
            1 => (Outcome::Success, answer["amount"].as_i64().ok_or_else(http::malformed)?),
            2 if answer["sub_return_code"].as_i64() == Some(UNKNOWN_ORDER) => {
                return Ok(Standing::Unknown);
            }
            2 => (Outcome::Failed, request.amount),
            3 => return Ok(Standing::Pending),
            code => return Err(refusal(code, &answer)),
        };
        Ok(Standing::Ended(event(&answer, request.payment_id, outcome, amount)))
    }

    async fn refund(&self, request: &RefundRequest) -> Result<Refunded, GatewayError> {
        let transaction = request.transaction_id.as_deref().ok_or_else(http::no_transaction)?;
        let day = local_time::day(request.requested_at)?;
        let reference = request.refund_id.uuid().simple().to_string();
        let id = format!("{day}_{}_{}", self.account.app_id, &reference[..REFUND_DIGITS]);
        let fields = json!({
            "m_refund_id": id,
            "zp_trans_id": transaction,
            "amount": dong(request.amount, request.currency)?,
            "timestamp": self.env.now().as_millis(),
            "description": request.reason,
        });
        let signed = ["app_id", "zp_trans_id", "amount", "description", "timestamp"];
        match code(&self.call("refund", &signed, fields).await?)? {
            1 => Ok(Refunded::Done),
            3 => Ok(Refunded::Pending),
            // Refused, perhaps because it was asked for before.
            _ => self.refund_standing(&id).await,
        }
    }
}

impl Callbacks for Zalopay {
    fn read(&self, message: &Message<'_>) -> Result<Word, Doubt> {
        let envelope: Value = serde_json::from_slice(message.body).map_err(|_| Doubt::Malformed)?;
        let mac = envelope["mac"].as_str().ok_or(Doubt::Signature)?;
        let data = envelope["data"].as_str().ok_or(Doubt::Malformed)?;
        if !mac::is_sha256(&self.account.key2, &[data.as_bytes()], mac) {
            return Err(Doubt::Signature);
        }
        let fields: Value = serde_json::from_str(data).map_err(|_| Doubt::Malformed)?;
        // Type 1 is an order; only that can have been signed with these fields.
        if envelope["type"].as_i64() != Some(1) {
            return Err(Doubt::Malformed);
        }
        if text(&fields, "app_id") != self.account.app_id.to_string() {
            return Err(Doubt::NotOurs);
        }
        let payment = payment(&text(&fields, "app_trans_id")).ok_or(Doubt::NotOurs)?;
        let amount = fields["amount"].as_i64().ok_or(Doubt::Malformed)?;
        Ok(Word::Event(event(&fields, payment, Outcome::Success, amount)))
    }

    fn acknowledge(&self, verdict: Verdict) -> Option<Acknowledgement> {
        let (code, message) = match verdict {
            Verdict::Taken => (1, "success"),
            Verdict::Repeated => (2, "duplicate"),
            Verdict::UnknownOrder => (0, "order not found, try again"),
            Verdict::Failed => (0, "try again"),
            Verdict::WrongAmount => (-1, "amount not equal"),
            Verdict::Refused(Doubt::Signature) => (-1, "mac not equal"),
            Verdict::Refused(Doubt::NotOurs) => (-1, "order not ours"),
            Verdict::Refused(Doubt::Malformed) => (-1, "malformed"),
        };
        let body = json!({ "return_code": code, "return_message": message });
        Some(Acknowledgement { status: 200, body: Some(body) })
    }
}

/// Our reference: the day the payment was started, and the payment.
fn order(payment: PaymentId, created_at: Timestamp) -> Result<String, GatewayError> {
    Ok(format!("{}_{}", local_time::day(created_at)?, payment.uuid().simple()))
}

fn payment(order: &str) -> Option<PaymentId> {
    let (_, reference) = order.split_once('_')?;
    let uuid = (reference.len() == 32).then(|| Uuid::try_parse(reference).ok())??;
    Some(PaymentId::from_uuid(uuid))
}

fn event(fields: &Value, payment: PaymentId, outcome: Outcome, amount: i64) -> GatewayEvent {
    let paid_at = fields["server_time"].as_i64().map(Timestamp::from_millis);
    GatewayEvent {
        provider: PaymentMethod::Zalopay,
        transaction_id: transaction(&text(fields, "zp_trans_id"), &payment.to_string()),
        payment_id: Some(payment),
        outcome,
        amount,
        currency: super::VND.parse().ok(),
        paid_at: paid_at.filter(|_| outcome == Outcome::Success),
    }
}

fn code(answer: &Value) -> Result<i64, GatewayError> {
    answer["return_code"].as_i64().ok_or_else(http::malformed)
}

fn refusal(code: i64, answer: &Value) -> GatewayError {
    let sub = answer["sub_return_code"].as_i64().unwrap_or_default();
    GatewayError(format!("ZaloPay's return code is {code}, {sub}"))
}
