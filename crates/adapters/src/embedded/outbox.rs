//! What is told of bookings, in their records.

use async_trait::async_trait;
use seathold_core::{BookingId, Timestamp};
use seathold_service::model::{Booking, BookingEvent, Delivery, DeliveryState, Outbox, ReceiverId};
use seathold_service::ports::{Outboxes, StoreError};

use super::encoding::{Decoder, Encoder};
use super::tables::{DEAD_LETTERS, Entry, HOLDS, NOTHING, Snapshot, Tables, UNTOLD};
use super::{Broken, EmbeddedStore, keys, rows};

/// Numbered by their places, here and below.
const EVENTS: [BookingEvent; 5] = [
    BookingEvent::Held,
    BookingEvent::Expired,
    BookingEvent::Confirmed,
    BookingEvent::Cancelled,
    BookingEvent::Refunded,
];

const STATES: [DeliveryState; 3] =
    [DeliveryState::Waiting, DeliveryState::Told, DeliveryState::Dead];

#[async_trait]
impl Outboxes for EmbeddedStore {
    async fn untold_bookings(&self, at: Timestamp, limit: u32) -> Result<Vec<Booking>, StoreError> {
        self.scan(move |snapshot| untold(snapshot, at, limit)).await
    }

    async fn lease_outbox(
        &self,
        id: BookingId,
        seen: u32,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let lease = move |tables: &mut Tables<'_>| {
            let mut leased = false;
            rows::update(tables, id, |row| {
                let free = |it: &&mut Outbox| it.open && it.lease == seen;
                if let Some(outbox) = row.outbox.as_mut().filter(free) {
                    outbox.lease += 1;
                    (outbox.next_try, outbox.leased_until) = (until, until);
                    leased = true;
                }
            })?;
            Ok(leased)
        };
        self.writer.run(lease).await
    }

    async fn write_outbox(
        &self,
        seen: &Booking,
        outbox: &Outbox,
        unchanged: bool,
    ) -> Result<bool, StoreError> {
        let (seen, outbox) = (seen.clone(), outbox.clone());
        let write = move |tables: &mut Tables<'_>| {
            let mut written = false;
            rows::update(tables, seen.id, |row| {
                if is_leased(row, &seen) && (!unchanged || is_unchanged(row, &seen)) {
                    row.outbox = Some(outbox.clone());
                    written = true;
                }
            })?;
            Ok(written)
        };
        self.writer.run(write).await
    }

    async fn dead_letters(
        &self,
        after: Option<BookingId>,
        limit: u32,
    ) -> Result<Vec<Booking>, StoreError> {
        self.scan(move |snapshot| dead(snapshot, after, limit)).await
    }
}

fn is_leased(row: &Booking, seen: &Booking) -> bool {
    let lease = |row: &Booking| row.outbox.as_ref().map(|outbox| outbox.lease);
    row.outbox.is_some() && lease(row) == lease(seen)
}

fn is_unchanged(row: &Booking, seen: &Booking) -> bool {
    let done_at = |row: &Booking| row.refund.and_then(|refund| refund.done_at);
    row.status == seen.status && done_at(row) == done_at(seen)
}

fn untold(snapshot: &Snapshot, at: Timestamp, limit: u32) -> Result<Vec<Booking>, Broken> {
    let (index, holds) = (snapshot.open(UNTOLD)?, snapshot.open(HOLDS)?);
    let due = index.range::<&[u8]>(..keys::until(at).as_slice())?.take(limit as usize);
    due.map(|entry| rows::existing(&holds, BookingId::from_bytes(keys::last_id(entry?.0.value())?)))
        .collect()
}

fn dead(snapshot: &Snapshot, after: Option<BookingId>, limit: u32) -> Result<Vec<Booking>, Broken> {
    let after = after.map(|id| id.bytes());
    let (index, holds) = (snapshot.open(DEAD_LETTERS)?, snapshot.open(HOLDS)?);
    let ids = index.range::<&[u8]>(keys::after(after.as_ref().map(|id| &id[..])))?;
    ids.take(limit as usize)
        .map(|entry| {
            rows::existing(&holds, BookingId::from_bytes(keys::last_id(entry?.0.value())?))
        })
        .collect()
}

/// The entry of a row with something to tell.
pub(super) fn by_next_try(row: &Booking) -> Option<Entry> {
    let outbox = row.outbox.as_ref().filter(|outbox| outbox.open)?;
    Some((keys::time_and(outbox.next_try, &row.id.bytes()), NOTHING.to_vec()))
}

/// The entry of a row of which something was given up.
pub(super) fn by_dead(row: &Booking) -> Option<Entry> {
    let dead = row.outbox.as_ref().is_some_and(Outbox::has_dead);
    dead.then(|| (row.id.bytes().to_vec(), NOTHING.to_vec()))
}

pub(super) fn encode(to: &mut Encoder, outbox: &Outbox) {
    to.byte(outbox.open.into());
    to.time(outbox.next_try);
    to.time(outbox.leased_until);
    to.number(outbox.lease.into());
    to.number(outbox.deliveries.len() as u64);
    for delivery in &outbox.deliveries {
        to.one_of(&EVENTS, &delivery.event);
        to.raw(&delivery.receiver.0);
        to.one_of(&STATES, &delivery.state);
        to.number(delivery.tries.into());
        to.time(delivery.since);
        to.time(delivery.at);
        to.option(delivery.error.as_deref(), Encoder::text);
    }
}

pub(super) fn decode(from: &mut Decoder<'_>) -> Result<Outbox, Broken> {
    Ok(Outbox {
        open: from.byte()? != 0,
        next_try: from.time()?,
        leased_until: from.time()?,
        lease: from.number()?.try_into().unwrap_or(u32::MAX),
        deliveries: (0..from.number()?).map(|_| delivery(from)).collect::<Result<_, _>>()?,
    })
}

fn delivery(from: &mut Decoder<'_>) -> Result<Delivery, Broken> {
    Ok(Delivery {
        event: from.one_of(&EVENTS)?,
        receiver: ReceiverId(from.array()?),
        state: from.one_of(&STATES)?,
        tries: from.number()?.try_into().unwrap_or(u32::MAX),
        since: from.time()?,
        at: from.time()?,
        error: from.option(|from| Ok(from.text()?.to_owned()))?,
    })
}
