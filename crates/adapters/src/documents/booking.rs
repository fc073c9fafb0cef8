use bson::DateTime;
use bson::oid::ObjectId;
use seathold_core::{BookingId, ShowtimeId};
use seathold_service::model::{BookedSeat, Booking, BookingStatus};
use serde::{Deserialize, Serialize};

use super::showtime::seat_type;
use super::{DocumentError, Record, date, moment, named, parse};

/// The row of one booking.
#[derive(Clone, Debug, Serialize, Deserialize)]
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
}

/// One seat of a booking.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are those of `BookedSeat`")]
pub struct BookedSeatDocument {
    pub seat_id: String,
    pub seat_type: String,
    pub price: i64,
}

impl Record for Booking {
    type Document = BookingDocument;
}

impl From<&Booking> for BookingDocument {
    fn from(booking: &Booking) -> Self {
        Self {
            id: ObjectId::from_bytes(booking.id.bytes()),
            booking_code: booking.code.clone(),
            showtime_id: ObjectId::from_bytes(booking.showtime_id.bytes()),
            user_id: booking.user_id.to_string(),
            seats: booking.seats.iter().map(BookedSeatDocument::from).collect(),
            total_amount: booking.total_amount,
            discount_amount: booking.discount_amount,
            final_amount: booking.final_amount,
            currency: booking.currency.to_string(),
            status: booking.status.as_str().to_owned(),
            held_at: date(booking.held_at),
            hold_expires_at: date(booking.hold_expires_at),
            confirmed_at: booking.confirmed_at.map(date),
            cancelled_at: booking.cancelled_at.map(date),
            created_at: date(booking.created_at),
            updated_at: date(booking.updated_at),
            idempotency_key: booking.idempotency_key.to_string(),
            lease_until: date(booking.lease_until),
            was_held: booking.was_held,
            paid_by: booking.paid_by.map(|payment| payment.to_string()),
        }
    }
}

impl TryFrom<BookingDocument> for Booking {
    type Error = DocumentError;

    fn try_from(document: BookingDocument) -> Result<Self, DocumentError> {
        let seats = document.seats.iter().map(BookedSeat::try_from);
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
        })
    }
}

impl From<&BookedSeat> for BookedSeatDocument {
    fn from(seat: &BookedSeat) -> Self {
        Self {
            seat_id: seat.label.to_string(),
            seat_type: seat.seat_type.as_str().to_owned(),
            price: seat.price,
        }
    }
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
