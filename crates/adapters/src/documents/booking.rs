use bson::DateTime;
use bson::oid::ObjectId;
use seathold_core::{BookingId, ShowtimeId, Timestamp};
use seathold_service::model::{BookedSeat, Booking, BookingRefund, BookingStatus, RefundReason};
use serde::Deserialize;

use super::outbox::{OutboxDocument, write_outbox};
use super::showtime::seat_type;
use super::{DocumentError, Record, Writer, date, encode_uuid, moment, named, parse, required};

/// The row of one booking.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "the fields are those of `Booking`")]
pub struct BookingDocument {
    #[serde(rename = "_id")]
    pub id: ObjectId,
    pub booking_code: String,
    pub showtime_id: ObjectId,
    pub user_id: String,
    pub seats: Vec<BookedSeatDocument>,
    pub total_amount: i64,
    #[serde(default)]
    pub discount_amount: i64,
    pub final_amount: i64,
    pub currency: String,
    pub status: String,
    pub held_at: DateTime,
    pub hold_expires_at: DateTime,
    #[serde(default)]
    pub confirmed_at: Option<DateTime>,
    #[serde(default)]
    pub cancelled_at: Option<DateTime>,
    pub created_at: DateTime,
    pub updated_at: DateTime,
    pub idempotency_key: String,
    pub lease_until: DateTime,
    #[serde(default)]
    pub was_held: bool,
    #[serde(default)]
    pub paid_by: Option<String>,
    #[serde(default)]
    pub refund_id: Option<String>,
    #[serde(default)]
    pub refund_reason: Option<String>,
    #[serde(default)]
    pub refund_since: Option<DateTime>,
    #[serde(default)]
    pub refunded_at: Option<DateTime>,
    #[serde(default)]
    pub outbox: Option<OutboxDocument>,
}

/// One seat of a booking.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "the fields are those of `BookedSeat`")]
pub struct BookedSeatDocument {
    pub seat_id: String,
    pub seat_type: String,
    pub price: i64,
}

impl Record for Booking {
    type Document = BookingDocument;

    fn write(&self, bytes: &mut Vec<u8>) -> Result<(), DocumentError> {
        let mut row = Writer::new(bytes);
        let optional = |row: &mut Writer<'_>, name, at: Option<Timestamp>| match at {
            Some(at) => row.date(name, date(at)),
            None => row.null(name),
        };
        row.oid("_id", self.id.bytes());
        row.text("booking_code", &self.code);
        row.oid("showtime_id", self.showtime_id.bytes());
        row.text("user_id", self.user_id.as_str());
        row.documents("seats", &self.seats, |seat, entry| {
            entry.text("seat_id", seat.label.as_str());
            entry.text("seat_type", seat.seat_type.as_str());
            entry.long("price", seat.price);
        });
        row.long("total_amount", self.total_amount);
        row.long("discount_amount", self.discount_amount);
        row.long("final_amount", self.final_amount);
        row.text("currency", &self.currency.to_string());
        row.text("status", self.status.as_str());
        row.date("held_at", date(self.held_at));
        row.date("hold_expires_at", date(self.hold_expires_at));
        optional(&mut row, "confirmed_at", self.confirmed_at);
        optional(&mut row, "cancelled_at", self.cancelled_at);
        row.date("created_at", date(self.created_at));
        row.date("updated_at", date(self.updated_at));
        row.text("idempotency_key", encode_uuid(&self.idempotency_key.uuid(), &mut [0; 36]));
        row.date("lease_until", date(self.lease_until));
        row.bool("was_held", self.was_held);
        match self.paid_by {
            Some(payment) => row.text("paid_by", &payment.to_string()),
            None => row.null("paid_by"),
        }
        // Few have one, and the indexes of those that do leave the others out.
        if let Some(refund) = &self.refund {
            row.text("refund_id", &refund.id.to_string());
            row.text("refund_reason", refund.reason.as_str());
            row.date("refund_since", date(refund.since));
            optional(&mut row, "refunded_at", refund.done_at);
        }
        if let Some(outbox) = &self.outbox {
            write_outbox(outbox, &mut row.document("outbox"));
        }
        Ok(())
    }
}

impl TryFrom<BookingDocument> for Booking {
    type Error = DocumentError;

    fn try_from(document: BookingDocument) -> Result<Self, DocumentError> {
        let seats = document.seats.iter().map(BookedSeat::try_from);
        let refund = document.refund()?;
        Ok(Self {
            id: BookingId::from_bytes(document.id.bytes()),
            code: document.booking_code,
            showtime_id: ShowtimeId::from_bytes(document.showtime_id.bytes()),
            user_id: parse("user_id", &document.user_id)?,
            seats: seats.collect::<Result<_, _>>()?,
            total_amount: document.total_amount,
            discount_amount: document.discount_amount,
            final_amount: document.final_amount,
            currency: parse("currency", &document.currency)?,
            status: named("status", &document.status, &BookingStatus::ALL, BookingStatus::as_str)?,
            held_at: moment(document.held_at),
            hold_expires_at: moment(document.hold_expires_at),
            confirmed_at: document.confirmed_at.map(moment),
            cancelled_at: document.cancelled_at.map(moment),
            created_at: moment(document.created_at),
            updated_at: moment(document.updated_at),
            idempotency_key: parse("idempotency_key", &document.idempotency_key)?,
            lease_until: moment(document.lease_until),
            was_held: document.was_held,
            paid_by: document.paid_by.map(|id| parse("paid_by", &id)).transpose()?,
            refund,
            outbox: document.outbox.map(TryInto::try_into).transpose()?,
        })
    }
}

impl BookingDocument {
    fn refund(&self) -> Result<Option<BookingRefund>, DocumentError> {
        let Some(id) = self.refund_id.as_deref() else { return Ok(None) };
        let reason = required("refund_reason", self.refund_reason.as_deref())?;
        Ok(Some(BookingRefund {
            id: parse("refund_id", id)?,
            reason: refund_reason(reason)?,
            since: moment(required("refund_since", self.refund_since)?),
            done_at: self.refunded_at.map(moment),
        }))
    }
}

/// The reason of this name.
pub(super) fn refund_reason(name: &str) -> Result<RefundReason, DocumentError> {
    named("refund_reason", name, &RefundReason::ALL, RefundReason::as_str)
}

impl TryFrom<&BookedSeatDocument> for BookedSeat {
    type Error = DocumentError;

    fn try_from(document: &BookedSeatDocument) -> Result<Self, DocumentError> {
        Ok(Self {
            label: parse("seat_id", &document.seat_id)?,
            seat_type: seat_type(&document.seat_type)?,
            price: document.price,
        })
    }
}
