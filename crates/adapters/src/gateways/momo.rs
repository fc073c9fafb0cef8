//! MoMo, payment API v2.

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

use super::callback::{
    Acknowledgement, Callbacks, Doubt, Message, Verdict, Word, text, transaction,
};
use super::{dong, http, is_dong, mac};

/// A session lasts whole minutes.
const WINDOW: Duration = Duration::from_secs(60);

/// The order id is not known there.
const UNKNOWN_ORDER: i64 = 42;

/// What a callback is signed over, in this order; `accessKey` stands before.
const CALLBACK_FIELDS: [&str; 12] = [
    "amount",
    "extraData",
    "message",
    "orderId",
    "orderInfo",
    "orderType",
    "partnerCode",
    "payType",
    "requestId",
    "responseTime",
    "resultCode",
    "transId",
];

/// What MoMo knows this shop by.
#[derive(Clone)]
pub struct MomoAccount {
    /// The merchant.
    pub partner_code: String,
    /// Part of what is signed.
    pub access_key: String,
    /// What is signed with.
    pub secret_key: String,
    /// Where its API is, e.g. `https://payment.momo.vn`.
    pub url: String,
}

/// MoMo.
pub struct Momo {
    account: MomoAccount,
    public_url: String,
    client: Client,
    env: Env,
}

impl Momo {
    /// MoMo for this merchant; it calls back under `public_url`.
    ///
    /// # Errors
    /// The system has no certificates to check MoMo's against.
    pub fn new(account: MomoAccount, public_url: &str, env: Env) -> Result<Self, GatewayError> {
        let account = MomoAccount { url: http::base(&account.url), ..account };
        Ok(Self { account, public_url: http::base(public_url), client: http::client()?, env })
    }

    /// Calls an endpoint with these fields, signed over those of them that are
    /// named, in this order. MoMo says what went wrong in the body.
    async fn call(
        &self,
        endpoint: &str,
        signed: &[&str],
        mut fields: Value,
    ) -> Result<Value, GatewayError> {
        fields["partnerCode"] = self.account.partner_code.clone().into();
        fields["lang"] = "vi".into();
        fields["signature"] = self.sign(signed, &fields).into();
        let url = format!("{}/v2/gateway/api/{endpoint}", self.account.url);
        let answer = http::send(self.client.post(url).json(&fields)).await?;
        match answer.json() {
            Err(error) => Err(answer.good().err().unwrap_or(error)),
            said => said,
        }
    }

    fn sign(&self, signed: &[&str], fields: &Value) -> String {
        let text = self.signing_string(signed, fields);
        mac::sha256(&self.account.secret_key, &[text.as_bytes()])
    }

    fn signing_string(&self, signed: &[&str], fields: &Value) -> String {
        let pairs = signed.iter().map(|name| format!("&{name}={}", text(fields, name)));
        format!("accessKey={}{}", self.account.access_key, pairs.collect::<String>())
    }

    /// How a refund stands that MoMo has been asked for before.
    async fn refund_standing(&self, refund_id: &str) -> Result<Refunded, GatewayError> {
        let signed = ["orderId", "partnerCode", "requestId"];
        let fields = json!({ "orderId": refund_id, "requestId": self.env.uuid().to_string() });
        let answer = self.call("refund/query", &signed, fields).await?;
        let one = answer["refundTrans"]
            .as_array()
            .and_then(|all| all.iter().find(|one| one["orderId"].as_str() == Some(refund_id)));
        refunded(one.unwrap_or(&answer))
    }
}

#[async_trait]
impl Gateway for Momo {
    fn offers(&self, _: PaymentMethod) -> bool {
        true
    }

    fn takes(&self, _: PaymentMethod, currency: Currency) -> bool {
        is_dong(currency)
    }

    fn window(&self, _: PaymentMethod) -> Duration {
        WINDOW
    }

    async fn open(&self, request: &PaymentRequest) -> Result<GatewaySession, GatewayError> {
        let left = request.expires_at.as_millis() - self.env.now().as_millis();
        let id = request.payment_id.to_string();
        let fields = json!({
            "orderId": id,
            "requestId": id,
            "amount": dong(request.amount, request.currency)?,
            "orderInfo": request.description,
            "redirectUrl": request.return_url.as_deref().unwrap_or(&self.public_url),
            "ipnUrl": format!("{}/api/payments/webhook/momo", self.public_url),
            "requestType": "captureWallet",
            "extraData": "",
            "autoCapture": true,
            "orderExpireTime": (left / 60_000).max(1),
        });
        let signed = [
            "amount",
            "extraData",
            "ipnUrl",
            "orderId",
            "orderInfo",
            "partnerCode",
            "redirectUrl",
            "requestId",
            "requestType",
        ];
        let answer = self.call("create", &signed, fields).await?;
        match (result(&answer)?, answer["payUrl"].as_str()) {
            (0, Some(url)) => {
                let payment_url = http::web_address(url.to_owned())?;
                Ok(GatewaySession { transaction_id: None, payment_url })
            }
            (code, _) => Err(refusal(code)),
        }
    }

