//! ZaloPay v2.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::Sandbox;
use super::delivery::Envelope;
use super::ledger::{Format, Payment, Refund, Returned, Status};
use super::play::{Said, fields, text};
use crate::wire::mac;

/// Opens an order.
pub(super) async fn create(State(sandbox): State<Arc<Sandbox>>, body: Bytes) -> Response {
    let asked = fields(&body);
    let reference = text(&asked, "app_trans_id");
    let signed = ["app_id", "app_trans_id", "app_user", "amount", "app_time", "embed_data", "item"];
    let work = || {
        let signed = signed.map(|name| text(&asked, name));
        sandbox.zalopay_answer(&signed, &asked, || sandbox.zalopay_create(&asked))
    };
    sandbox.play("/v2/create", &reference, &asked, work).await
}

/// How an order stands.
pub(super) async fn query(State(sandbox): State<Arc<Sandbox>>, body: Bytes) -> Response {
    let asked = fields(&body);
    let reference = text(&asked, "app_trans_id");
    let key = sandbox.accounts.zalopay_key1.expose().to_owned();
    let work = || {
        let signed = [text(&asked, "app_id"), reference.clone(), key];
        sandbox.zalopay_answer(&signed, &asked, || sandbox.zalopay_query(&reference))
    };
    sandbox.play("/v2/query", &reference, &asked, work).await
}

/// Gives an order back.
pub(super) async fn refund(State(sandbox): State<Arc<Sandbox>>, body: Bytes) -> Response {
    let asked = fields(&body);
    let reference = sandbox.reference_of(&text(&asked, "zp_trans_id"));
    let signed = ["app_id", "zp_trans_id", "amount", "description", "timestamp"];
    let work = || {
        let signed = signed.map(|name| text(&asked, name));
        sandbox.zalopay_answer(&signed, &asked, || sandbox.zalopay_refund(&reference, &asked))
    };
    sandbox.play("/v2/refund", &reference, &asked, work).await
}

/// How a refund stands.
pub(super) async fn query_refund(State(sandbox): State<Arc<Sandbox>>, body: Bytes) -> Response {
    let asked = fields(&body);
    let refund_id = text(&asked, "m_refund_id");
    let work = || {
        let signed = ["app_id", "m_refund_id", "timestamp"].map(|name| text(&asked, name));
        let found = || sandbox.refund(&refund_id).map_or_else(refused, refunding);
        sandbox.zalopay_answer(&signed, &asked, found)
    };
    sandbox.play("/v2/query_refund", &refund_id, &asked, work).await
}

impl Sandbox {
    fn zalopay_answer(
        &self,
        signed: &[String],
        asked: &Value,
        work: impl FnOnce() -> Value,
    ) -> Said {
        let key = self.accounts.zalopay_key1.expose();
        let code = mac::sha256(key, &[signed.join("|").as_bytes()]);
        let is_ours = text(asked, "app_id") == self.accounts.zalopay_app_id.to_string();
        if !is_ours || code != text(asked, "mac") {
            return (StatusCode::OK, said(2, -402, "the mac is wrong"));
        }
        (StatusCode::OK, work())
    }

    fn zalopay_create(self: &Arc<Self>, asked: &Value) -> Value {
        let callback_url = text(asked, "callback_url");
        let lasts = asked["expire_duration_seconds"].as_i64().unwrap_or(900);
        let amount = asked["amount"].as_i64().filter(|_| self.may_call(&callback_url));
        let Some(amount) = amount.filter(|_| (300..=2_592_000).contains(&lasts)) else {
            return said(2, -401, "a parameter is wrong");
        };
        let reference = text(asked, "app_trans_id");
        if self.books().ledger.payment(&reference).is_some() {
            return said(2, -68, "app_trans_id was used before");
        }
        let embedded = fields(text(asked, "embed_data").as_bytes());
        let payment = Payment {
            transaction_id: self.number().to_string(),
            amount,
            ends_at: Some(self.env.now().as_millis() + lasts * 1000),
            description: text(asked, "description"),
            return_url: embedded["redirecturl"].as_str().map(str::to_owned),
            callback_url,
            asked: asked.clone(),
            ..Payment::new(Format::Zalopay, &reference)
        };
        let page = self.page(&self.take_in(payment));
        let mut said = said(1, 1, "success");
        said["order_url"] = page.into();
        said
    }

    fn zalopay_query(&self, reference: &str) -> Value {
        let mut books = self.books();
        let Some(payment) = books.ledger.payment(reference) else {
            return said(2, -101, "there is no such order");
        };
        let mut said = match payment.status {
            Status::Pending => said(3, -49, "not paid yet"),
            Status::Success => said(1, 1, "success"),
            Status::Failed => said(2, -63, "the buyer declined"),
        };
        let paid = payment.status == Status::Success;
        said["is_processing"] = false.into();
        said["amount"] = payment.amount.into();
        said["zp_trans_id"] = if paid { number(payment) } else { 0 }.into();
        said["server_time"] = payment.paid_at.into();
        said
    }

    fn zalopay_refund(&self, reference: &str, asked: &Value) -> Value {
        let amount = asked["amount"].as_i64().unwrap_or_default();
        match self.give_back(reference, &text(asked, "m_refund_id"), amount) {
            Returned::New(refund) => refunding(refund),
            Returned::Again(_) => said(2, -14, "m_refund_id was used before"),
            Returned::Refused => refused(),
        }
    }

    /// What ZaloPay posts; nothing of what was not paid.
    pub(super) fn zalopay_message(&self, payment: &Payment, amount: i64) -> Option<Envelope> {
        if payment.status != Status::Success {
            return None;
        }
        let data = json!({
            "app_id": self.accounts.zalopay_app_id,
            "app_trans_id": payment.reference,
            "app_time": payment.asked["app_time"],
            "app_user": payment.asked["app_user"],
            "amount": amount,
            "embed_data": payment.asked["embed_data"],
            "item": payment.asked["item"],
            "zp_trans_id": number(payment),
            "server_time": payment.paid_at,
            "channel": 38,
            "merchant_user_id": "sandbox",
            "user_fee_amount": 0,
            "discount_amount": 0,
        });
        let data = data.to_string();
        let mac = mac::sha256(self.accounts.zalopay_key2.expose(), &[data.as_bytes()]);
        let body = json!({ "data": data, "mac": mac, "type": 1 });
        let request = self.client.post(&payment.callback_url).json(&body);
        Some(Envelope { request, shown: body })
    }
}

fn number(payment: &Payment) -> i64 {
    payment.transaction_id.parse().unwrap_or_default()
}

fn said(code: i64, sub_code: i64, message: &str) -> Value {
    json!({ "return_code": code, "return_message": message,
            "sub_return_code": sub_code, "sub_return_message": message })
}

fn refunding(refund: Refund) -> Value {
    if refund.done { said(1, 1, "success") } else { said(3, 2, "processing") }
}

fn refused() -> Value {
    said(2, -13, "there is nothing, or not that much, to give back")
}
