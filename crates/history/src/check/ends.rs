//! What things are at the end agrees, with each other and with what was answered.

use super::booking::Booking;
use super::facts::Facts;
use super::findings::{Findings, Rule};
use super::names::Map;
use super::ops::{Mark, Outcome};
use crate::{Call, SeenMap, SeenSeat, Status};

/// Finds answers and ends that contradict each other.
pub(super) fn check(findings: &mut Findings<'_, '_>) {
    unasked(findings);
    maps(findings);
    durations(findings);
    actions(findings);
}

/// A booking that no request can have made: one key, or none, has made one too many.
fn unasked(findings: &mut Findings<'_, '_>) {
    let facts = findings.facts;
    if facts.unasked.is_empty() {
        return;
    }
    let told = facts.bookings.iter().filter(|booking| booking.told.is_some());
    let told: Map<_, _> = told.map(|booking| ((booking.user, &booking.seats), booking)).collect();
    for booking in facts.unasked.iter().map(|number| &facts.bookings[*number]) {
        let what = format!("{} was made, and no request is left to have made it", booking.title());
        let same = told.get(&(booking.user, &booking.seats));
        let lines =
            booking.proof().into_iter().chain(same.map(|it| it.proof()).unwrap_or_default());
        findings.add(Rule::Key, what, lines);
    }
}

/// All seats of a booking are as it is at the end: never some of them.
fn maps(findings: &mut Findings<'_, '_>) {
    let facts = findings.facts;
    let mut last: Map<usize, (Mark, &SeenMap)> = Map::default();
    for read in facts.maps.iter().filter(|read| read.is_final) {
        last.insert(read.showtime, (Mark { at: read.to, line: read.line }, read.map));
    }
    for (number, booking) in facts.bookings.iter().enumerate() {
        let Some((mark, map)) = booking.showtime.and_then(|showtime| last.get(&showtime)) else {
            continue;
        };
        let Some(expected) = expected(facts, booking, mark.at) else { continue };
        let seats = booking.seats.iter().map(|seat| (*seat, facts.seats.name(*seat).1));
        for (seat, label) in seats {
            let seen = map.taken.get(label).copied();
            let known = facts.owners[seat].surely.around(mark.at, mark.at, None);
            // Else the map contradicts what was known before, and that was found.
            if seen == Some(expected) || known.is_some_and(|span| span.booking == number) {
                continue;
            }
            let (rule, what) = match expected {
                SeenSeat::Held => {
                    (Rule::HoldLasts, "is pending at the end, and its seat is not held")
                }
                SeenSeat::Booked => (Rule::SaleLasts, "is sold at the end, and its seat is not"),
            };
            let what = format!("{} {what}", booking.title());
            findings.add_seat(rule, seat, what, booking.proof().into_iter().chain([mark.line]));
        }
    }
}

/// How each seat of a booking must be at the end, if that is certain.
fn expected(facts: &Facts<'_>, booking: &Booking<'_>, at: i64) -> Option<SeenSeat> {
    match booking.last? {
        Status::Confirmed => Some(SeenSeat::Booked),
        Status::Pending => {
            let until = booking.until?.saturating_sub(facts.bounds.tolerance);
            (at < until).then_some(SeenSeat::Held)
        }
        Status::Cancelled | Status::Expired => None,
    }
}

/// A hold lasts as long as promised.
fn durations(findings: &mut Findings<'_, '_>) {
    let facts = findings.facts;
    let Some(promised) = facts.bounds.hold else { return };
    for booking in &facts.bookings {
        let (Some(asked), Some(told), Some(until)) =
            (booking.asked, booking.told, booking.held_until)
        else {
            continue;
        };
        let skew = facts.bounds.tolerance;
        let least = asked.at.saturating_add(promised).saturating_sub(skew);
        let most = told.at.saturating_add(promised).saturating_add(skew);
        if until < least || until > most {
            let what = format!(
                "{} is held until {until}, not from {least} to {most} as promised",
                booking.title()
            );
            findings.add(Rule::HoldLasts, what, [asked.line, told.line]);
        }
    }
}

/// What is sold cannot be cancelled, and what is cancelled cannot be paid for.
fn actions(findings: &mut Findings<'_, '_>) {
    let facts = findings.facts;
    for op in &facts.ops {
        let Outcome::Ok { at, line, .. } = op.outcome else { continue };
        let (Call::Cancel { booking: name, .. } | Call::Confirm { booking: name, .. }) = op.call
        else {
            continue;
        };
        let Some(number) = facts.by_name.get(name.as_str()) else { continue };
        let booking = &facts.bookings[*number];
        if let Call::Cancel { .. } = op.call {
            let sold = booking.surely_sold(facts.cancellation(booking));
            if sold.is_some_and(|(from, to)| from < op.from && at < to) {
                let what = format!("{name} was cancelled though it was sold");
                findings.add(
                    Rule::SaleLasts,
                    what,
                    booking.proof().into_iter().chain([op.line, line]),
                );
            }
        } else if let Some(cancelled) = booking.cancelled
            && cancelled.at < first_asked(facts, op)
        {
            let what = format!("the payment of {name} was begun after it was cancelled");
            findings.add(Rule::Status, what, [cancelled.line, op.line, line]);
        }
    }
}

/// When the key of this operation was first used.
fn first_asked(facts: &Facts<'_>, op: &super::ops::Op<'_>) -> i64 {
    super::keys::same_key(facts, op).map(|op| op.from).min().unwrap_or(op.from)
}