    async fn status(&self, request: &StatusRequest) -> Result<Standing, GatewayError> {
        let id = request.payment_id.to_string();
        let signed = ["orderId", "partnerCode", "requestId"];
        // A request id that was used before gets the answer of then.
        let fields = json!({ "orderId": id, "requestId": self.env.uuid().to_string() });
        let answer = self.call("query", &signed, fields).await?;
        let outcome = match result(&answer)? {
            0 => Outcome::Success,
            1000 | 7000 | 7002 | 9000 => return Ok(Standing::Pending),
            1001..=4999 => Outcome::Failed,
            UNKNOWN_ORDER => return Ok(Standing::Unknown),
            code => return Err(refusal(code)),
        };
        if text(&answer, "orderId") != id {
            return Err(GatewayError("the answer is about another payment".to_owned()));
        }
        let amount = match outcome {
            Outcome::Success => answer["amount"].as_i64().ok_or_else(http::malformed)?,
            Outcome::Failed => request.amount,
        };
        Ok(Standing::Ended(event(&answer, request.payment_id, outcome, amount)))
    }

    async fn refund(&self, request: &RefundRequest) -> Result<Refunded, GatewayError> {
        let id = request.refund_id.to_string();
        let transaction = request.transaction_id.as_deref().and_then(|id| id.parse::<i64>().ok());
        let transaction = transaction.ok_or_else(http::no_transaction)?;
        let fields = json!({
            "orderId": id,
            "requestId": id,
            "amount": dong(request.amount, request.currency)?,
            "transId": transaction,
            "description": request.reason,
        });
        let signed = ["amount", "description", "orderId", "partnerCode", "requestId", "transId"];
        let answer = self.call("refund", &signed, fields).await?;
        match result(&answer)? {
            // These ids were used before: it may have been done then.
            40 | 41 => self.refund_standing(&id).await,
            _ => refunded(&answer),
        }
    }
}

impl Callbacks for Momo {
    fn read(&self, message: &Message<'_>) -> Result<Word, Doubt> {
        let fields: Value = serde_json::from_slice(message.body).map_err(|_| Doubt::Malformed)?;
        let signature = fields["signature"].as_str().ok_or(Doubt::Signature)?;
        let signed = self.signing_string(&CALLBACK_FIELDS, &fields);
        if !mac::is_sha256(&self.account.secret_key, &[signed.as_bytes()], signature) {
            return Err(Doubt::Signature);
        }
        if text(&fields, "partnerCode") != self.account.partner_code {
            return Err(Doubt::NotOurs);
        }
        let payment: PaymentId = text(&fields, "orderId").parse().map_err(|_| Doubt::NotOurs)?;
        let amount = text(&fields, "amount").parse().map_err(|_| Doubt::Malformed)?;
        let outcome = match text(&fields, "resultCode").parse().map_err(|_| Doubt::Malformed)? {
            0 => Outcome::Success,
            1000 | 7000 | 7002 | 9000 => return Ok(Word::Pending(payment)),
            1.. | i64::MIN..0 => Outcome::Failed,
        };
        Ok(Word::Event(event(&fields, payment, outcome, amount)))
    }

    fn acknowledge(&self, verdict: Verdict) -> Option<Acknowledgement> {
        let taken = matches!(verdict, Verdict::Taken | Verdict::Repeated);
        taken.then_some(Acknowledgement { status: 204, body: None })
    }
}

fn event(fields: &Value, payment: PaymentId, outcome: Outcome, amount: i64) -> GatewayEvent {
    let paid_at = text(fields, "responseTime").parse().ok().map(Timestamp::from_millis);
    GatewayEvent {
        provider: PaymentMethod::Momo,
        transaction_id: transaction(&text(fields, "transId"), &payment.to_string()),
        payment_id: Some(payment),
        outcome,
        amount,
        currency: super::VND.parse().ok(),
        paid_at: paid_at.filter(|_| outcome == Outcome::Success),
    }
}

fn result(answer: &Value) -> Result<i64, GatewayError> {
    answer["resultCode"].as_i64().ok_or_else(http::malformed)
}

fn refunded(answer: &Value) -> Result<Refunded, GatewayError> {
    match result(answer)? {
        0 => Ok(Refunded::Done),
        1000 | 7000 | 7002 => Ok(Refunded::Pending),
        code => Err(refusal(code)),
    }
}

fn refusal(code: i64) -> GatewayError {
    GatewayError(format!("MoMo's result is {code}"))
}
