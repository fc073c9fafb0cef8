//! The rows of bookings.

use bson::{Bson, Document, doc};
use mongodb::options::{Hint, ReturnDocument};
use seathold_core::{BookingId, PaymentId, ShowtimeId, Timestamp};
use seathold_service::model::{Booking, BookingRefund, BookingStatus, Extension, Settlement};
use seathold_service::ports::{BookingFilter, Page, PendingFilter, Refunds, StoreError};

use super::bulk::{self, Update};
use super::collections::{Collections, date, decoded, encode, oid, one, some};
use super::{failures, outbox};

const PENDING: &str = BookingStatus::Pending.as_str();
const CONFIRMED: &str = BookingStatus::Confirmed.as_str();

pub(super) fn by_id(id: BookingId) -> Document {
    doc! {"_id": oid(id.bytes())}
}

pub(super) fn by_ids(ids: &[BookingId]) -> Document {
    let ids: Vec<_> = ids.iter().map(|id| oid(id.bytes())).collect();
    doc! {"_id": {"$in": ids}}
}

/// Writes a row, whether one of its id is there or not, unless that was made
/// anew later. `false`: it was.
pub(super) async fn replace(db: &Collections, row: &Booking) -> Result<bool, StoreError> {
    let mut older = by_id(row.id);
    older.insert("held_at", doc! {"$lte": date(row.held_at)});
    match db.bookings.replace_one(older, encode(row)?).upsert(true).await {
        Ok(_) => Ok(true),
        // A row that does not match is there all the same.
        Err(error) if failures::is_duplicate(&error) => Ok(false),
        Err(error) => Err(failures::write(error)),
    }
}

/// Deletes the rows that were made with these leases, and not anew since.
pub(super) async fn delete(
    db: &Collections,
    made: &[(BookingId, Timestamp)],
) -> Result<(), StoreError> {
    let filters = made.iter().map(|(id, lease_until)| {
        doc! {"_id": oid(id.bytes()), "lease_until": date(*lease_until)}
    });
    bulk::delete(&db.bookings, filters.collect()).await
}

/// The updates that mark rows whose seats are about to be given back, or taken
/// away.
pub(super) fn marks(cancels: &[(BookingId, Timestamp)], displaced: &[BookingId]) -> Vec<Update> {
    let cancel = |(id, at): &(BookingId, Timestamp)| {
        let filter = doc! {"_id": oid(id.bytes()), "status": PENDING, "cancelled_at": null};
        Update { filter, change: doc! {"$set": {"cancelled_at": date(*at)}}.into(), many: false }
    };
    let held = (!displaced.is_empty()).then(|| {
        let filter = by_ids(displaced);
        Update { filter, change: doc! {"$set": {"was_held": true}}.into(), many: true }
    });
    cancels.iter().map(cancel).chain(held).collect()
}

/// The updates that take cancel marks back.
pub(super) fn unmarks(cancels: &[(BookingId, Timestamp)]) -> Vec<Update> {
    let unmark = |(id, at): &(BookingId, Timestamp)| {
        let filter = doc! {"_id": oid(id.bytes()), "status": PENDING, "cancelled_at": date(*at)};
        Update { filter, change: doc! {"$set": {"cancelled_at": null}}.into(), many: false }
    };
    cancels.iter().map(unmark).collect()
}

/// A page of a user's rows. Whatever it is narrowed by stands in the index.
pub(super) async fn list(
    db: Collections,
    filter: BookingFilter,
) -> Result<Page<Booking>, StoreError> {
    let mut wanted = doc! {"user_id": filter.user.as_str()};
    if let Some(status) = filter.status {
        wanted.insert("status", status.as_str());
    }
    if let Some(showtime) = filter.showtime {
        wanted.insert("showtime_id", oid(showtime.bytes()));
    }
    let index = Hint::Name("by_user".to_owned());
    let count = db.bookings.count_documents(wanted.clone()).hint(index.clone());
    let total = count.await.map_err(failures::read)?;
    if filter.page.skip >= total {
        return Ok(Page { data: Vec::new(), total });
    }
    let newest_first = doc! {"created_at": -1, "_id": -1};
    let find = db.bookings.find(wanted).sort(newest_first).skip(filter.page.skip).hint(index);
    Ok(Page { data: some(find, filter.page.limit).await?, total })
}

