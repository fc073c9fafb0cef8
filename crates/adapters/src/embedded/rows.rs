//! The rows of bookings, with their indexes.

use redb::{AccessGuard, ReadableTable};
use seathold_core::{BookingId, ShowtimeId, Timestamp};
use seathold_service::model::{Booking, BookingStatus, Claim};
use seathold_service::ports::{BookingFilter, Page, PageRequest, PendingFilter, Refunds};

use super::tables::{
    Bytes, Entry, HOLDS, HOLDS_BY_USER, NOTHING, PENDING_BOOKINGS, REFUNDING, REFUNDS, Snapshot,
    Tables, reindex,
};
use super::{Broken, by_user, claims, hold, keys, outbox};

/// A new hold, ready to be written: made outside of the one thread that writes.
pub(super) struct NewHold {
    id: BookingId,
    user_key: Vec<u8>,
    claim_key: Vec<u8>,
    record: Vec<u8>,
    by_user: Entry,
    by_expiry: Option<Entry>,
    by_next_try: Option<Entry>,
    /// A claim on another key than the row's has a record of its own.
    alone: Option<Claim>,
}

impl NewHold {
    pub(super) fn new(claim: &Claim, row: &Booking) -> Self {
        let together = hold::belongs(claim, row);
        Self {
            id: row.id,
            user_key: keys::user_key(&claim.key),
            claim_key: keys::claim(&claim.key),
            record: hold::encode(row, together.then_some(claim)),
            by_user: by_user::entry(row, together),
            by_expiry: by_expiry(row),
            by_next_try: outbox::by_next_try(row),
            alone: (!together).then(|| claim.clone()),
        }
    }

    /// The claim that has its key already.
    pub(super) fn earlier(&self, tables: &Tables<'_>) -> Result<Option<Claim>, Broken> {
        let stored = claims::find(tables, &self.user_key, &self.claim_key)?;
        Ok(stored.map(|stored| stored.claim))
    }
}

/// Writes a hold whose key is free.
pub(super) fn open(tables: &mut Tables<'_>, new: &NewHold) -> Result<(), Broken> {
    let old = tables.holds.insert(&new.id.bytes(), &new.record)?;
    let old = old.map(|record| hold::decode(new.id, &record)).transpose()?;
    let old = match old {
        Some((_, Some(_))) => return Err(Broken("a booking's id is in use".to_owned())),
        old => old.map(|(row, _)| row),
    };
    let before = old.as_ref().map(|old| by_user::entry(old, false));
    reindex(&mut tables.holds_by_user, before.as_ref(), Some(&new.by_user))?;
    let before = old.as_ref().and_then(by_expiry);
    reindex(&mut tables.pending_bookings, before.as_ref(), new.by_expiry.as_ref())?;
    let before = old.as_ref().and_then(outbox::by_next_try);
    reindex(&mut tables.untold, before.as_ref(), new.by_next_try.as_ref())?;
    new.alone.as_ref().map_or(Ok(()), |claim| claims::write(tables, None, claim))
}

/// Writes a row, whether it is there or not, beside the claim that is there.
pub(super) fn replace(tables: &mut Tables<'_>, row: &Booking) -> Result<(), Broken> {
    match find(tables, row.id)? {
        Some((old, claim)) => write(tables, Some((&old, claim.is_some())), row, claim.as_ref()),
        None => write(tables, None, row, None),
    }
}

/// Changes a row and gives it as it stands then, if it is there.
pub(super) fn update(
    tables: &mut Tables<'_>,
    id: BookingId,
    mut change: impl FnMut(&mut Booking),
) -> Result<Option<Booking>, Broken> {
    let Some((old, claim)) = find(tables, id)? else {
        return Ok(None);
    };
    let mut new = old.clone();
    change(&mut new);
    if new != old {
        write(tables, Some((&old, claim.is_some())), &new, claim.as_ref())?;
    }
    Ok(Some(new))
}

