//! VNPay 2.1.0.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Form;
use axum::body::Bytes;
use axum::extract::rejection::FormRejection;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use form_urlencoded::Serializer;
use serde_json::{Value, json};

use super::Sandbox;
use super::delivery::Envelope;
use super::ledger::{Format, Payment, Returned, Status};
use super::page::{self, Decision};
use super::play::{Said, fields, text};
use crate::http::{Problem, kind};
use crate::wire::mac;

/// The order in which a query is signed.
const QUERY: &[&str] = &[
    "vnp_RequestId",
    "vnp_Version",
    "vnp_Command",
    "vnp_TmnCode",
    "vnp_TxnRef",
    "vnp_TransactionDate",
    "vnp_CreateDate",
    "vnp_IpAddr",
    "vnp_OrderInfo",
];

/// The order in which a refund is signed.
const REFUND: &[&str] = &[
    "vnp_RequestId",
    "vnp_Version",
    "vnp_Command",
    "vnp_TmnCode",
    "vnp_TransactionType",
    "vnp_TxnRef",
    "vnp_Amount",
    "vnp_TransactionNo",
    "vnp_TransactionDate",
    "vnp_CreateBy",
    "vnp_CreateDate",
    "vnp_IpAddr",
    "vnp_OrderInfo",
];

/// The order in which answers are signed; those to refunds without the last two.
const ANSWER: [&str; 15] = [
    "vnp_ResponseId",
    "vnp_Command",
    "vnp_ResponseCode",
    "vnp_Message",
    "vnp_TmnCode",
    "vnp_TxnRef",
    "vnp_Amount",
    "vnp_BankCode",
    "vnp_PayDate",
    "vnp_TransactionNo",
    "vnp_TransactionType",
    "vnp_TransactionStatus",
    "vnp_OrderInfo",
    "vnp_PromotionCode",
    "vnp_PromotionAmount",
];

/// The page to which the shop sends its buyers; VNPay learns of the payment here.
pub(super) async fn show(
    State(sandbox): State<Arc<Sandbox>>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    Ok(page::of(&sandbox.vnpay_open(&query.unwrap_or_default())?))
}

/// The buyer's decision, on that page.
pub(super) async fn decide(
    State(sandbox): State<Arc<Sandbox>>,
    RawQuery(query): RawQuery,
    form: Result<Form<Decision>, FormRejection>,
) -> Result<Response, Problem> {
    let payment = sandbox.vnpay_open(&query.unwrap_or_default())?;
    page::decided(&sandbox, &payment.reference, form).await
}

/// Queries and refunds.
pub(super) async fn api(State(sandbox): State<Arc<Sandbox>>, body: Bytes) -> Response {
    let asked = fields(&body);
    let reference = text(&asked, "vnp_TxnRef");
    sandbox.play("/vnpay/api", &reference, &asked, || sandbox.vnpay_command(&asked)).await
}

impl Sandbox {
    fn vnpay_hash(&self, signed: &str) -> String {
        mac::sha512(self.accounts.vnpay_hash_secret.expose(), &[signed.as_bytes()])
    }

    /// The payment that this address asks for.
    fn vnpay_open(self: &Arc<Self>, query: &str) -> Result<Payment, Problem> {
        let hash_and = query.split_once("&vnp_SecureHash=");
        let (signed, hash) = hash_and.ok_or(Problem::new(&kind::UNAUTHENTICATED))?;
        let given: BTreeMap<String, String> =
            form_urlencoded::parse(signed.as_bytes()).into_owned().collect();
        // As VNPay does it: sorted and encoded again.
        let again = Serializer::new(String::new()).extend_pairs(&given).finish();
        let field = |name: &str| given.get(name).cloned().unwrap_or_default();
        if self.vnpay_hash(&again) != hash || field("vnp_TmnCode") != self.accounts.vnpay_tmn_code {
            return Err(Problem::new(&kind::UNAUTHENTICATED));
        }
        let amount = field("vnp_Amount").parse::<i64>().ok().filter(|amount| amount % 100 == 0);
        let amount = amount.ok_or_else(|| Problem::invalid("vnp_Amount", "must be a price"))?;
        let reference = field("vnp_TxnRef");
        self.take_in(Payment {
            transaction_id: self.number().to_string(),
            amount: amount / 100,
            ends_at: moment(&field("vnp_ExpireDate")),
            description: field("vnp_OrderInfo"),
            return_url: Some(field("vnp_ReturnUrl")),
            // Agreed with the shop, not sent along.
            callback_url: format!("{}vnpay", self.callbacks),
            asked: json!(given),
            ..Payment::new(Format::Vnpay, &reference)
        });
        let mut books = self.books();
        let payment = books.ledger.payment(&reference).ok_or(Problem::new(&kind::NOT_FOUND))?;
        if payment.wire.is_empty() {
            let page =
                json!({ "from": "shop", "to": "/vnpay/pay, by the buyer", "request": given });
            payment.note(page);
        }
        Ok(payment.clone())
    }

