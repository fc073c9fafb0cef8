use bson::DateTime;
use bson::oid::ObjectId;
use seathold_core::BookingId;
use seathold_service::model::{GatewayEvent, Outcome, Payment, PaymentStatus, ReceivedEvent};
use serde::{Deserialize, Serialize};

use super::booking::refund_reason;
use super::{DocumentError, Record, append, date, moment, named, parse};

/// One attempt to pay.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are those of `Payment`")]
pub struct PaymentDocument {
    #[serde(rename = "_id")]
    pub id: String,
    pub booking_id: ObjectId,
    pub user_id: String,
    pub provider: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction_id: Option<String>,
    pub amount: i64,
    pub currency: String,
    pub status: String,
    #[serde(default)]
    pub payment_url: Option<String>,
    #[serde(default)]
    pub return_url: Option<String>,
    pub expires_at: DateTime,
    #[serde(default)]
    pub paid_at: Option<DateTime>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refund_reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again_of: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_check: Option<DateTime>,
    #[serde(default)]
    pub checks: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease_until: Option<DateTime>,
    pub created_at: DateTime,
    pub updated_at: DateTime,
}

impl Record for Payment {
    type Document = PaymentDocument;

    fn write(&self, bytes: &mut Vec<u8>) -> Result<(), DocumentError> {
        append(&PaymentDocument::from(self), bytes)
    }
}

impl From<&Payment> for PaymentDocument {
    fn from(payment: &Payment) -> Self {
        Self {
            id: payment.id.to_string(),
            booking_id: ObjectId::from_bytes(payment.booking_id.bytes()),
            user_id: payment.user_id.to_string(),
            provider: payment.provider.as_str().to_owned(),
            transaction_id: payment.transaction_id.clone(),
            amount: payment.amount,
            currency: payment.currency.to_string(),
            status: payment.status.as_str().to_owned(),
            payment_url: payment.payment_url.clone(),
            return_url: payment.return_url.clone(),
            expires_at: date(payment.expires_at),
            paid_at: payment.paid_at.map(date),
            refund_reason: payment.refund_reason.map(|reason| reason.as_str().to_owned()),
            again_of: payment.again_of.map(|id| id.to_string()),
            next_check: payment.next_check.map(date),
            checks: payment.checks,
            lease_until: payment.lease_until.map(date),
            created_at: date(payment.created_at),
            updated_at: date(payment.updated_at),
        }
    }
}

impl TryFrom<PaymentDocument> for Payment {
    type Error = DocumentError;

    fn try_from(document: PaymentDocument) -> Result<Self, DocumentError> {
        Ok(Self {
            id: parse("_id", &document.id)?,
            booking_id: BookingId::from_bytes(document.booking_id.bytes()),
            user_id: parse("user_id", &document.user_id)?,
            provider: parse("provider", &document.provider)?,
            transaction_id: document.transaction_id,
            amount: document.amount,
            currency: parse("currency", &document.currency)?,
            status: named("status", &document.status, &PaymentStatus::ALL, PaymentStatus::as_str)?,
            payment_url: document.payment_url,
            return_url: document.return_url,
            expires_at: moment(document.expires_at),
            paid_at: document.paid_at.map(moment),
            refund_reason: document.refund_reason.as_deref().map(refund_reason).transpose()?,
            again_of: document.again_of.map(|id| parse("again_of", &id)).transpose()?,
            next_check: document.next_check.map(moment),
            checks: document.checks,
            lease_until: document.lease_until.map(moment),
            created_at: moment(document.created_at),
            updated_at: moment(document.updated_at),
        })
    }
}

/// A row of the inbox.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are those of `ReceivedEvent`")]
pub struct EventDocument {
    pub provider: String,
    pub transaction_id: String,
    pub outcome: String,
    #[serde(default)]
    pub payment_id: Option<String>,
    pub amount: i64,
    #[serde(default)]
    pub currency: Option<String>,
    #[serde(default)]
    pub paid_at: Option<DateTime>,
    pub received_at: DateTime,
    #[serde(default)]
    pub tries: u32,
    #[serde(default)]
    pub next_try: Option<DateTime>,
    #[serde(default)]
    pub done: bool,
}

impl Record for ReceivedEvent {
    type Document = EventDocument;

    fn write(&self, bytes: &mut Vec<u8>) -> Result<(), DocumentError> {
        append(&EventDocument::from(self), bytes)
    }
}

impl From<&ReceivedEvent> for EventDocument {
    fn from(received: &ReceivedEvent) -> Self {
        let event = &received.event;
        Self {
            provider: event.provider.as_str().to_owned(),
            transaction_id: event.transaction_id.clone(),
            outcome: event.outcome.as_str().to_owned(),
            payment_id: event.payment_id.map(|id| id.to_string()),
            amount: event.amount,
            currency: event.currency.map(|currency| currency.to_string()),
            paid_at: event.paid_at.map(date),
            received_at: date(received.received_at),
            tries: received.tries,
            next_try: received.next_try.map(date),
            done: received.done,
        }
    }
}

impl TryFrom<EventDocument> for ReceivedEvent {
    type Error = DocumentError;

    fn try_from(document: EventDocument) -> Result<Self, DocumentError> {
        const OUTCOMES: [Outcome; 2] = [Outcome::Success, Outcome::Failed];
        let payment_id = document.payment_id.map(|id| parse("payment_id", &id));
        let currency = document.currency.map(|code| parse("currency", &code));
        let event = GatewayEvent {
            provider: parse("provider", &document.provider)?,
            transaction_id: document.transaction_id,
            payment_id: payment_id.transpose()?,
            outcome: named("outcome", &document.outcome, &OUTCOMES, Outcome::as_str)?,
            amount: document.amount,
            currency: currency.transpose()?,
            paid_at: document.paid_at.map(moment),
        };
        Ok(Self {
            event,
            received_at: moment(document.received_at),
            tries: document.tries,
            next_try: document.next_try.map(moment),
            done: document.done,
        })
    }
}