/// Removes a row, if it is there, made with this lease and not anew since, and
/// no claim names it.
pub(super) fn remove(
    tables: &mut Tables<'_>,
    id: BookingId,
    lease_until: Timestamp,
) -> Result<(), Broken> {
    let Some((old, None)) = find(tables, id)? else {
        return Ok(());
    };
    if old.lease_until != lease_until {
        return Ok(());
    }
    tables.holds.remove(&id.bytes())?;
    reindex(&mut tables.holds_by_user, Some(&by_user::entry(&old, false)), None)?;
    reindex(&mut tables.pending_bookings, by_expiry(&old).as_ref(), None)?;
    reindex(&mut tables.untold, outbox::by_next_try(&old).as_ref(), None)?;
    reindex(&mut tables.dead_letters, outbox::by_dead(&old).as_ref(), None)
}

/// Writes a row with the claim of its hold, over the old row, which may have had
/// a claim too.
pub(super) fn write(
    tables: &mut Tables<'_>,
    old: Option<(&Booking, bool)>,
    new: &Booking,
    claim: Option<&Claim>,
) -> Result<(), Broken> {
    tables.holds.insert(&new.id.bytes(), &hold::encode(new, claim))?;
    let before = old.map(|(old, had_claim)| by_user::entry(old, had_claim));
    let after = by_user::entry(new, claim.is_some());
    reindex(&mut tables.holds_by_user, before.as_ref(), Some(&after))?;
    let (before, after) = (old.and_then(|(old, _)| by_expiry(old)), by_expiry(new));
    reindex(&mut tables.pending_bookings, before.as_ref(), after.as_ref())?;
    let (before, after) = (old.and_then(|(old, _)| by_showtime(old)), by_showtime(new));
    reindex(&mut tables.refunds, before.as_ref(), after.as_ref())?;
    let (before, after) = (old.and_then(|(old, _)| by_refund(old)), by_refund(new));
    reindex(&mut tables.refunding, before.as_ref(), after.as_ref())?;
    let before = old.and_then(|(old, _)| outbox::by_next_try(old));
    reindex(&mut tables.untold, before.as_ref(), outbox::by_next_try(new).as_ref())?;
    let before = old.and_then(|(old, _)| outbox::by_dead(old));
    reindex(&mut tables.dead_letters, before.as_ref(), outbox::by_dead(new).as_ref())
}

fn find(tables: &Tables<'_>, id: BookingId) -> Result<Option<(Booking, Option<Claim>)>, Broken> {
    let kept = tables.holds.get(&id.bytes()[..])?;
    kept.map(|record| hold::decode(id, record.value())).transpose()
}

/// One row.
pub(super) fn one(
    holds: &impl ReadableTable<Bytes, Bytes>,
    id: BookingId,
) -> Result<Option<Booking>, Broken> {
    let kept = holds.get(&id.bytes()[..])?;
    kept.map(|record| hold::row(id, record.value())).transpose()
}

/// The rows after this id, in order of ids.
pub(super) fn after(
    snapshot: &Snapshot,
    after: Option<BookingId>,
    limit: u32,
) -> Result<Vec<Booking>, Broken> {
    let after = after.map(|id| id.bytes());
    let holds = snapshot.open(HOLDS)?;
    let records = holds.range::<&[u8]>(keys::after(after.as_ref().map(|id| &id[..])))?;
    let row = |record| {
        let (key, value): (AccessGuard<'_, Bytes>, AccessGuard<'_, Bytes>) = record?;
        hold::row(BookingId::from_bytes(keys::last_id(key.value())?), value.value())
    };
    records.take(limit as usize).map(row).collect()
}

/// How far a refund is, as its index has it.
const REFUND_PENDING: u8 = 0;
const REFUND_DONE: u8 = 1;

fn by_showtime(row: &Booking) -> Option<Entry> {
    let done = row.refund?.done_at.is_some();
    let key = [row.showtime_id.bytes(), row.id.bytes()].concat();
    Some((key, vec![if done { REFUND_DONE } else { REFUND_PENDING }]))
}