pub(super) async fn pending(
    db: Collections,
    filter: PendingFilter,
    limit: u32,
) -> Result<Vec<Booking>, StoreError> {
    let find = match filter {
        PendingFilter::OfUser(user) => {
            let of_user = doc! {"user_id": user.as_str(), "status": PENDING};
            db.bookings.find(of_user).hint(Hint::Name("by_user".to_owned()))
        }
        PendingFilter::ExpiredAt(at) => {
            let expired = doc! {"status": PENDING, "hold_expires_at": {"$lte": date(at)}};
            db.bookings.find(expired).sort(doc! {"hold_expires_at": 1, "_id": 1})
        }
    };
    some(find, limit).await
}

pub(super) async fn after(
    db: Collections,
    after: Option<BookingId>,
    limit: u32,
) -> Result<Vec<Booking>, StoreError> {
    let filter = after.map_or_else(Document::new, |id| doc! {"_id": {"$gt": oid(id.bytes())}});
    let by_id = doc! {"_id": 1};
    some(db.bookings.find(filter).sort(by_id.clone()).hint(Hint::Keys(by_id)), limit).await
}

pub(super) async fn settle(
    db: Collections,
    settlements: Vec<Settlement>,
) -> Result<u64, StoreError> {
    let update = |settlement: Settlement| Update {
        filter: doc! {
            "_id": oid(settlement.booking.bytes()),
            "status": PENDING,
            "held_at": date(settlement.seen_held_at),
        },
        change: vec![doc! {"$set": ended(settlement.status, settlement.at)}].into(),
        many: false,
    };
    let updates = bulk::updates(settlements.into_iter().map(update))?;
    bulk::update(&db.bookings, &updates).await
}

pub(super) async fn extend(db: Collections, extensions: Vec<Extension>) -> Result<u64, StoreError> {
    let update = |extension: Extension| Update {
        filter: doc! {
            "_id": oid(extension.booking.bytes()),
            "status": PENDING,
            "held_at": date(extension.seen_held_at),
            "hold_expires_at": {"$lt": date(extension.until)},
        },
        change: doc! {"$set": {"hold_expires_at": date(extension.until)}}.into(),
        many: false,
    };
    let updates = bulk::updates(extensions.into_iter().map(update))?;
    bulk::update(&db.bookings, &updates).await
}

pub(super) async fn mark_refund(
    db: Collections,
    id: BookingId,
    refund: BookingRefund,
) -> Result<Option<Booking>, StoreError> {
    let sold = doc! {"_id": oid(id.bytes()), "status": CONFIRMED, "refund_id": null};
    let mark = doc! {
        "refund_id": refund.id.to_string(),
        "refund_reason": refund.reason.as_str(),
        "refund_since": date(refund.since),
        "updated_at": date(refund.since),
    };
    change(db, id, sold, mark).await
}

pub(super) async fn cancel_refunded(
    db: Collections,
    id: BookingId,
    at: Timestamp,
) -> Result<Option<Booking>, StoreError> {
    let given_back = doc! {"_id": oid(id.bytes()), "status": CONFIRMED, "refund_id": refunded()};
    change(db, id, given_back, ended(BookingStatus::Cancelled, at)).await
}

pub(super) async fn note_refunded(
    db: Collections,
    id: BookingId,
    at: Timestamp,
) -> Result<(), StoreError> {
    let open = doc! {"_id": oid(id.bytes()), "refund_id": refunded(), "refunded_at": null};
    let note = vec![doc! {"$set": {"refunded_at": date(at), "outbox": outbox::opened(at)}}];
    db.bookings.update_one(open, note).await.map(drop).map_err(failures::write)
}

