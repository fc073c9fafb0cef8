//! Bookings as they were read: what may be true of them, and when.

use super::booking::{Booking, Reading};
use super::facts::Facts;
use super::findings::{Findings, Rule};
use super::ops::Mark;
use crate::Status;

/// Finds readings that cannot be true.
pub(super) fn check(findings: &mut Findings<'_, '_>) {
    let facts = findings.facts;
    for booking in &facts.bookings {
        for reading in &booking.readings {
            let wrong = match reading.status {
                Status::Pending => pending(facts, booking, reading),
                Status::Confirmed => confirmed(booking, reading),
                Status::Cancelled => cancelled(facts, booking, reading),
                Status::Expired => expired(facts, booking, reading),
            };
            if let Some((rule, what, lines)) = wrong {
                let lines = lines.into_iter().chain([reading.line]);
                findings.add(rule, format!("{} {what}", booking.title()), lines);
            }
            seats(findings, booking, reading);
        }
        shortened(findings, booking);
    }
}

type Wrong = Option<(Rule, &'static str, Vec<usize>)>;

fn pending(facts: &Facts<'_>, booking: &Booking<'_>, reading: &Reading<'_>) -> Wrong {
    if let Some(sold) = before(booking.sold, reading) {
        return Some((Rule::SaleLasts, "was sold, and reads pending", vec![sold]));
    }
    let held = booking.maybe_held(&facts.bounds, facts.cancellation(booking));
    if held.is_some_and(|(_, to)| reading.from <= to) {
        return None;
    }
    let ends = [booking.told, booking.cancelled, booking.refunded];
    let ends = ends.into_iter().chain([booking.first_read(Status::Cancelled)]);
    let lines = ends.flatten().map(|mark| mark.line).collect();
    Some((Rule::Over, "reads pending after its end", lines))
}

fn confirmed(booking: &Booking<'_>, reading: &Reading<'_>) -> Wrong {
    if booking.confirm.is_none_or(|asked| asked.at > reading.to) && booking.amount != Some(0) {
        return Some((Rule::Asked, "reads confirmed, and nobody began to pay", booking.proof()));
    }
    if let Some(refunded) = before(booking.refunded, reading) {
        return Some((Rule::Status, "reads confirmed after it was given back", vec![refunded]));
    }
    let cancelled = [booking.cancelled, booking.first_read(Status::Cancelled)];
    let cancelled = cancelled.into_iter().find_map(|mark| before(mark, reading))?;
    Some((Rule::Status, "reads confirmed after it was cancelled", vec![cancelled]))
}

fn cancelled(facts: &Facts<'_>, booking: &Booking<'_>, reading: &Reading<'_>) -> Wrong {
    let showtime = facts.cancellation(booking).asked;
    let asked = [booking.cancel, booking.refund, showtime].into_iter().flatten();
    if asked.map(|mark| mark.at).min().is_none_or(|at| at > reading.to) {
        return Some((Rule::Asked, "reads cancelled, and nobody asked for it", booking.proof()));
    }
    sold_around(facts, booking, reading)
        .map(|sold| (Rule::SaleLasts, "was sold, and reads cancelled", vec![sold]))
}

fn expired(facts: &Facts<'_>, booking: &Booking<'_>, reading: &Reading<'_>) -> Wrong {
    if let Some(sold) = before(booking.sold, reading) {
        return Some((Rule::SaleLasts, "was sold, and reads expired", vec![sold]));
    }
    let mut held = booking.surely_seen(&facts.bounds, facts.cancellation(booking));
    let early = held.any(|(from, to)| from < reading.from && reading.to < to);
    early.then(|| (Rule::HoldLasts, "reads expired before its time", booking.proof()))
}

/// The sale's line, if the booking was certainly sold all the time of the reading.
fn sold_around(facts: &Facts<'_>, booking: &Booking<'_>, reading: &Reading<'_>) -> Option<usize> {
    let (from, to) = booking.surely_sold(facts.cancellation(booking))?;
    let sold = booking.sold?;
    (from < reading.from && reading.to < to).then_some(sold.line)
}

/// The line of what had happened before the reading began.
fn before(mark: Option<Mark>, reading: &Reading<'_>) -> Option<usize> {
    mark.filter(|mark| mark.at < reading.from).map(|mark| mark.line)
}

fn seats(findings: &mut Findings<'_, '_>, booking: &Booking<'_>, reading: &Reading<'_>) {
    if reading.seats.is_empty() || booking.seats.is_empty() {
        return;
    }
    let names = &findings.facts.seats;
    let known = booking.seats.iter().map(|seat| names.name(*seat).1);
    let mut known: Vec<&str> = known.collect();
    known.sort_unstable();
    let mut read: Vec<&str> = reading.seats.iter().map(String::as_str).collect();
    read.sort_unstable();
    if known != read {
        let what = format!("{} has other seats than it was asked for", booking.title());
        findings.add(Rule::HoldLasts, what, booking.proof().into_iter().chain([reading.line]));
    }
}

/// What a buyer was told about the end of a hold never gets shorter.
fn shortened(findings: &mut Findings<'_, '_>, booking: &Booking<'_>) {
    let mut told: Vec<(i64, i64, usize)> = Vec::new();
    if let (Some(mark), Some(until)) = (booking.told, booking.held_until) {
        told.push((mark.at, until, mark.line));
    }
    let pending = booking.readings.iter().filter(|reading| reading.status == Status::Pending);
    let pending: Vec<_> =
        pending.filter_map(|reading| reading.until.map(|until| (reading, until))).collect();
    told.extend(pending.iter().map(|(reading, until)| (reading.to, *until, reading.line)));
    told.sort_unstable();
    // The latest end that anybody knew by then.
    let mut longest: Option<(i64, usize)> = None;
    for (_, until, line) in &mut told {
        let known = longest.filter(|(known, _)| known >= until).unwrap_or((*until, *line));
        longest = Some(known);
        (*until, *line) = known;
    }
    for (reading, until) in pending {
        let count = told.partition_point(|(at, ..)| *at < reading.from);
        let Some((_, known, line)) = count.checked_sub(1).map(|last| told[last]) else { continue };
        if until < known {
            let what = format!("{} was to last until {known}, then until {until}", booking.title());
            findings.add(Rule::HoldLasts, what, [line, reading.line]);
        }
    }
}
