use std::sync::Arc;

use bson::oid::ObjectId;
use bson::{DateTime, Document, RawDocument, RawDocumentBuf};
use mongodb::action::Find;
use mongodb::{Collection, Database};
use seathold_core::Timestamp;
use seathold_service::ports::StoreError;

use super::clock::Arbiter;
use super::failures;
use super::shared::Shared;
use super::terms::Terms;
use crate::documents::{self, Record};

pub(super) const SHOWTIMES: &str = "showtimes";
pub(super) const BOOKINGS: &str = "bookings";
pub(super) const CLAIMS: &str = "idempotency_keys";
pub(super) const PAYMENTS: &str = "payments";
pub(super) const EVENTS: &str = "webhook_events";

/// The documents of one kind, as bytes.
pub(super) type Documents = Collection<RawDocumentBuf>;

/// The collections. All read what the majority has, from the primary, and write
/// to the journals of the majority.
#[derive(Clone)]
pub(super) struct Collections {
    pub(super) database: Database,
    pub(super) showtimes: Documents,
    pub(super) bookings: Documents,
    pub(super) claims: Documents,
    pub(super) payments: Documents,
    pub(super) events: Documents,
    /// What is written and read by many at once.
    pub(super) shared: Arc<Shared>,
    /// Which primary they are read from.
    pub(super) terms: Terms,
    /// By which clock a write is in its window.
    pub(super) arbiter: Arbiter,
}

impl Collections {
    pub(super) fn of(database: Database, terms: Terms) -> Self {
        let showtimes = database.collection(SHOWTIMES);
        let bookings = database.collection(BOOKINGS);
        let claims = database.collection(CLAIMS);
        let events = database.collection(EVENTS);
        Self {
            shared: Arc::new(Shared::of(&showtimes, &bookings, &claims, &events)),
            showtimes,
            bookings,
            claims,
            payments: database.collection(PAYMENTS),
            events,
            database,
            terms,
            arbiter: Arbiter::default(),
        }
    }
}

pub(super) fn oid(bytes: [u8; 12]) -> ObjectId {
    ObjectId::from_bytes(bytes)
}

pub(super) fn date(at: Timestamp) -> DateTime {
    DateTime::from_millis(at.as_millis())
}

/// The record as a document.
pub(super) fn encode<R: Record>(record: &R) -> Result<RawDocumentBuf, StoreError> {
    let bytes = documents::encode(record).map_err(failures::document)?;
    RawDocumentBuf::from_bytes(bytes).map_err(failures::document)
}

/// The one record that matches.
pub(super) async fn one<R: Record>(
    documents: &Documents,
    filter: Document,
) -> Result<Option<R>, StoreError> {
    decoded(documents.find_one(filter).await.map_err(failures::read)?)
}

/// The record that a call of the driver gave, if it gave one.
pub(super) fn decoded<R: Record>(
    document: Option<RawDocumentBuf>,
) -> Result<Option<R>, StoreError> {
    let record = document.map(|document| documents::decode(document.as_bytes()));
    record.transpose().map_err(failures::document)
}

/// Up to `limit` of the records that match.
pub(super) async fn some<R: Record>(
    find: Find<'_, RawDocumentBuf>,
    limit: u32,
) -> Result<Vec<R>, StoreError> {
    some_of(find, limit, |document| {
        documents::decode(document.as_bytes()).map_err(failures::document)
    })
    .await
}

/// What `parse` makes of up to `limit` of the documents that match.
pub(super) async fn some_of<T>(
    find: Find<'_, RawDocumentBuf>,
    limit: u32,
    parse: impl Fn(&RawDocument) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut found = Vec::new();
    // To the server, no limit at all.
    if limit == 0 {
        return Ok(found);
    }
    // One more than the limit: all in one answer, and no cursor is left behind.
    let find = find.limit(limit.into()).batch_size(limit.saturating_add(1));
    let mut cursor = find.await.map_err(failures::read)?;
    while cursor.advance().await.map_err(failures::read)? {
        found.push(parse(cursor.current())?);
    }
    Ok(found)
}
