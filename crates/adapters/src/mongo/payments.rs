use async_trait::async_trait;
use bson::{Bson, Document, doc};
use mongodb::options::{Hint, UpdateModifications};
use seathold_core::{BookingId, PaymentId, Timestamp};
use seathold_service::model::{GatewayEvent, Payment, PaymentMethod, PaymentStatus, ReceivedEvent};
use seathold_service::ports::{EventKey, Inserted, PaymentMove, Payments, StoreError};

use super::collections::{Collections, date, encode, oid, one, some};
use super::{MongoStore, events, failures, in_time};

/// Tries to add a payment beside others that come and go.
const ROUNDS: u32 = 3;

#[async_trait]
impl Payments for MongoStore {
    async fn insert_payment(&self, payment: &Payment) -> Result<Inserted, StoreError> {
        let payment = payment.clone();
        self.write(|db| insert(db, payment)).await
    }

    async fn payment(&self, id: PaymentId) -> Result<Option<Payment>, StoreError> {
        self.read(move |db| async move { one(&db.payments, by_id(id)).await }).await
    }

    async fn pending_payment(&self, booking: BookingId) -> Result<Option<Payment>, StoreError> {
        self.read(move |db| async move { one(&db.payments, pending(booking)).await }).await
    }

    async fn payments_of(
        &self,
        booking: BookingId,
        limit: u32,
    ) -> Result<Vec<Payment>, StoreError> {
        let of = move |db: Collections| async move {
            let find = db.payments.find(doc! {"booking_id": oid(booking.bytes())});
            let find = find.sort(doc! {"_id": 1}).hint(Hint::Name("by_booking".to_owned()));
            some(find, limit).await
        };
        self.read(of).await
    }

    async fn payment_of_transaction(
        &self,
        provider: PaymentMethod,
        transaction_id: &str,
    ) -> Result<Option<Payment>, StoreError> {
        // The index has texts alone, and is used only when that is said.
        let reference = doc! {"$eq": transaction_id, "$type": "string"};
        let filter = doc! {"provider": provider.as_str(), "transaction_id": reference};
        self.read(|db| async move { one(&db.payments, filter).await }).await
    }

    async fn open_session(
        &self,
        id: PaymentId,
        transaction_id: Option<&str>,
        payment_url: &str,
        expires_at: Timestamp,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut values = doc! {
            // The text may look like an expression.
            "payment_url": {"$literal": payment_url},
            "expires_at": date(expires_at),
            "updated_at": date(at),
        };
        if let Some(transaction_id) = transaction_id {
            let charged = PaymentStatus::ALL.into_iter().filter(|status| status.is_charged());
            let charged: Vec<_> = charged.map(PaymentStatus::as_str).collect();
            let known = doc! {"$ifNull": ["$transaction_id", {"$literal": transaction_id}]};
            let is_charged = doc! {"$in": ["$status", charged]};
            let reference = doc! {"$cond": [is_charged, known, {"$literal": transaction_id}]};
            values.insert("transaction_id", reference);
        }
        self.write(move |db| update(db, by_id(id), vec![doc! {"$set": values}])).await
    }

    async fn move_payment(&self, step: &PaymentMove<'_>) -> Result<bool, StoreError> {
        let now = self.collections.arbiter.now();
        let (filter, change) = (may_start(step, now), change(step));
        self.write(|db| update(db, filter, vec![change])).await
    }

    async fn payments_with_status(
        &self,
        status: PaymentStatus,
        after: Option<PaymentId>,
        limit: u32,
    ) -> Result<Vec<Payment>, StoreError> {
        let with_status = move |db: Collections| async move {
            let mut wanted = doc! {"status": status.as_str()};
            if let Some(id) = after {
                wanted.insert("_id", doc! {"$gt": id.to_string()});
            }
            let find = db.payments.find(wanted).sort(doc! {"_id": 1});
            some(find.hint(Hint::Name("by_status".to_owned())), limit).await
        };
        self.read(with_status).await
    }

    async fn payments_to_check(
        &self,
        at: Timestamp,
        limit: u32,
    ) -> Result<Vec<Payment>, StoreError> {
        let to_check = move |db: Collections| async move {
            let open = PaymentStatus::ALL.into_iter().filter(|status| !status.is_charged());
            let open: Vec<_> = open.map(PaymentStatus::as_str).collect();
            // The index has dates alone, and is used only when that is said.
            let due = doc! {"$lte": date(at), "$type": "date"};
            let find = db.payments.find(doc! {"next_check": due, "status": {"$in": open}});
            let find = find.sort(doc! {"next_check": 1, "_id": 1});
            some(find.hint(Hint::Name("to_check".to_owned())), limit).await
        };
        self.read(to_check).await
    }

    async fn count_check(
        &self,
        id: PaymentId,
        seen: Option<Timestamp>,
        next: Option<Timestamp>,
    ) -> Result<bool, StoreError> {
        let at = |moment: Option<Timestamp>| moment.map_or(Bson::Null, |at| date(at).into());
        let mut unchanged = by_id(id);
        unchanged.insert("next_check", at(seen));
        let change = doc! {"$set": {"next_check": at(next)}, "$inc": {"checks": 1}};
        self.write(move |db| update(db, unchanged, change)).await
    }

