use async_trait::async_trait;
use seathold_core::{BookingId, PaymentId, Timestamp};
use seathold_service::model::{Booking, BookingStatus, Claim, ClaimKey, Resource, Settlement};
use seathold_service::ports::{
    BookingFilter, Bookings, ClaimEnd, Page, PendingFilter, Preparation, Prepared, StoreError,
};

use super::tables::{BOOKINGS, CLAIMS, Snapshot, Tables, record, records_after};
use super::{Broken, EmbeddedStore, claims, rows};

/// Claims forgotten in one transaction: others wait meanwhile.
const PURGE_BATCH: usize = 1000;

/// Rows that are read faster than another thread could be asked to.
const FEW: usize = 64;

#[async_trait]
impl Bookings for EmbeddedStore {
    async fn prepare(&self, preparation: &Preparation) -> Result<Vec<Prepared>, StoreError> {
        let preparation = preparation.clone();
        self.writer.run(move |tables| prepare(tables, &preparation)).await
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
        self.read(|snapshot| {
            let claims = snapshot.open(CLAIMS)?;
            keys.iter().filter_map(|key| claims::find(&claims, key).transpose()).collect()
        })
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
        self.writer.run(move |tables| take_over(tables, &old, &new, row.as_ref())).await
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
                return Ok(purged);
            }
        }
    }

    async fn booking(&self, id: BookingId) -> Result<Option<Booking>, StoreError> {
        self.read(|snapshot| record(&snapshot.open(BOOKINGS)?, &id.bytes()))
    }

    async fn bookings(&self, ids: &[BookingId]) -> Result<Vec<Booking>, StoreError> {
        let (few, ids) = (ids.len() <= FEW, ids.to_vec());
        let find = move |snapshot: &Snapshot| {
            let bookings = snapshot.open(BOOKINGS)?;
            ids.iter().filter_map(|id| record(&bookings, &id.bytes()).transpose()).collect()
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

    async fn bookings_after(
        &self,
        after: Option<BookingId>,
        limit: u32,
    ) -> Result<Vec<Booking>, StoreError> {
        self.scan(move |snapshot| {
            let after = after.map(|id| id.bytes());
            records_after(&snapshot.open(BOOKINGS)?, after.as_ref().map(|id| &id[..]), limit)
        })
        .await
    }
}

fn prepare(tables: &mut Tables<'_>, preparation: &Preparation) -> Result<Vec<Prepared>, Broken> {
    for (id, at) in &preparation.cancels {
        rows::update(tables, *id, |row| {
            if row.status == BookingStatus::Pending {
                row.cancelled_at.get_or_insert(*at);
            }
        })?;
    }
    let open = |(claim, row): &(Claim, Booking)| match claims::insert(tables, claim)? {
        Some(first) => Ok(Prepared::Duplicate(Box::new(first))),
        None => {
            rows::replace(tables, row)?;
            Ok(Prepared::Opened)
        }
    };
    let prepared = preparation.holds.iter().map(open).collect::<Result<_, Broken>>()?;
    // Last: a hold of this very batch may be taken away by the same commit.
    for id in &preparation.displaced {
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
        let named = claims::find(&tables.claims, &claim.key)?;
        if named.is_none_or(|named| named.resource != Resource::Booking(*row)) {
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

fn take_over(
    tables: &mut Tables<'_>,
    old: &Claim,
    new: &Claim,
    row: Option<&Booking>,
) -> Result<bool, Broken> {
    if !claims::replace(tables, old, new)? {
        return Ok(false);
    }
    row.map_or(Ok(()), |row| rows::replace(tables, row))?;
    Ok(true)
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

fn confirm(row: &mut Booking, paid_by: Option<PaymentId>, at: Timestamp) {
    if row.status != BookingStatus::Confirmed {
        row.end(BookingStatus::Confirmed, at);
    }
    if row.paid_by.is_none() && paid_by.is_some() {
        row.paid_by = paid_by;
        row.updated_at = at;
    }
}
