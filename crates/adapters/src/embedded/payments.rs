use std::ops::Bound;
use std::sync::Arc;

use async_trait::async_trait;
use redb::ReadableTable;
use seathold_core::{BookingId, PaymentId, Timestamp};
use seathold_service::model::{GatewayEvent, Payment, PaymentMethod, PaymentStatus, ReceivedEvent};
use seathold_service::ports::{EventKey, Inserted, PaymentMove, Payments, StoreError};

use super::tables::{
    Bytes, EVENTS, Entry, NOTHING, PAYMENTS, PAYMENTS_BY_BOOKING, PAYMENTS_BY_STATUS,
    PAYMENTS_BY_TRANSACTION, PAYMENTS_TO_CHECK, PENDING_PAYMENTS, Snapshot, Tables, put, record,
    records_after, reindex,
};
use super::{Broken, EmbeddedStore, events, keys};
use crate::documents;

#[async_trait]
impl Payments for EmbeddedStore {
    async fn insert_payment(&self, payment: &Payment) -> Result<Inserted, StoreError> {
        let payment = payment.clone();
        self.writer.run(move |tables| insert(tables, &payment)).await
    }

    async fn payment(&self, id: PaymentId) -> Result<Option<Payment>, StoreError> {
        self.read(|snapshot| record(&snapshot.open(PAYMENTS)?, id.uuid().as_bytes()))
    }

    async fn pending_payment(&self, booking: BookingId) -> Result<Option<Payment>, StoreError> {
        self.read(|snapshot| {
            let index = snapshot.open(PENDING_PAYMENTS)?;
            indexed(&index, &snapshot.open(PAYMENTS)?, &booking.bytes())
        })
    }

    async fn payments_of(
        &self,
        booking: BookingId,
        limit: u32,
    ) -> Result<Vec<Payment>, StoreError> {
        self.scan(move |snapshot| payments_of(snapshot, booking, limit)).await
    }

    async fn payment_of_transaction(
        &self,
        provider: PaymentMethod,
        transaction_id: &str,
    ) -> Result<Option<Payment>, StoreError> {
        let key = keys::transaction(provider, transaction_id);
        self.read(|snapshot| {
            indexed(&snapshot.open(PAYMENTS_BY_TRANSACTION)?, &snapshot.open(PAYMENTS)?, &key)
        })
    }

    async fn open_session(
        &self,
        id: PaymentId,
        transaction_id: Option<&str>,
        payment_url: &str,
        expires_at: Timestamp,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let transaction_id = transaction_id.map(str::to_owned);
        let payment_url = payment_url.to_owned();
        self.writer
            .run(move |tables| {
                update(tables, id, |payment| {
                    let known = payment.transaction_id.take();
                    payment.transaction_id = match payment.status.is_charged() {
                        true => known.or_else(|| transaction_id.clone()),
                        false => transaction_id.clone().or(known),
                    };
                    payment.payment_url = Some(payment_url.clone());
                    payment.expires_at = expires_at;
                    payment.updated_at = at;
                    true
                })
            })
            .await
    }

    async fn move_payment(&self, step: &PaymentMove<'_>) -> Result<bool, StoreError> {
        let &PaymentMove { id, to, paid_at, refund_reason, keep_checking, at, deadline, .. } = step;
        let from = step.from.to_vec();
        let transaction_id = step.transaction_id.map(str::to_owned);
        let clock = Arc::clone(&self.clock);
        self.writer
            .run(move |tables| {
                update(tables, id, |payment| {
                    let late = deadline.is_some_and(|deadline| deadline <= clock.now());
                    if late || !from.contains(&payment.status) {
                        return false;
                    }
                    payment.status = to;
                    payment.paid_at = paid_at.or(payment.paid_at);
                    let known = payment.transaction_id.take();
                    payment.transaction_id = transaction_id.clone().or(known);
                    payment.refund_reason = refund_reason.or(payment.refund_reason);
                    if !keep_checking {
                        (payment.next_check, payment.checks) = (None, 0);
                    }
                    payment.updated_at = at;
                    true
                })
            })
            .await
    }

    async fn payments_with_status(
        &self,
        status: PaymentStatus,
        after: Option<PaymentId>,
        limit: u32,
    ) -> Result<Vec<Payment>, StoreError> {
        self.scan(move |snapshot| with_status(snapshot, status, after, limit)).await
    }

    async fn payments_to_check(
        &self,
        at: Timestamp,
        limit: u32,
    ) -> Result<Vec<Payment>, StoreError> {
        self.scan(move |snapshot| to_check(snapshot, at, limit)).await
    }

    async fn count_check(
        &self,
        id: PaymentId,
        seen: Option<Timestamp>,
        next: Option<Timestamp>,
    ) -> Result<bool, StoreError> {
        self.writer
            .run(move |tables| {
                update(tables, id, |payment| {
                    let unchanged = payment.next_check == seen;
                    payment.next_check = next;
                    payment.checks = payment.checks.saturating_add(1);
                    unchanged
                })
            })
            .await
    }

