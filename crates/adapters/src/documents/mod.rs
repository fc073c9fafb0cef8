//! The records as they are stored: BSON documents with the field names of the
//! data model, whatever the store. Unknown fields are ignored and new ones have
//! defaults, so that documents of other versions load.

mod booking;
mod claim;
mod outbox;
mod payment;
mod showtime;
mod writer;

use std::fmt::Display;
use std::str::FromStr;

use bson::DateTime;
use seathold_core::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

pub use booking::{BookedSeatDocument, BookingDocument};
pub use claim::ClaimDocument;
pub(crate) use claim::write_fields as write_claim;
pub(crate) use outbox::write_outbox;
pub use outbox::{DeliveryDocument, OutboxDocument};
pub use payment::{EventDocument, PaymentDocument};
pub(crate) use showtime::SeatFields;
pub use showtime::{PriceDocument, SeatDocument, ShowtimeDocument};
pub use writer::Writer;

/// A stored document that does not make a record, or the other way round.
#[derive(Clone, Debug, thiserror::Error)]
#[error("stored document: {0}")]
pub struct DocumentError(String);

/// A record of the service that is kept as a document of its own.
pub trait Record: Sized {
    /// What it is read as.
    type Document: DeserializeOwned + TryInto<Self, Error = DocumentError>;

    /// Writes it to the end of `bytes`, as the bytes of a BSON document.
    ///
    /// # Errors
    /// A number that BSON has no room for.
    fn write(&self, bytes: &mut Vec<u8>) -> Result<(), DocumentError>;
}

/// What most records have room in.
const RECORD_BYTES: usize = 1_024;

/// The record as the bytes of a BSON document.
///
/// # Errors
/// A number that BSON has no room for.
pub fn encode<R: Record>(record: &R) -> Result<Vec<u8>, DocumentError> {
    let mut bytes = Vec::with_capacity(RECORD_BYTES);
    record.write(&mut bytes)?;
    Ok(bytes)
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

/// Writes a document of a kind that is not written often.
fn append<D: Serialize>(document: &D, bytes: &mut Vec<u8>) -> Result<(), DocumentError> {
    bytes.append(&mut to_bytes(document)?);
    Ok(())
}

fn date(at: Timestamp) -> DateTime {
    DateTime::from_millis(at.as_millis())
}

/// As it is read for, without anything that has to be freed.
fn encode_uuid<'t>(uuid: &Uuid, text: &'t mut [u8; 36]) -> &'t str {
    uuid.as_hyphenated().encode_lower(text)
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
