//! The inbox of what gateways say.

use bson::{Document, doc};
use mongodb::options::{Hint, ReturnDocument};
use seathold_core::Timestamp;
use seathold_service::model::{GatewayEvent, ReceivedEvent};
use seathold_service::ports::{EventKey, StoreError};

use super::collections::{Collections, date, decoded, encode, some};
use super::failures;

/// What makes an event unique, in an order of its own. The provider's reference
/// stands last: it alone may have any letters.
pub(super) fn id(key: &EventKey) -> String {
    format!("{}:{}:{}", key.provider.as_str(), key.outcome.as_str(), key.transaction_id)
}

pub(super) fn by_key(key: &EventKey) -> Document {
    doc! {"_id": id(key)}
}

/// Keeps an event, unless it is there; gives the row as it stands then.
pub(super) async fn receive(
    db: Collections,
    event: ReceivedEvent,
) -> Result<ReceivedEvent, StoreError> {
    let keep = doc! {"$setOnInsert": row(&event)?};
    let key = by_key(&EventKey::from(&event.event));
    let keep = db.events.find_one_and_update(key, keep).upsert(true);
    let kept = keep.return_document(ReturnDocument::After).await.map_err(failures::write)?;
    Ok(decoded(kept)?.unwrap_or(event))
}

/// Removes an event that is not done, if it is kept just as it is here.
pub(super) async fn forget(db: Collections, event: GatewayEvent) -> Result<(), StoreError> {
    let id = id(&EventKey::from(&event));
    let received_at = Timestamp::default();
    let mut kept = row(&ReceivedEvent::new(event, received_at))?;
    // When it came, and how often it was tried in vain, is not part of it.
    for field in ["received_at", "tries", "next_try"] {
        kept.remove(field);
    }
    kept.insert("_id", id);
    db.events.delete_one(kept).await.map(drop).map_err(failures::write)
}

fn row(event: &ReceivedEvent) -> Result<Document, StoreError> {
    encode(event)?.try_into().map_err(failures::document)
}

pub(super) async fn postpone(
    db: Collections,
    mut event: Document,
    next_try: Timestamp,
) -> Result<(), StoreError> {
    event.insert("done", false);
    let change = doc! {"$set": {"next_try": date(next_try)}, "$inc": {"tries": 1}};
    db.events.update_one(event, change).await.map(drop).map_err(failures::write)
}

pub(super) async fn finish(db: Collections, event: Document) -> Result<(), StoreError> {
    let finish = db.events.update_one(event, doc! {"$set": {"done": true}});
    finish.await.map(drop).map_err(failures::write)
}

pub(super) async fn after(
    db: Collections,
    after: Option<EventKey>,
    unfinished: bool,
    limit: u32,
) -> Result<Vec<ReceivedEvent>, StoreError> {
    let mut wanted = after.map_or_else(Document::new, |key| doc! {"_id": {"$gt": id(&key)}});
    let index = if unfinished {
        wanted.insert("done", false);
        Hint::Name("unfinished".to_owned())
    } else {
        Hint::Keys(doc! {"_id": 1})
    };
    some(db.events.find(wanted).sort(doc! {"_id": 1}).hint(index), limit).await
}