/// Changes the row if it matches, and gives it as it stands then.
async fn change(
    db: Collections,
    id: BookingId,
    matching: Document,
    set: Document,
) -> Result<Option<Booking>, StoreError> {
    let update = db.bookings.update_one(matching, vec![doc! {"$set": set}]);
    update.await.map_err(failures::write)?;
    one(&db.bookings, by_id(id)).await.map_err(failures::halfway)
}

/// What the indexes of rows with a refund are asked by.
fn refunded() -> Document {
    doc! {"$type": "string"}
}

pub(super) async fn refunding(
    db: Collections,
    after: Option<BookingId>,
    limit: u32,
) -> Result<Vec<Booking>, StoreError> {
    let mut filter = doc! {"status": CONFIRMED, "refund_id": refunded()};
    if let Some(id) = after {
        filter.insert("_id", doc! {"$gt": oid(id.bytes())});
    }
    let find = db.bookings.find(filter).sort(doc! {"_id": 1});
    some(find.hint(Hint::Name("refunding".to_owned())), limit).await
}

pub(super) async fn refunds_of(
    db: Collections,
    showtime: ShowtimeId,
) -> Result<Refunds, StoreError> {
    let count = async |refunded_at: Bson| {
        let of_showtime = doc! {
            "showtime_id": oid(showtime.bytes()),
            "refund_id": refunded(),
            "refunded_at": refunded_at,
        };
        let count = db.bookings.count_documents(of_showtime);
        let count = count.hint(Hint::Name("refunds_by_showtime".to_owned()));
        count.await.map_err(failures::read)
    };
    let done = count(doc! {"$type": "date"}.into()).await?;
    Ok(Refunds { pending: count(Bson::Null).await?, done })
}

/// What a pipeline sets on a row that ends so.
fn ended(status: BookingStatus, at: Timestamp) -> Document {
    let mut set =
        doc! {"status": status.as_str(), "updated_at": date(at), "outbox": outbox::opened(at)};
    match status {
        BookingStatus::Confirmed => {
            set.insert("confirmed_at", date(at));
            set.insert("cancelled_at", Bson::Null);
        }
        BookingStatus::Cancelled => {
            set.insert("cancelled_at", date(at));
        }
        BookingStatus::Expired | BookingStatus::Pending => {}
    }
    set
}

/// One update, computed by the server from the row as it stands.
pub(super) async fn confirm(
    db: Collections,
    id: BookingId,
    paid_by: Option<PaymentId>,
    at: Timestamp,
) -> Result<Option<Booking>, StoreError> {
    let refunded = doc! {"$ne": [{"$ifNull": ["$refund_id", null]}, null]};
    let kept = doc! {"$not": [&refunded]};
    let sold_now = doc! {"$and": [&kept, {"$ne": ["$status", CONFIRMED]}]};
    let unnamed = doc! {"$eq": [{"$ifNull": ["$paid_by", null]}, null]};
    let named_now = doc! {"$and": [&kept, unnamed, paid_by.is_some()]};
    let paid_by = paid_by.map(|payment| payment.to_string());
    let when = |condition: &Document, value: Bson, field: &str| -> Document {
        doc! {"$cond": [condition, value, field]}
    };
    let change = doc! {"$set": {
        "status": when(&kept, CONFIRMED.into(), "$status"),
        "confirmed_at": when(&sold_now, date(at).into(), "$confirmed_at"),
        "cancelled_at": when(&sold_now, Bson::Null, "$cancelled_at"),
        "paid_by": when(&named_now, paid_by.into(), "$paid_by"),
        "outbox": {"$cond": [&sold_now, outbox::opened(at), {"$ifNull": ["$outbox", "$$REMOVE"]}]},
        "updated_at": when(&doc! {"$or": [&sold_now, &named_now]}, date(at).into(), "$updated_at"),
    }};
    let update = db.bookings.find_one_and_update(by_id(id), vec![change]);
    decoded(update.return_document(ReturnDocument::After).await.map_err(failures::write)?)
}
