//! The rows of bookings, with their indexes.

use redb::ReadableTable;
use seathold_core::{BookingId, Timestamp};
use seathold_service::model::{Booking, BookingStatus};
use seathold_service::ports::{BookingFilter, Page, PageRequest, PendingFilter};

use super::tables::{
    BOOKINGS, BOOKINGS_BY_USER, Bytes, Entry, NOTHING, PENDING_BOOKINGS, Snapshot, Tables, put,
    record, reindex,
};
use super::{Broken, keys};

/// Writes a row, whether it is there or not.
pub(super) fn replace(tables: &mut Tables<'_>, row: &Booking) -> Result<(), Broken> {
    let old = record(&tables.bookings, &row.id.bytes())?;
    write(tables, old.as_ref(), row)
}

/// Changes a row and gives it as it stands then, if it is there.
pub(super) fn update(
    tables: &mut Tables<'_>,
    id: BookingId,
    mut change: impl FnMut(&mut Booking),
) -> Result<Option<Booking>, Broken> {
    let Some(old) = record::<Booking>(&tables.bookings, &id.bytes())? else {
        return Ok(None);
    };
    let mut new = old.clone();
    change(&mut new);
    if new != old {
        write(tables, Some(&old), &new)?;
    }
    Ok(Some(new))
}

/// Removes a row, if it is there, made with this lease and not anew since.
pub(super) fn remove(
    tables: &mut Tables<'_>,
    id: BookingId,
    lease_until: Timestamp,
) -> Result<(), Broken> {
    let old = record::<Booking>(&tables.bookings, &id.bytes())?;
    let Some(old) = old.filter(|old| old.lease_until == lease_until) else {
        return Ok(());
    };
    tables.bookings.remove(&id.bytes()[..])?;
    reindex(&mut tables.bookings_by_user, Some(&by_user(&old)), None)?;
    reindex(&mut tables.pending_bookings, by_expiry(&old).as_ref(), None)
}

fn write(tables: &mut Tables<'_>, old: Option<&Booking>, new: &Booking) -> Result<(), Broken> {
    put(&mut tables.bookings, &new.id.bytes(), new)?;
    reindex(&mut tables.bookings_by_user, old.map(by_user).as_ref(), Some(&by_user(new)))?;
    let (before, after) = (old.and_then(by_expiry), by_expiry(new));
    reindex(&mut tables.pending_bookings, before.as_ref(), after.as_ref())
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
    let bookings = snapshot.open(BOOKINGS)?;
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
    let bookings = snapshot.open(BOOKINGS)?;
    let due = index.range::<&[u8]>(..keys::until(at).as_slice())?.take(limit as usize);
    due.map(|entry| indexed(&bookings, entry?.0.value())).collect()
}

/// The row whose id stands at the end of an index's key.
fn indexed(bookings: &impl ReadableTable<Bytes, Bytes>, key: &[u8]) -> Result<Booking, Broken> {
    let row = record(bookings, &keys::last_id(key)?)?;
    row.ok_or_else(|| Broken("an index names a booking that is not there".to_owned()))
}