    fn vnpay_command(&self, asked: &Value) -> Said {
        let command = text(asked, "vnp_Command");
        let (signed, answered) = match command.as_str() {
            "querydr" => (QUERY, ANSWER.len()),
            _ => (REFUND, ANSWER.len() - 2),
        };
        let values: Vec<String> = signed.iter().map(|name| text(asked, name)).collect();
        let is_ours = text(asked, "vnp_TmnCode") == self.accounts.vnpay_tmn_code;
        let mut said = match (is_ours, command.as_str()) {
            (false, _) => coded("02"),
            _ if self.vnpay_hash(&values.join("|")) != text(asked, "vnp_SecureHash") => coded("97"),
            (_, "querydr") => self.vnpay_query(asked),
            (_, "refund") => self.vnpay_refund(asked),
            _ => coded("03"),
        };
        said["vnp_ResponseId"] = self.env.uuid().simple().to_string().into();
        for name in ["vnp_Command", "vnp_TmnCode", "vnp_TxnRef", "vnp_OrderInfo"] {
            said[name] = asked[name].clone();
        }
        let values: Vec<String> =
            ANSWER.iter().take(answered).map(|name| text(&said, name)).collect();
        said["vnp_SecureHash"] = self.vnpay_hash(&values.join("|")).into();
        (StatusCode::OK, said)
    }

    fn vnpay_query(&self, asked: &Value) -> Value {
        let mut books = self.books();
        let payment = books.ledger.payment(&text(asked, "vnp_TxnRef"));
        // VNPay finds a payment by its date, too.
        let of_date = |payment: &&mut Payment| {
            payment.asked["vnp_CreateDate"] == asked["vnp_TransactionDate"]
        };
        let Some(payment) = payment.filter(of_date) else { return coded("91") };
        let (kind, status) = match (payment.status, payment.refunds.values().next_back()) {
            (Status::Success, Some(refund)) => ("02", if refund.done { "00" } else { "05" }),
            (Status::Success, None) => ("01", "00"),
            (Status::Pending, _) => ("01", "01"),
            (Status::Failed, _) => ("01", "02"),
        };
        let mut said = coded("00");
        said["vnp_Amount"] = (payment.amount * 100).to_string().into();
        said["vnp_BankCode"] = "NCB".into();
        said["vnp_PayDate"] = payment.paid_at.map(local).into();
        said["vnp_TransactionNo"] = number(payment).into();
        said["vnp_TransactionType"] = kind.into();
        said["vnp_TransactionStatus"] = status.into();
        said
    }

    fn vnpay_refund(&self, asked: &Value) -> Value {
        let hundredths: i64 = text(asked, "vnp_Amount").parse().unwrap_or_default();
        let reference = text(asked, "vnp_TxnRef");
        let id = text(asked, "vnp_RequestId");
        match self.give_back(&reference, &id, hundredths / 100) {
            Returned::New(refund) => {
                let mut said = coded("00");
                said["vnp_Amount"] = hundredths.to_string().into();
                said["vnp_BankCode"] = "NCB".into();
                said["vnp_TransactionNo"] = self.number().to_string().into();
                said["vnp_TransactionType"] = "02".into();
                said["vnp_TransactionStatus"] = if refund.done { "00" } else { "05" }.into();
                said
            }
            Returned::Again(_) => coded("94"),
            Returned::Refused => coded("95"),
        }
    }

    /// What VNPay says by GET.
    pub(super) fn vnpay_message(&self, payment: &Payment, amount: i64) -> Envelope {
        let paid = payment.status == Status::Success;
        let (code, status) = if paid { ("00", "00") } else { ("24", "02") };
        let mut pairs = BTreeMap::from([
            ("vnp_Amount", (amount * 100).to_string()),
            ("vnp_BankCode", "NCB".to_owned()),
            ("vnp_CardType", "ATM".to_owned()),
            ("vnp_OrderInfo", payment.description.clone()),
            ("vnp_PayDate", local(payment.paid_at.unwrap_or_else(|| self.env.now().as_millis()))),
            ("vnp_ResponseCode", code.to_owned()),
            ("vnp_TmnCode", self.accounts.vnpay_tmn_code.clone()),
            ("vnp_TransactionNo", number(payment)),
            ("vnp_TransactionStatus", status.to_owned()),
            ("vnp_TxnRef", payment.reference.clone()),
        ]);
        if paid {
            pairs.insert("vnp_BankTranNo", format!("VNP{}", payment.transaction_id));
        }
        let signed = Serializer::new(String::new()).extend_pairs(&pairs).finish();
        let query = format!("{signed}&vnp_SecureHash={}", self.vnpay_hash(&signed));
        let url = format!("{}?{query}", payment.callback_url);
        Envelope { request: self.client.get(&url), shown: json!({ "method": "GET", "url": url }) }
    }
}

fn coded(code: &str) -> Value {
    json!({ "vnp_ResponseCode": code, "vnp_Message": if code == "00" { "Success" } else { "No" } })
}

/// Only what was paid has a number.
fn number(payment: &Payment) -> String {
    let paid = payment.status == Status::Success;
    if paid { payment.transaction_id.clone() } else { "0".to_owned() }
}

/// The moment that is written so.
fn moment(local: &str) -> Option<i64> {
    let date = chrono::NaiveDateTime::parse_from_str(local, "%Y%m%d%H%M%S").ok();
    date.map(|date| date.and_utc().timestamp_millis() - 7 * 3_600_000)
}

/// GMT+7, without separators.
fn local(millis: i64) -> String {
    let date = chrono::DateTime::from_timestamp_millis(millis + 7 * 3_600_000);
    date.map(|date| date.format("%Y%m%d%H%M%S").to_string()).unwrap_or_default()
}
