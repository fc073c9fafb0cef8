//! The rows of bookings, with their indexes.

use redb::{AccessGuard, ReadableTable};
use seathold_core::{BookingId, Timestamp};
use seathold_service::model::{Booking, BookingStatus, Claim};
use seathold_service::ports::{BookingFilter, Page, PageRequest, PendingFilter};

use super::tables::{
    BOOKINGS_BY_USER, Bytes, Entry, HOLDS, NOTHING, PENDING_BOOKINGS, Snapshot, Tables, reindex,
};
use super::{Broken, hold, keys};

/// A new hold, ready to be written: made outside of the one thread that writes.
pub(super) struct NewHold {
    pub(super) id: BookingId,
    pub(super) key: Vec<u8>,
    record: Vec<u8>,
    by_user: Entry,
    by_expiry: Option<Entry>,
}

impl NewHold {
    pub(super) fn new(claim: &Claim, row: &Booking) -> Result<Self, Broken> {
        if !hold::belongs(claim, row) {
            return Err(Broken("a claim is not on the key of its booking".to_owned()));
        }
        Ok(Self {
            id: row.id,
            key: keys::claim(&claim.key),
            record: hold::encode(row, Some(claim)),
            by_user: by_user(row),
            by_expiry: by_expiry(row),
        })
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
    tables.holds_by_key.insert(&new.key, &new.id.bytes())?;
    let before = old.as_ref().map(by_user);
    reindex(&mut tables.bookings_by_user, before.as_ref(), Some(&new.by_user))?;
    let before = old.as_ref().and_then(by_expiry);
    reindex(&mut tables.pending_bookings, before.as_ref(), new.by_expiry.as_ref())
}

/// Writes a row, whether it is there or not, beside the claim that is there.
pub(super) fn replace(tables: &mut Tables<'_>, row: &Booking) -> Result<(), Broken> {
    match find(tables, row.id)? {
        Some((old, claim)) => write(tables, Some(&old), row, claim.as_ref()),
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
        write(tables, Some(&old), &new, claim.as_ref())?;
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
    reindex(&mut tables.bookings_by_user, Some(&by_user(&old)), None)?;
    reindex(&mut tables.pending_bookings, by_expiry(&old).as_ref(), None)
}

/// Writes a row with the claim of its hold. The index of keys is the caller's.
pub(super) fn write(
    tables: &mut Tables<'_>,
    old: Option<&Booking>,
    new: &Booking,
    claim: Option<&Claim>,
) -> Result<(), Broken> {
    tables.holds.insert(&new.id.bytes(), &hold::encode(new, claim))?;
    reindex(&mut tables.bookings_by_user, old.map(by_user).as_ref(), Some(&by_user(new)))?;
    let (before, after) = (old.and_then(by_expiry), by_expiry(new));
    reindex(&mut tables.pending_bookings, before.as_ref(), after.as_ref())
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

fn by_user(row: &Booking) -> Entry {
    let key = [&keys::user(&row.user_id), &keys::time(row.created_at)[..], &row.id.bytes()];
    (key.concat(), [&row.showtime_id.bytes(), row.status.as_str().as_bytes()].concat())
}

fn by_expiry(row: &Booking) -> Option<Entry> {
    let pending = row.status == BookingStatus::Pending;
    pending.then(|| (keys::time_and(row.hold_expires_at, &row.id.bytes()), NOTHING.to_vec()))
}

/// A page of a user's rows. Only the index is read for what is passed over.
pub(super) fn list(snapshot: &Snapshot, filter: &BookingFilter) -> Result<Page<Booking>, Broken> {
    let showtime = filter.showtime.map(|id| id.bytes());
    let status = filter.status.map(BookingStatus::as_str);
    let index = snapshot.open(BOOKINGS_BY_USER)?;
    let bookings = snapshot.open(HOLDS)?;
    let (mut data, mut total) = (Vec::new(), 0);
    let user = keys::user(&filter.user);
    let newest_first = index.range(user.as_slice()..keys::after_prefix(&user).as_slice())?.rev();
    for entry in newest_first {
        let (key, value) = entry?;
        let of_showtime = showtime.is_none_or(|id| value.value().starts_with(&id));
        let in_status = status.is_none_or(|name| value.value()[keys::ID..] == *name.as_bytes());
        if !of_showtime || !in_status {
            continue;
        }
        if total >= filter.page.skip && data.len() < filter.page.limit as usize {
            data.push(indexed(&bookings, key.value())?);
        }
        total += 1;
    }
    Ok(Page { data, total })
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
    let bookings = snapshot.open(HOLDS)?;
    let due = index.range::<&[u8]>(..keys::until(at).as_slice())?.take(limit as usize);
    due.map(|entry| indexed(&bookings, entry?.0.value())).collect()
}

/// The row whose id stands at the end of an index's key.
fn indexed(holds: &impl ReadableTable<Bytes, Bytes>, key: &[u8]) -> Result<Booking, Broken> {
    let row = one(holds, BookingId::from_bytes(keys::last_id(key)?))?;
    row.ok_or_else(|| Broken("an index names a booking that is not there".to_owned()))
}