    async fn lease_payment(
        &self,
        id: PaymentId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let over = [doc! {"lease_until": null}, doc! {"lease_until": {"$lte": date(now)}}];
        let mut free = by_id(id);
        free.insert("$or", over.to_vec());
        let take = doc! {"$set": {"lease_until": date(until)}};
        self.write(move |db| update(db, free, take)).await
    }

    async fn receive_event(&self, event: &ReceivedEvent) -> Result<ReceivedEvent, StoreError> {
        let event = event.clone();
        self.write(|db| events::receive(db, event)).await
    }

    async fn forget_event(&self, event: &GatewayEvent) -> Result<(), StoreError> {
        let event = event.clone();
        self.write(|db| events::forget(db, event)).await
    }

    async fn event(&self, key: &EventKey) -> Result<Option<ReceivedEvent>, StoreError> {
        let asked = self.collections.shared.events.ask(events::id(key));
        self.settled(in_time(asked)).await
    }

    async fn postpone_event(&self, key: &EventKey, next_try: Timestamp) -> Result<(), StoreError> {
        let filter = events::by_key(key);
        self.write(move |db| events::postpone(db, filter, next_try)).await
    }

    async fn finish_event(&self, key: &EventKey) -> Result<(), StoreError> {
        let filter = events::by_key(key);
        self.write(|db| events::finish(db, filter)).await
    }

    async fn events_after(
        &self,
        after: Option<&EventKey>,
        unfinished: bool,
        limit: u32,
    ) -> Result<Vec<ReceivedEvent>, StoreError> {
        let after = after.cloned();
        self.read(move |db| events::after(db, after, unfinished, limit)).await
    }

    async fn payments_after(
        &self,
        after: Option<PaymentId>,
        limit: u32,
    ) -> Result<Vec<Payment>, StoreError> {
        let read = move |db: Collections| async move {
            let after = after.map(|id| doc! {"_id": {"$gt": id.to_string()}});
            let by_id = doc! {"_id": 1};
            let find = db.payments.find(after.unwrap_or_default());
            some(find.sort(by_id.clone()).hint(Hint::Keys(by_id)), limit).await
        };
        self.read(read).await
    }
}

fn pending(booking: BookingId) -> Document {
    doc! {"booking_id": oid(booking.bytes()), "status": PaymentStatus::Pending.as_str()}
}

fn by_id(id: PaymentId) -> Document {
    doc! {"_id": id.to_string()}
}

async fn insert(db: Collections, payment: Payment) -> Result<Inserted, StoreError> {
    let document = encode(&payment)?;
    for _ in 0..ROUNDS {
        if payment.status == PaymentStatus::Pending
            && let Some(pending) = one(&db.payments, pending(payment.booking_id)).await?
        {
            return Ok(Inserted::Pending(Box::new(pending)));
        }
        match db.payments.insert_one(&document).await {
            Ok(_) => return Ok(Inserted::Yes),
            Err(error) if failures::is_duplicate(&error) => {}
            Err(error) => return Err(failures::write(error)),
        }
        if one::<Payment>(&db.payments, by_id(payment.id)).await?.is_some() {
            return Ok(Inserted::Yes);
        }
    }
    Err(StoreError::Unavailable("another payment has that transaction id".to_owned()))
}

/// Makes a change to the payment that matches. `false`: there is none, or what
/// must be unique is another payment's.
async fn update(
    db: Collections,
    filter: Document,
    change: impl Into<UpdateModifications>,
) -> Result<bool, StoreError> {
    match db.payments.update_one(filter, change).await {
        Ok(updated) => Ok(updated.matched_count > 0),
        Err(error) if failures::is_duplicate(&error) => Ok(false),
        Err(error) => Err(failures::write(error)),
    }
}

fn may_start(step: &PaymentMove<'_>, now: Bson) -> Document {
    let from: Vec<_> = step.from.iter().map(|status| status.as_str()).collect();
    let mut filter = by_id(step.id);
    filter.insert("status", doc! {"$in": from});
    if let Some(deadline) = step.deadline {
        filter.insert("$expr", doc! {"$lt": [now, date(deadline)]});
    }
    filter
}

fn change(step: &PaymentMove<'_>) -> Document {
    let mut set = doc! {"status": step.to.as_str(), "updated_at": date(step.at)};
    if let Some(paid_at) = step.paid_at {
        set.insert("paid_at", date(paid_at));
    }
    if let Some(heard) = step.transaction_id {
        // The text may look like an expression.
        set.insert("transaction_id", doc! {"$literal": heard});
    }
    if let Some(reason) = step.refund_reason {
        set.insert("refund_reason", reason.as_str());
    }
    if !step.keep_checking {
        set.insert("next_check", "$$REMOVE");
        set.insert("checks", 0);
    }
    doc! {"$set": set}
}
