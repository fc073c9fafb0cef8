//! The records as they are stored: BSON documents with the field names of the
//! data model, whatever the store. Unknown fields are ignored and new ones have
//! defaults, so that documents of other versions load.

mod booking;
mod claim;
mod payment;
mod showtime;

use std::fmt::Display;
use std::str::FromStr;

use bson::DateTime;
use seathold_core::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use booking::{BookedSeatDocument, BookingDocument};
pub use claim::ClaimDocument;
pub use payment::{EventDocument, PaymentDocument};
pub use showtime::{PriceDocument, SeatDocument, ShowtimeDocument};

/// A stored document that does not make a record, or the other way round.
#[derive(Clone, Debug, thiserror::Error)]
#[error("stored document: {0}")]
pub struct DocumentError(String);

/// A record of the service that is kept as a document of its own.
pub trait Record: Sized {
    /// What it is stored as.
    type Document: Serialize
        + DeserializeOwned
        + for<'a> From<&'a Self>
        + TryInto<Self, Error = DocumentError>;
}

/// The record as the bytes of a BSON document.
///
/// # Errors
/// A number that BSON has no room for.
pub fn encode<R: Record>(record: &R) -> Result<Vec<u8>, DocumentError> {
    to_bytes(&R::Document::from(record))
}

/// The record in these bytes of a BSON document.
///
/// # Errors
/// Not BSON, or a field that is missing or has a value this version does not
/// know.
pub fn decode<R: Record>(bytes: &[u8]) -> Result<R, DocumentError> {
    from_bytes::<R::Document>(bytes)?.try_into()
}

/// A document as bytes.
///
/// # Errors
/// A number that BSON has no room for.
pub fn to_bytes<D: Serialize>(document: &D) -> Result<Vec<u8>, DocumentError> {
    bson::serialize_to_vec(document).map_err(|error| DocumentError(error.to_string()))
}

/// The document in these bytes.
///
/// # Errors
/// Not BSON, or a field that is missing or of another type.
pub fn from_bytes<D: DeserializeOwned>(bytes: &[u8]) -> Result<D, DocumentError> {
    bson::deserialize_from_slice(bytes).map_err(|error| DocumentError(error.to_string()))
}

fn date(at: Timestamp) -> DateTime {
    DateTime::from_millis(at.as_millis())
}

fn moment(date: DateTime) -> Timestamp {
    Timestamp::from_millis(date.timestamp_millis())
}

fn parse<T: FromStr<Err: Display>>(field: &str, text: &str) -> Result<T, DocumentError> {
    text.parse().map_err(|error| DocumentError(format!("{field} {error}, is {text:?}")))
}

/// The one of `all` that goes by the name in `text`.
fn named<T: Copy>(
    field: &str,
    text: &str,
    all: &[T],
    name: fn(T) -> &'static str,
) -> Result<T, DocumentError> {
    let found = all.iter().copied().find(|one| name(*one) == text);
    found.ok_or_else(|| DocumentError(format!("{field} has the unknown value {text:?}")))
}

fn required<T>(field: &str, value: Option<T>) -> Result<T, DocumentError> {
    value.ok_or_else(|| DocumentError(format!("{field} is missing")))
}
