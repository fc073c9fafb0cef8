use async_trait::async_trait;
use seathold_core::{BookingId, PaymentId, ShowtimeId, Timestamp};
use seathold_service::model::{
    Booking, BookingRefund, BookingStatus, Claim, ClaimKey, Extension, Resource, Settlement,
};
use seathold_service::ports::{
    BookingFilter, Bookings, ClaimEnd, Page, PendingFilter, Preparation, Prepared, Refunds,
    StoreError,
};

use super::rows::NewHold;
use super::tables::{HOLDS, Snapshot, Tables};
use super::{Broken, EmbeddedStore, claims, keys, rows};

/// Claims forgotten in one transaction: others wait meanwhile.
const PURGE_BATCH: usize = 1000;

/// Rows that are read faster than another thread could be asked to.
const FEW: usize = 64;

#[async_trait]
impl Bookings for EmbeddedStore {
    async fn prepare(&self, preparation: &Preparation) -> Result<Vec<Prepared>, StoreError> {
        let holds = preparation.holds.iter().map(|(claim, row)| NewHold::new(claim, row));
        let holds: Vec<_> = holds.collect();
        let (cancels, displaced) = (preparation.cancels.clone(), preparation.displaced.clone());
        let is_told = !cancels.is_empty();
        let prepare = move |tables: &mut Tables<'_>| prepare(tables, &holds, &cancels, &displaced);
        if is_told {
            // Whoever reads the mark of a cancel may tell its owner.
            self.writer.run(prepare).await
        } else {
            // What follows from it is written later, so it is not durable without this.
            self.writer.run_before(prepare).await
        }
    }

    async fn unprepare(
        &self,
        holds: &[(Claim, BookingId)],
        cancels: &[(BookingId, Timestamp)],
    ) -> Result<(), StoreError> {
        let (holds, cancels) = (holds.to_vec(), cancels.to_vec());
        self.writer.run(move |tables| unprepare(tables, &holds, &cancels)).await
    }

    async fn find_claims(&self, keys: &[ClaimKey]) -> Result<Vec<Claim>, StoreError> {
        self.read(|snapshot| claims::find_all(snapshot, keys))
    }

    async fn insert_claim(&self, claim: &Claim) -> Result<Option<Claim>, StoreError> {
        let claim = claim.clone();
        self.writer.run(move |tables| claims::insert(tables, &claim)).await
    }

    async fn take_over(
        &self,
        old: &Claim,
        new: &Claim,
        row: Option<&Booking>,
    ) -> Result<bool, StoreError> {
        let (old, new, row) = (old.clone(), new.clone(), row.cloned());
        self.writer.run(move |tables| claims::take_over(tables, &old, &new, row.as_ref())).await
    }

    async fn end_claim(&self, claim: &Claim, end: &ClaimEnd) -> Result<(), StoreError> {
        let (claim, end) = (claim.clone(), end.clone());
        self.writer.run(move |tables| claims::end(tables, &claim, &end)).await
    }

    async fn purge_claims(&self, now: Timestamp) -> Result<u64, StoreError> {
        let mut purged = 0;
        loop {
            let batch = self.writer.run(move |tables| claims::purge(tables, now, PURGE_BATCH));
            let batch = batch.await?;
            purged += batch as u64;
            if batch < PURGE_BATCH {
                break;
            }
        }
        loop {
            let batch =
                move |tables: &mut Tables<'_>| claims::purge_holds(tables, now, PURGE_BATCH);
            let (batch, more) = self.writer.run(batch).await?;
            purged += batch as u64;
            if !more {
                return Ok(purged);
            }
        }
    }

    async fn booking(&self, id: BookingId) -> Result<Option<Booking>, StoreError> {
        self.read(|snapshot| rows::one(&snapshot.open(HOLDS)?, id))
    }

    async fn bookings(&self, ids: &[BookingId]) -> Result<Vec<Booking>, StoreError> {
        let (few, ids) = (ids.len() <= FEW, ids.to_vec());
        let find = move |snapshot: &Snapshot| {
            let holds = snapshot.open(HOLDS)?;
            ids.iter().filter_map(|id| rows::one(&holds, *id).transpose()).collect()
        };
        if few { self.read(find) } else { self.scan(find).await }
    }

    async fn list_bookings(&self, filter: &BookingFilter) -> Result<Page<Booking>, StoreError> {
        let filter = filter.clone();
        self.scan(move |snapshot| rows::list(snapshot, &filter)).await
    }

    async fn pending_bookings(
        &self,
        filter: &PendingFilter,
        limit: u32,
    ) -> Result<Vec<Booking>, StoreError> {
        let filter = filter.clone();
        self.scan(move |snapshot| rows::pending(snapshot, &filter, limit)).await
    }

    async fn settle_bookings(&self, settlements: &[Settlement]) -> Result<u64, StoreError> {
        let settlements = settlements.to_vec();
        self.writer.run(move |tables| settle(tables, &settlements)).await
    }

    async fn confirm_booking(
        &self,
        id: BookingId,
        paid_by: Option<PaymentId>,
        at: Timestamp,
    ) -> Result<Option<Booking>, StoreError> {
        let confirm = move |row: &mut Booking| confirm(row, paid_by, at);
        self.writer.run(move |tables| rows::update(tables, id, confirm)).await
    }