    async fn lease_payment(
        &self,
        id: PaymentId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        self.writer
            .run(move |tables| {
                update(tables, id, |payment| {
                    let is_free = payment.lease_until.is_none_or(|taken| taken <= now);
                    payment.lease_until = Some(until);
                    is_free
                })
            })
            .await
    }

    async fn receive_event(&self, event: &ReceivedEvent) -> Result<ReceivedEvent, StoreError> {
        let event = event.clone();
        self.writer.run(move |tables| events::receive(tables, &event)).await
    }

    async fn event(&self, key: &EventKey) -> Result<Option<ReceivedEvent>, StoreError> {
        self.read(|snapshot| record(&snapshot.open(EVENTS)?, &keys::event(key)))
    }

    async fn forget_event(&self, event: &GatewayEvent) -> Result<(), StoreError> {
        let event = event.clone();
        self.writer.run(move |tables| events::forget(tables, &event)).await
    }

    async fn postpone_event(&self, key: &EventKey, next_try: Timestamp) -> Result<(), StoreError> {
        let key = keys::event(key);
        self.writer.run(move |tables| events::postpone(tables, &key, next_try)).await
    }

    async fn finish_event(&self, key: &EventKey) -> Result<(), StoreError> {
        let key = keys::event(key);
        self.writer.run(move |tables| events::finish(tables, &key)).await
    }

    async fn events_after(
        &self,
        after: Option<&EventKey>,
        unfinished: bool,
        limit: u32,
    ) -> Result<Vec<ReceivedEvent>, StoreError> {
        let after = after.map(keys::event);
        let read = move |snapshot: &Snapshot| match unfinished {
            true => events::unfinished(snapshot, after.as_deref(), limit),
            false => records_after(&snapshot.open(EVENTS)?, after.as_deref(), limit),
        };
        self.scan(read).await
    }

    async fn payments_after(
        &self,
        after: Option<PaymentId>,
        limit: u32,
    ) -> Result<Vec<Payment>, StoreError> {
        self.scan(move |snapshot| {
            let after = after.map(|id| id.uuid());
            records_after(
                &snapshot.open(PAYMENTS)?,
                after.as_ref().map(|id| &id.as_bytes()[..]),
                limit,
            )
        })
        .await
    }
}

fn insert(tables: &mut Tables<'_>, payment: &Payment) -> Result<Inserted, Broken> {
    let booking = payment.booking_id.bytes();
    if payment.status == PaymentStatus::Pending
        && let Some(pending) = indexed(&*tables.pending_payments, &*tables.payments, &booking)?
    {
        return Ok(Inserted::Pending(Box::new(pending)));
    }
    let known = tables.payments.get(&payment.id.uuid().as_bytes()[..])?.is_some();
    if !known && !write(tables, None, payment)? {
        return Err(Broken("another payment has that transaction id".to_owned()));
    }
    Ok(Inserted::Yes)
}

/// Makes a change to a payment. `false`: it is not there, or `change` says no,
/// or what it would make unique is another payment's.
fn update(
    tables: &mut Tables<'_>,
    id: PaymentId,
    change: impl FnOnce(&mut Payment) -> bool,
) -> Result<bool, Broken> {
    let Some(old) = record::<Payment>(&*tables.payments, id.uuid().as_bytes())? else {
        return Ok(false);
    };
    let mut new = old.clone();
    Ok(change(&mut new) && write(tables, Some(&old), &new)?)
}

/// Writes a payment and its indexes. `false`, and nothing is written: another
/// has its transaction id, or is the pending one of its booking.
fn write(tables: &mut Tables<'_>, old: Option<&Payment>, new: &Payment) -> Result<bool, Broken> {
    let (transaction, pending) = (by_transaction(new), by_booking(new));
    if is_anothers(&*tables.payments_by_transaction, transaction.as_ref())?
        || is_anothers(&*tables.pending_payments, pending.as_ref())?
    {
        return Ok(false);
    }
    put(&mut tables.payments, new.id.uuid().as_bytes(), new)?;
    let before = old.and_then(by_transaction);
    reindex(&mut tables.payments_by_transaction, before.as_ref(), transaction.as_ref())?;
    let before = old.and_then(by_booking);
    reindex(&mut tables.pending_payments, before.as_ref(), pending.as_ref())?;
    let before = old.map(by_status);
    reindex(&mut tables.payments_by_status, before.as_ref(), Some(&by_status(new)))?;
    reindex(&mut tables.payments_by_booking, None, Some(&of_booking(new)))?;
    let (before, check) = (old.and_then(by_check), by_check(new));
    reindex(&mut tables.payments_to_check, before.as_ref(), check.as_ref())?;
    Ok(true)
}

fn is_anothers(
    index: &impl ReadableTable<Bytes, Bytes>,
    entry: Option<&Entry>,
) -> Result<bool, Broken> {
    let Some((key, id)) = entry else {
        return Ok(false);
    };
    Ok(index.get(key.as_slice())?.is_some_and(|other| other.value() != id.as_slice()))
}

