//! What is told of bookings, in their documents.

use async_trait::async_trait;
use bson::{Bson, Document, doc};
use mongodb::options::Hint;
use seathold_core::{BookingId, Timestamp};
use seathold_service::model::{Booking, Outbox};
use seathold_service::ports::{Outboxes, StoreError};

use super::collections::{Collections, date, oid, some};
use super::{MongoStore, failures, rows};
use crate::documents::{self, Writer, write_outbox};

#[async_trait]
impl Outboxes for MongoStore {
    async fn untold_bookings(&self, at: Timestamp, limit: u32) -> Result<Vec<Booking>, StoreError> {
        let untold = move |db: Collections| async move {
            let due = doc! {"outbox.open": true, "outbox.next_try": {"$lte": date(at)}};
            let find = db.bookings.find(due).sort(doc! {"outbox.next_try": 1, "_id": 1});
            some(find.hint(Hint::Name("untold".to_owned())), limit).await
        };
        self.read(untold).await
    }

    async fn lease_outbox(
        &self,
        id: BookingId,
        seen: u32,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut free = leased(id, seen);
        free.insert("outbox.open", true);
        let lease = doc! {
            "$set": {"outbox.next_try": date(until), "outbox.leased_until": date(until)},
            "$inc": {"outbox.lease": 1},
        };
        self.write(move |db| update(db, free, lease)).await
    }

    async fn write_outbox(
        &self,
        seen: &Booking,
        outbox: &Outbox,
        unchanged: bool,
    ) -> Result<bool, StoreError> {
        let Some(before) = &seen.outbox else { return Ok(false) };
        let mut filter = leased(seen.id, before.lease);
        if unchanged {
            let done_at = seen.refund.and_then(|refund| refund.done_at);
            let done_at = done_at.map_or(Bson::Null, |at| date(at).into());
            filter.insert("status", seen.status.as_str());
            filter.insert("refunded_at", done_at);
        }
        let change = doc! {"$set": {"outbox": document(outbox)?}};
        self.write(move |db| update(db, filter, change)).await
    }

    async fn dead_letters(
        &self,
        after: Option<BookingId>,
        limit: u32,
    ) -> Result<Vec<Booking>, StoreError> {
        let dead = move |db: Collections| async move {
            let mut dead = doc! {"outbox.dead": true};
            if let Some(id) = after {
                dead.insert("_id", doc! {"$gt": oid(id.bytes())});
            }
            let find = db.bookings.find(dead).sort(doc! {"_id": 1});
            some(find.hint(Hint::Name("dead_letters".to_owned())), limit).await
        };
        self.read(dead).await
    }
}

/// What a pipeline sets the outbox of a row to when there is something to tell, at
/// once: a row without one stays without.
pub(super) fn opened(at: Timestamp) -> Document {
    let is_there = doc! {"$eq": [{"$type": "$outbox"}, "object"]};
    let open = doc! {"$mergeObjects": ["$outbox", {"open": true, "next_try": date(at)}]};
    doc! {"$cond": [is_there, open, "$$REMOVE"]}
}

fn leased(id: BookingId, lease: u32) -> Document {
    let mut row = rows::by_id(id);
    row.insert("outbox.lease", lease as i32);
    row
}

fn document(outbox: &Outbox) -> Result<Document, StoreError> {
    let mut bytes = Vec::new();
    write_outbox(outbox, &mut Writer::new(&mut bytes));
    documents::from_bytes(&bytes).map_err(failures::document)
}

async fn update(db: Collections, filter: Document, change: Document) -> Result<bool, StoreError> {
    let updated = db.bookings.update_one(filter, change).await.map_err(failures::write)?;
    Ok(updated.matched_count > 0)
}