    async fn extend_bookings(&self, extensions: &[Extension]) -> Result<u64, StoreError> {
        let extensions = extensions.to_vec();
        self.writer.run(move |tables| extend(tables, &extensions)).await
    }

    async fn mark_refund(
        &self,
        id: BookingId,
        refund: &BookingRefund,
    ) -> Result<Option<Booking>, StoreError> {
        let refund = *refund;
        let mark = move |row: &mut Booking| {
            if row.status == BookingStatus::Confirmed && row.refund.is_none() {
                row.refund = Some(refund);
                row.updated_at = refund.since;
            }
        };
        self.writer.run(move |tables| rows::update(tables, id, mark)).await
    }

    async fn cancel_refunded(
        &self,
        id: BookingId,
        at: Timestamp,
    ) -> Result<Option<Booking>, StoreError> {
        let cancel = move |row: &mut Booking| {
            if row.is_refunding() {
                row.end(BookingStatus::Cancelled, at);
            }
        };
        self.writer.run(move |tables| rows::update(tables, id, cancel)).await
    }

    async fn note_refunded(&self, id: BookingId, at: Timestamp) -> Result<(), StoreError> {
        let note = move |row: &mut Booking| {
            if let Some(refund) = row.refund.as_mut().filter(|refund| refund.done_at.is_none()) {
                refund.done_at = Some(at);
                row.open_outbox(at);
            }
        };
        self.writer.run(move |tables| rows::update(tables, id, note).map(drop)).await
    }

    async fn refunding_bookings(
        &self,
        after: Option<BookingId>,
        limit: u32,
    ) -> Result<Vec<Booking>, StoreError> {
        self.scan(move |snapshot| rows::refunding(snapshot, after, limit)).await
    }

    async fn refunds_of(&self, showtime: ShowtimeId) -> Result<Refunds, StoreError> {
        self.scan(move |snapshot| rows::refunds_of(snapshot, showtime)).await
    }

    async fn bookings_after(
        &self,
        after: Option<BookingId>,
        limit: u32,
    ) -> Result<Vec<Booking>, StoreError> {
        self.scan(move |snapshot| rows::after(snapshot, after, limit)).await
    }
}

fn prepare(
    tables: &mut Tables<'_>,
    holds: &[NewHold],
    cancels: &[(BookingId, Timestamp)],
    displaced: &[BookingId],
) -> Result<Vec<Prepared>, Broken> {
    for (id, at) in cancels {
        rows::update(tables, *id, |row| {
            if row.status == BookingStatus::Pending {
                row.cancelled_at.get_or_insert(*at);
            }
        })?;
    }
    let open = |new: &NewHold| match new.earlier(tables)? {
        Some(first) => Ok(Prepared::Duplicate(Box::new(first))),
        None => rows::open(tables, new).map(|()| Prepared::Opened),
    };
    let prepared = holds.iter().map(open).collect::<Result<_, Broken>>()?;
    // Last: a hold of this very batch may be taken away by the same commit.
    for id in displaced {
        rows::update(tables, *id, |row| row.was_held = true)?;
    }
    Ok(prepared)
}

fn unprepare(
    tables: &mut Tables<'_>,
    holds: &[(Claim, BookingId)],
    cancels: &[(BookingId, Timestamp)],
) -> Result<(), Broken> {
    for (claim, row) in holds {
        claims::remove(tables, claim)?;
        let named = claims::find(tables, &keys::user_key(&claim.key), &keys::claim(&claim.key))?;
        if named.is_none_or(|named| named.claim.resource != Resource::Booking(*row)) {
            rows::remove(tables, *row, claim.lease_until)?;
        }
    }
    for (id, at) in cancels {
        rows::update(tables, *id, |row| {
            if row.status == BookingStatus::Pending && row.cancelled_at == Some(*at) {
                row.cancelled_at = None;
            }
        })?;
    }
    Ok(())
}

fn settle(tables: &mut Tables<'_>, settlements: &[Settlement]) -> Result<u64, Broken> {
    let mut written = 0;
    for settlement in settlements {
        rows::update(tables, settlement.booking, |row| {
            let unchanged = row.held_at == settlement.seen_held_at;
            if row.status == BookingStatus::Pending && unchanged {
                row.end(settlement.status, settlement.at);
                written += 1;
            }
        })?;
    }
    Ok(written)
}

fn extend(tables: &mut Tables<'_>, extensions: &[Extension]) -> Result<u64, Broken> {
    let mut written = 0;
    for extension in extensions {
        rows::update(tables, extension.booking, |row| {
            let unchanged = row.held_at == extension.seen_held_at;
            let is_later = row.hold_expires_at < extension.until;
            if row.status == BookingStatus::Pending && unchanged && is_later {
                row.hold_expires_at = extension.until;
                written += 1;
            }
        })?;
    }
    Ok(written)
}

fn confirm(row: &mut Booking, paid_by: Option<PaymentId>, at: Timestamp) {
    if row.refund.is_some() {
        return;
    }
    if row.status != BookingStatus::Confirmed {
        row.end(BookingStatus::Confirmed, at);
    }
    if row.paid_by.is_none() && paid_by.is_some() {
        row.paid_by = paid_by;
        row.updated_at = at;
    }
}
