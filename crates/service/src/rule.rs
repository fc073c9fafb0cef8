//! Rows are derived, seats decide: the one rule for what a pending row is.

use std::collections::{BTreeMap, BTreeSet};

use seathold_core::{BookingId, SeatLabel, SeatState, ShowtimeId, Timestamp};
use uuid::Uuid;

use crate::model::{
    Booking, BookingStatus, Claim, ClaimKey, ClaimStatus, Extension, Fingerprint, Resource,
    Settlement,
};
use crate::ports::{SeatsNow, Store, StoreError};

/// What a row that is stored as pending is, going by its seats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Held until then.
    Live(Timestamp),
    /// Its seats may be on their way: nobody was told of it yet.
    InFlight,
    /// It never took effect, and never will.
    Void,
    /// Sold, cancelled or expired, and since when.
    Ended(BookingStatus, Timestamp),
}

/// Applies the rule to a row that is stored as pending, given its seats.
pub(crate) fn judge(row: &Booking, seats: &SeatsNow, now: Timestamp) -> Verdict {
    let under: Vec<_> = seats.states.iter().filter(|seat| seat.booking() == Some(row.id)).collect();
    let whole = under.len() == row.seats.len();
    if whole && under.iter().all(|seat| matches!(seat, SeatState::Booked { .. })) {
        return Verdict::Ended(BookingStatus::Confirmed, now);
    }
    let first_end = under.iter().filter_map(|seat| match seat {
        SeatState::Held { until, .. } => Some(*until),
        _ => None,
    });
    if let Some(until) = first_end.min().filter(|until| whole && *until > now) {
        return Verdict::Live(until);
    }
    // The mark alone is not the end: whoever set it may have got no further, and a payment
    // may yet find the seats.
    if let Some(at) = row.cancelled_at.filter(|_| under.is_empty()) {
        return Verdict::Ended(BookingStatus::Cancelled, at);
    }
    if under.is_empty() && !row.was_held {
        // Its commit must have been made long before the lease was over.
        return if now < row.lease_until { Verdict::InFlight } else { Verdict::Void };
    }
    if let Some(at) = seats.cancelled_at.filter(|at| *at < row.hold_expires_at) {
        return Verdict::Ended(BookingStatus::Cancelled, at);
    }
    Verdict::Ended(BookingStatus::Expired, row.hold_expires_at)
}

/// Reads the seats of these rows and gives the rows as they are at `now`; what
/// has ended, or lasts longer, is written down. Rows in flight are left out; those
/// that never took effect are removed.
///
/// # Errors
/// The store failed.
pub(crate) async fn settle(
    store: &dyn Store,
    mut rows: Vec<Booking>,
    now: Timestamp,
) -> Result<Settled, StoreError> {
    let seats = seats_of(store, &rows).await?;
    reread_losers(store, &mut rows, &seats, now).await?;
    let mut settled = Settled::default();
    let (mut settlements, mut extensions, mut void) = (Vec::new(), Vec::new(), Vec::new());
    for mut row in rows {
        if row.status != BookingStatus::Pending {
            settled.rows.push(row);
            continue;
        }
        match judge(&row, &seats[&row.id], now) {
            Verdict::InFlight => continue,
            Verdict::Void => {
                void.push(row);
                continue;
            }
            Verdict::Live(until) => {
                if until > row.hold_expires_at {
                    let (booking, seen_held_at) = (row.id, row.held_at);
                    extensions.push(Extension { booking, seen_held_at, until });
                }
                row.hold_expires_at = until;
                // A cancellation is under way, or was given up: not cancelled yet.
                row.cancelled_at = None;
            }
            Verdict::Ended(status, at) => {
                let seen_held_at = row.held_at;
                if is_final(&row, &seats[&row.id]) {
                    settlements.push(Settlement { booking: row.id, seen_held_at, status, at });
                } else {
                    settled.unswept.insert(row.showtime_id);
                }
                row.end(status, at);
            }
        }
        settled.rows.push(row);
    }
    if !settlements.is_empty() {
        settled.written = store.settle_bookings(&settlements).await?;
    }
    if !extensions.is_empty() {
        settled.extended = store.extend_bookings(&extensions).await?;
    }
    if !void.is_empty() {
        settled.removed = remove(store, void, now).await?;
    }
    Ok(settled)
}

