//! MoMo v2.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::Sandbox;
use super::delivery::Envelope;
use super::ledger::{Format, Payment, Returned, Status};
use super::play::{Said, fields, text};
use crate::wire::mac;

/// What a create request is signed over, in this order.
const CREATE: &[&str] = &[
    "accessKey",
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

/// What a query is signed over.
const QUERY: &[&str] = &["accessKey", "orderId", "partnerCode", "requestId"];

/// What a refund is signed over.
const REFUND: &[&str] =
    &["accessKey", "amount", "description", "orderId", "partnerCode", "requestId", "transId"];

/// What a message to the shop is signed over.
const MESSAGE: &[&str] = &[
    "accessKey",
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

/// Opens a payment.
pub(super) async fn create(State(sandbox): State<Arc<Sandbox>>, body: Bytes) -> Response {
    let asked = fields(&body);
    let reference = text(&asked, "orderId");
    let work = || sandbox.momo_answer(CREATE, &asked, || sandbox.momo_create(&asked));
    sandbox.play("/v2/gateway/api/create", &reference, &asked, work).await
}

/// How a payment stands.
pub(super) async fn query(State(sandbox): State<Arc<Sandbox>>, body: Bytes) -> Response {
    let asked = fields(&body);
    let reference = text(&asked, "orderId");
    let work = || sandbox.momo_answer(QUERY, &asked, || sandbox.momo_query(&reference));
    sandbox.play("/v2/gateway/api/query", &reference, &asked, work).await
}

/// Gives a payment back.
pub(super) async fn refund(State(sandbox): State<Arc<Sandbox>>, body: Bytes) -> Response {
    let asked = fields(&body);
    let reference = sandbox.reference_of(&text(&asked, "transId"));
    let work = || sandbox.momo_answer(REFUND, &asked, || sandbox.momo_refund(&reference, &asked));
    sandbox.play("/v2/gateway/api/refund", &reference, &asked, work).await
}

/// How a refund stands.
pub(super) async fn query_refund(State(sandbox): State<Arc<Sandbox>>, body: Bytes) -> Response {
    let asked = fields(&body);
    let refund_id = text(&asked, "orderId");
    let work = || sandbox.momo_answer(QUERY, &asked, || sandbox.momo_refund_standing(&refund_id));
    sandbox.play("/v2/gateway/api/refund/query", &refund_id, &asked, work).await
}

impl Sandbox {
    /// Checks the signature, and says it with what every answer has.
    fn momo_answer(&self, signed: &[&str], asked: &Value, work: impl FnOnce() -> Value) -> Said {
        let is_ours = text(asked, "partnerCode") == self.accounts.momo_partner_code;
        if !is_ours || self.momo_signature(signed, asked) != text(asked, "signature") {
            let said = json!({ "resultCode": 11007, "message": "The signature is wrong." });
            return (StatusCode::BAD_REQUEST, said);
        }
        let mut said = work();
        for name in ["partnerCode", "orderId", "requestId"] {
            said[name] = asked[name].clone();
        }
        said["responseTime"] = self.env.now().as_millis().into();
        (StatusCode::OK, said)
    }

    fn momo_signature(&self, signed: &[&str], fields: &Value) -> String {
        let access_key = self.accounts.momo_access_key.expose();
        let pairs = signed.iter().map(|name| match *name {
            "accessKey" => format!("accessKey={access_key}"),
            name => format!("{name}={}", text(fields, name)),
        });
        let signed = pairs.collect::<Vec<_>>().join("&");
        mac::sha256(self.accounts.momo_secret_key.expose(), &[signed.as_bytes()])
    }

    fn momo_create(self: &Arc<Self>, asked: &Value) -> Value {
        let callback_url = text(asked, "ipnUrl");
        let Some(amount) = asked["amount"].as_i64().filter(|_| self.may_call(&callback_url)) else {
            return json!({ "resultCode": 20, "message": "Bad format request." });
        };
        let lasts = asked["orderExpireTime"].as_i64();
        let payment = Payment {
            transaction_id: self.number().to_string(),
            amount,
            ends_at: lasts.map(|minutes| {
                self.env.now().plus_millis(minutes.saturating_mul(60_000)).as_millis()
            }),
            description: text(asked, "orderInfo"),
            return_url: asked["redirectUrl"].as_str().map(str::to_owned),
            callback_url,
            asked: asked.clone(),
            ..Payment::new(Format::Momo, &text(asked, "orderId"))
        };
        let page = self.page(&self.take_in(payment));
        json!({ "resultCode": 0, "message": "Success", "amount": amount, "payUrl": page })
    }

    fn momo_query(&self, reference: &str) -> Value {
        let mut books = self.books();
        let Some(payment) = books.ledger.payment(reference) else {
            return json!({ "resultCode": 42, "message": "OrderId does not exist." });
        };
        let (code, message) = result(payment);
        json!({
            "resultCode": code, "message": message, "amount": payment.amount,
            "transId": transaction(payment), "payType": "qr", "extraData": "",
        })
    }

    fn momo_refund(&self, reference: &str, asked: &Value) -> Value {
        let amount = asked["amount"].as_i64().unwrap_or_default();
        match self.give_back(reference, &text(asked, "requestId"), amount) {
            Returned::New(refund) | Returned::Again(refund) if refund.done => {
                json!({ "resultCode": 0, "message": "Success", "amount": refund.amount,
                        "transId": self.number() })
            }
            Returned::New(_) | Returned::Again(_) => {
                json!({ "resultCode": 7002, "message": "Being processed by the provider." })
            }
            Returned::Refused => json!({ "resultCode": 1088, "message": "Not to be refunded." }),
        }
    }

    fn momo_refund_standing(&self, refund_id: &str) -> Value {
        let Some(refund) = self.refund(refund_id) else {
            return json!({ "resultCode": 42, "message": "OrderId does not exist." });
        };
        let code = if refund.done { 0 } else { 7002 };
        json!({ "resultCode": 0, "message": "Success", "refundTrans": [
            { "orderId": refund_id, "amount": refund.amount, "resultCode": code }
        ] })
    }

    /// What MoMo posts.
    pub(super) fn momo_message(&self, payment: &Payment, amount: i64) -> Envelope {
        let (code, message) = result(payment);
        let mut body = json!({
            "partnerCode": self.accounts.momo_partner_code,
            "orderId": payment.reference,
            "requestId": payment.asked["requestId"],
            "amount": amount,
            "orderInfo": payment.description,
            "orderType": "momo_wallet",
            "transId": transaction(payment),
            "resultCode": code,
            "message": message,
            "payType": "qr",
            "responseTime": self.env.now().as_millis(),
            "extraData": payment.asked["extraData"],
        });
        body["signature"] = self.momo_signature(MESSAGE, &body).into();
        let request = self.client.post(&payment.callback_url).json(&body);
        Envelope { request, shown: body }
    }
}

fn result(payment: &Payment) -> (i64, &'static str) {
    match payment.status {
        Status::Pending => (1000, "Transaction is initiated, waiting for user confirmation."),
        Status::Success => (0, "Successful."),
        Status::Failed => (1006, "Transaction denied by user."),
    }
}

/// Only what was tried has a number.
fn transaction(payment: &Payment) -> i64 {
    let number = payment.transaction_id.parse().ok();
    number.filter(|_| payment.status != Status::Pending).unwrap_or_default()
}