fn by_refund(row: &Booking) -> Option<Entry> {
    row.is_refunding().then(|| (row.id.bytes().to_vec(), NOTHING.to_vec()))
}

/// Confirmed rows with a refund.
pub(super) fn refunding(
    snapshot: &Snapshot,
    after: Option<BookingId>,
    limit: u32,
) -> Result<Vec<Booking>, Broken> {
    let after = after.map(|id| id.bytes());
    let (index, holds) = (snapshot.open(REFUNDING)?, snapshot.open(HOLDS)?);
    let ids = index.range::<&[u8]>(keys::after(after.as_ref().map(|id| &id[..])))?;
    ids.take(limit as usize)
        .map(|entry| existing(&holds, BookingId::from_bytes(keys::last_id(entry?.0.value())?)))
        .collect()
}

/// How many of a showtime's rows have a refund.
pub(super) fn refunds_of(snapshot: &Snapshot, showtime: ShowtimeId) -> Result<Refunds, Broken> {
    let (index, prefix) = (snapshot.open(REFUNDS)?, showtime.bytes());
    let mut refunds = Refunds::default();
    for entry in index.range::<&[u8]>(&prefix[..]..keys::after_prefix(&prefix).as_slice())? {
        match entry?.1.value() {
            [REFUND_DONE] => refunds.done += 1,
            _ => refunds.pending += 1,
        }
    }
    Ok(refunds)
}

fn by_expiry(row: &Booking) -> Option<Entry> {
    let pending = row.status == BookingStatus::Pending;
    pending.then(|| (keys::time_and(row.hold_expires_at, &row.id.bytes()), NOTHING.to_vec()))
}

/// A page of a user's rows. Only the index is read for what is passed over.
pub(super) fn list(snapshot: &Snapshot, filter: &BookingFilter) -> Result<Page<Booking>, Broken> {
    let mut found = Vec::new();
    by_user::each(&snapshot.open(HOLDS_BY_USER)?, &keys::user(&filter.user), |hold| {
        let of_showtime = filter.showtime.is_none_or(|showtime| showtime == hold.showtime);
        if of_showtime && filter.status.is_none_or(|status| status == hold.status) {
            found.push((hold.created_at, hold.id));
        }
    })?;
    found.sort_unstable_by(|one, other| other.cmp(one));
    let holds = snapshot.open(HOLDS)?;
    let skip = usize::try_from(filter.page.skip).unwrap_or(usize::MAX);
    let page = found.iter().skip(skip).take(filter.page.limit as usize);
    let data = page.map(|(_, id)| existing(&holds, *id)).collect::<Result<_, _>>()?;
    Ok(Page { data, total: found.len() as u64 })
}

pub(super) fn pending(
    snapshot: &Snapshot,
    filter: &PendingFilter,
    limit: u32,
) -> Result<Vec<Booking>, Broken> {
    let at = match filter {
        PendingFilter::OfUser(user) => {
            let page = PageRequest { skip: 0, limit };
            let status = Some(BookingStatus::Pending);
            let filter = BookingFilter { user: user.clone(), status, showtime: None, page };
            return Ok(list(snapshot, &filter)?.data);
        }
        PendingFilter::ExpiredAt(at) => *at,
    };
    let index = snapshot.open(PENDING_BOOKINGS)?;
    let holds = snapshot.open(HOLDS)?;
    let due = index.range::<&[u8]>(..keys::until(at).as_slice())?.take(limit as usize);
    due.map(|entry| existing(&holds, BookingId::from_bytes(keys::last_id(entry?.0.value())?)))
        .collect()
}

/// A row that an index names.
pub(super) fn existing(
    holds: &impl ReadableTable<Bytes, Bytes>,
    id: BookingId,
) -> Result<Booking, Broken> {
    let row = one(holds, id)?;
    row.ok_or_else(|| Broken("an index names a booking that is not there".to_owned()))
}