/// Removes rows that never took effect, with the claims that were made with them:
/// their keys may be used anew. One that somebody resumes is left alone.
async fn remove(store: &dyn Store, rows: Vec<Booking>, now: Timestamp) -> Result<u64, StoreError> {
    let keys: Vec<ClaimKey> = rows.iter().map(Booking::claim_key).collect();
    let claims = store.find_claims(&keys).await?;
    let mut claims: BTreeMap<_, _> = claims.into_iter().map(|it| (it.key.clone(), it)).collect();
    let (mut made, mut removed) = (Vec::new(), 0);
    for row in rows {
        let named = claims.remove(&row.claim_key());
        let own = named.filter(|it| it.resource == Resource::Booking(row.id));
        if own.as_ref().is_some_and(|own| now < own.lease_until) {
            continue;
        }
        made.extend(own.map(|own| (own, row.id)));
        // By its own lease, which whoever began to resume it has left behind.
        made.push((nobodys_claim(&row), row.id));
        removed += 1;
    }
    store.unprepare(&made, &[]).await?;
    Ok(removed)
}

/// The row's claim, as if somebody had it: the row is removed by its lease.
fn nobodys_claim(row: &Booking) -> Claim {
    Claim {
        key: row.claim_key(),
        fingerprint: Fingerprint::of(String::new(), &[]),
        resource: Resource::Booking(row.id),
        owner: Uuid::nil(),
        lease_until: row.lease_until,
        status: ClaimStatus::Failed,
        response: None,
        expires_at: row.lease_until,
    }
}

/// Whether nothing can change what the row has become: it is sold, or none of
/// its seats stands under it. An expired hold may still, until it is swept.
fn is_final(row: &Booking, seats: &SeatsNow) -> bool {
    let under = seats.states.iter().filter(|seat| seat.booking() == Some(row.id));
    under.clone().all(|seat| matches!(seat, SeatState::Booked { .. }))
}

/// Reads the rows again that seem to have lost their seats: these were read
/// later. Marks are set before seats are lost, so the newer row tells why.
async fn reread_losers(
    store: &dyn Store,
    rows: &mut [Booking],
    seats: &BTreeMap<BookingId, SeatsNow>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let lost = |row: &Booking| {
        row.status == BookingStatus::Pending
            && !matches!(
                judge(row, &seats[&row.id], now),
                Verdict::Live(_) | Verdict::Ended(BookingStatus::Confirmed, _)
            )
    };
    let ids: Vec<BookingId> = rows.iter().filter(|row| lost(row)).map(|row| row.id).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let newer = store.bookings(&ids).await?;
    let mut newer: BTreeMap<_, _> = newer.into_iter().map(|row| (row.id, row)).collect();
    for row in rows {
        if let Some(newer) = newer.remove(&row.id) {
            *row = newer;
        }
    }
    Ok(())
}

/// Rows as they are, and how many of them were written down as ended.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settled {
    /// The rows.
    pub(crate) rows: Vec<Booking>,
    /// Showtimes where seats of expired holds still stand, so that these could
    /// not be written down.
    pub(crate) unswept: BTreeSet<ShowtimeId>,
    /// Settlements that the store took.
    pub(crate) written: u64,
    /// Extensions that the store took.
    pub(crate) extended: u64,
    /// Rows that never took effect, and are gone.
    pub(crate) removed: u64,
}

/// The seats of each pending row, with one read per showtime.
async fn seats_of(
    store: &dyn Store,
    rows: &[Booking],
) -> Result<BTreeMap<BookingId, SeatsNow>, StoreError> {
    let mut by_showtime: BTreeMap<ShowtimeId, Vec<&Booking>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.status == BookingStatus::Pending) {
        by_showtime.entry(row.showtime_id).or_default().push(row);
    }
    let mut seats = BTreeMap::new();
    for (showtime, rows) in by_showtime {
        let labels: Vec<SeatLabel> = rows.iter().flat_map(|row| row.labels()).collect();
        let found = store.seats_now(showtime, &labels).await?;
        let (states, cancelled_at) =
            found.map_or((Vec::new(), None), |now| (now.states, now.cancelled_at));
        let mut states = states.into_iter();
        for row in rows {
            let states = states.by_ref().take(row.seats.len()).collect();
            seats.insert(row.id, SeatsNow { states, cancelled_at });
        }
    }
    Ok(seats)
}
