use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use seathold_core::{BookingId, SeatLabel, SeatState, ShowtimeId, Timestamp};

use super::money::is_on_its_way;
use super::{Findings, Invariant};
use crate::Service;
use crate::limits::CLAIM_TTL_MS;
use crate::model::{Booking, BookingStatus, StoredShowtime};
use crate::ports::StoreError;

/// How often a showtime that looks wrong is read again, and after which pause:
/// map and rows are two reads, and what happens in between looks wrong once.
const READS: u32 = 5;
const PAUSE: Duration = Duration::from_millis(50);

impl Service {
    pub(super) async fn check_showtime(
        &self,
        id: ShowtimeId,
        known: &[BookingId],
    ) -> Result<Findings, StoreError> {
        let mut findings = Findings::default();
        for read in 0..READS {
            if read > 0 {
                tokio::time::sleep(PAUSE).await;
            }
            let Some(stored) = self.store.load(id).await? else { break };
            let owners = stored.map.seats().filter_map(|seat| seat.state.booking());
            let ids: BTreeSet<BookingId> = owners.chain(known.iter().copied()).collect();
            let ids: Vec<BookingId> = ids.into_iter().collect();
            let rows = self.store.bookings(&ids).await?;
            let rows = rows.into_iter().map(|row| (row.id, row)).collect();
            let paid = self.being_paid(&stored, &rows).await?;
            findings = check(&stored, &rows, &paid, self.env.now());
            if findings.violations.is_empty() {
                break;
            }
        }
        Ok(findings)
    }

    /// Bookings with sold seats that are not confirmed yet, because the event
    /// that sold them is not done.
    async fn being_paid(
        &self,
        stored: &StoredShowtime,
        rows: &BTreeMap<BookingId, Booking>,
    ) -> Result<BTreeSet<BookingId>, StoreError> {
        let sold = |row: &Booking| {
            let mut seats = stored.map.seats_of(row.id);
            row.status != BookingStatus::Confirmed
                && seats.any(|seat| matches!(seat.state, SeatState::Booked { .. }))
        };
        if rows.values().any(sold) { self.unsettled_bookings().await } else { Ok(BTreeSet::new()) }
    }
}

/// Checks one map against the rows of its bookings; `paid` are those for which
/// an event is not done yet.
fn check(
    stored: &StoredShowtime,
    rows: &BTreeMap<BookingId, Booking>,
    paid: &BTreeSet<BookingId>,
    now: Timestamp,
) -> Findings {
    let mut findings = Findings::default();
    check_owners(stored, rows, &mut findings);
    check_rows(stored, rows, paid, now, &mut findings);
    check_counters(stored, &mut findings);
    check_expiry(stored, now, &mut findings);
    findings
}

fn check_owners(
    stored: &StoredShowtime,
    rows: &BTreeMap<BookingId, Booking>,
    findings: &mut Findings,
) {
    let showtime = stored.summary.showtime.id;
    for seat in stored.map.seats() {
        let (booking, user) = match seat.state {
            SeatState::Available => continue,
            SeatState::Held { booking, user, .. } | SeatState::Booked { booking, user } => {
                (booking, user)
            }
        };
        let named = rows.get(booking).is_some_and(|row| {
            row.user_id == *user
                && row.showtime_id == showtime
                && row.seats.iter().any(|own| own.label == seat.label)
        });
        findings.check(Invariant::OneOwner, named, || {
            format!(
                "seat {} of {showtime} names booking {booking}, which does not own it",
                seat.label
            )
        });
    }
}

fn check_rows(
    stored: &StoredShowtime,
    rows: &BTreeMap<BookingId, Booking>,
    paid: &BTreeSet<BookingId>,
    now: Timestamp,
    findings: &mut Findings,
) {
    for row in rows.values() {
        let under: BTreeSet<SeatLabel> =
            stored.map.seats_of(row.id).map(|seat| seat.label).collect();
        let booked = stored
            .map
            .seats_of(row.id)
            .filter(|seat| matches!(seat.state, SeatState::Booked { .. }))
            .count();
        let took_effect =
            !under.is_empty() || row.was_held || row.status == BookingStatus::Confirmed;
        if took_effect && now.millis_since(row.created_at) < CLAIM_TTL_MS {
            findings.took_effect.push((row.claim_key(), row.id));
        }
        let over = stored.map.seats_of(row.id).any(|seat| seat.state.is_free(now));
        let own: BTreeSet<SeatLabel> = row.labels().into_iter().collect();
        // Of an expired hold, others may have taken a part.
        findings.check(Invariant::AllOrNone, under.is_empty() || under == own || over, || {
            format!("booking {} stands on {under:?}, of {own:?}", row.id)
        });
        if booked == 0 && is_on_its_way(row, now) {
            findings.in_flight(Invariant::Sold);
        } else if row.status == BookingStatus::Confirmed {
            findings.check(Invariant::Sold, booked == own.len(), || {
                format!("booking {} is confirmed, {booked} of {} seats are", row.id, own.len())
            });
        } else if booked > 0 {
            // Sold, and the row follows: a pending one by the rule, any with its event.
            let follows = row.status == BookingStatus::Pending && booked == own.len();
            if follows || paid.contains(&row.id) {
                findings.in_flight(Invariant::Sold);
            } else {
                findings.check(Invariant::Sold, false, || {
                    format!("seats of booking {} are sold, it is {}", row.id, row.status.as_str())
                });
            }
        }
    }
}

fn check_counters(stored: &StoredShowtime, findings: &mut Findings) {
    let (summary, map) = (&stored.summary, &stored.map);
    let seats = map.seats();
    let available = map.seats().filter(|seat| *seat.state == SeatState::Available).count();
    let next_expiry = map.seats().filter_map(|seat| seat.state.until()).min();
    findings.check(Invariant::Counters, summary.available as usize == available, || {
        let id = summary.showtime.id;
        format!("{id} has {available} seats available, {} are stored", summary.available)
    });
    findings.check(Invariant::Counters, summary.next_expiry == next_expiry, || {
        let id = summary.showtime.id;
        format!("{id} has its next expiry at {next_expiry:?}, stored is {:?}", summary.next_expiry)
    });
    findings.check(
        Invariant::Counters,
        summary.showtime.total_seats as usize == seats.len(),
        || {
            let (id, total) = (summary.showtime.id, summary.showtime.total_seats);
            format!("{id} has {} seats, {total} are stored", seats.len())
        },
    );
}

fn check_expiry(stored: &StoredShowtime, now: Timestamp, findings: &mut Findings) {
    let free = stored.map.seats().filter(|seat| seat.state.is_free(now)).count();
    let counted = stored.map.available_at(now);
    findings.check(Invariant::Expiry, counted as usize == free, || {
        format!("{}: {free} seats are free, {counted} count as such", stored.summary.showtime.id)
    });
    findings.unswept += stored.map.expired(now).count() as u64;
}