fn by_transaction(payment: &Payment) -> Option<Entry> {
    let transaction_id = payment.transaction_id.as_deref()?;
    let key = keys::transaction(payment.provider, transaction_id);
    Some((key, payment.id.uuid().as_bytes().to_vec()))
}

fn by_booking(payment: &Payment) -> Option<Entry> {
    let pending = payment.status == PaymentStatus::Pending;
    let id = payment.id.uuid().as_bytes().to_vec();
    pending.then(|| (payment.booking_id.bytes().to_vec(), id))
}

/// Of any payment. It never changes.
fn of_booking(payment: &Payment) -> Entry {
    let key = [&payment.booking_id.bytes()[..], payment.id.uuid().as_bytes()].concat();
    (key, NOTHING.to_vec())
}

fn payments_of(
    snapshot: &Snapshot,
    booking: BookingId,
    limit: u32,
) -> Result<Vec<Payment>, Broken> {
    let (index, payments) = (snapshot.open(PAYMENTS_BY_BOOKING)?, snapshot.open(PAYMENTS)?);
    let prefix = booking.bytes();
    let entries = index.range::<&[u8]>(&prefix[..]..keys::after_prefix(&prefix).as_slice())?;
    let payment = |entry: &[u8]| existing(&payments, &entry[keys::ID..]);
    entries.take(limit as usize).map(|entry| payment(entry?.0.value())).collect()
}

/// Files of the form before the payments of a booking were listed.
pub(super) fn list_by_booking(tables: &mut Tables<'_>) -> Result<(), Broken> {
    let all = tables.payments.iter()?.map(|row| Ok(documents::decode::<Payment>(row?.1.value())?));
    for payment in all.collect::<Result<Vec<_>, Broken>>()? {
        reindex(&mut tables.payments_by_booking, None, Some(&of_booking(&payment)))?;
    }
    Ok(())
}

fn by_status(payment: &Payment) -> Entry {
    (keys::payment_status(payment.status, payment.id.uuid().as_bytes()), NOTHING.to_vec())
}

fn by_check(payment: &Payment) -> Option<Entry> {
    let at = payment.next_check.filter(|_| !payment.status.is_charged())?;
    Some((keys::time_and(at, payment.id.uuid().as_bytes()), NOTHING.to_vec()))
}

/// The payment whose id an index gives for this key.
fn indexed(
    index: &impl ReadableTable<Bytes, Bytes>,
    payments: &impl ReadableTable<Bytes, Bytes>,
    key: &[u8],
) -> Result<Option<Payment>, Broken> {
    index.get(key)?.map(|id| existing(payments, id.value())).transpose()
}

fn with_status(
    snapshot: &Snapshot,
    status: PaymentStatus,
    after: Option<PaymentId>,
    limit: u32,
) -> Result<Vec<Payment>, Broken> {
    let prefix = keys::payment_status(status, &[]);
    let (index, payments) = (snapshot.open(PAYMENTS_BY_STATUS)?, snapshot.open(PAYMENTS)?);
    let last = after.map(|id| keys::payment_status(status, id.uuid().as_bytes()));
    let from = last.as_deref().map_or(Bound::Included(prefix.as_slice()), Bound::Excluded);
    let end = keys::after_prefix(&prefix);
    let entries = index.range::<&[u8]>((from, Bound::Excluded(end.as_slice())))?;
    let id_of = |key: &[u8]| existing(&payments, &key[prefix.len()..]);
    entries.take(limit as usize).map(|entry| id_of(entry?.0.value())).collect()
}

fn to_check(snapshot: &Snapshot, at: Timestamp, limit: u32) -> Result<Vec<Payment>, Broken> {
    let (index, payments) = (snapshot.open(PAYMENTS_TO_CHECK)?, snapshot.open(PAYMENTS)?);
    let due = index.range::<&[u8]>(..keys::until(at).as_slice())?.take(limit as usize);
    due.map(|entry| existing(&payments, &entry?.0.value()[keys::TIME..])).collect()
}

/// Files of the form before payments were asked about: those that may yet be paid
/// are asked about at once.
pub(super) fn plan_checks(tables: &mut Tables<'_>) -> Result<(), Broken> {
    let prefix = keys::payment_status(PaymentStatus::Pending, &[]);
    let end = keys::after_prefix(&prefix);
    let pending = tables.payments_by_status.range(prefix.as_slice()..end.as_slice())?;
    let ids = pending.map(|entry| Ok(entry?.0.value()[prefix.len()..].to_vec()));
    for id in ids.collect::<Result<Vec<_>, Broken>>()? {
        let old = existing(&*tables.payments, &id)?;
        let new = Payment { next_check: Some(old.expires_at), ..old.clone() };
        write(tables, Some(&old), &new)?;
    }
    Ok(())
}

fn existing(payments: &impl ReadableTable<Bytes, Bytes>, id: &[u8]) -> Result<Payment, Broken> {
    let missing = || Broken("an index names a payment that is not there".to_owned());
    record(payments, id)?.ok_or_else(missing)
}
