//! Maps as they were read: each seat as it may have been at some moment of the read.

use std::collections::BTreeSet;

use super::facts::MapRead;
use super::findings::{Findings, Rule};
use crate::SeenSeat;

/// Finds maps that cannot be true.
pub(super) fn check(findings: &mut Findings<'_, '_>) {
    let facts = findings.facts;
    let mut by_showtime: Vec<Vec<&MapRead<'_>>> = Vec::new();
    by_showtime.resize_with(facts.showtimes.len(), Vec::new);
    for read in &facts.maps {
        by_showtime[read.showtime].push(read);
        adds_up(findings, read);
        taken(findings, read);
    }
    let mut sure: Vec<Vec<Owned>> = vec![Vec::new(); facts.showtimes.len()];
    for (seat, owners) in facts.owners.iter().enumerate() {
        let (showtime, _) = facts.seats.name(seat);
        let spans = owners.surely_seen.spans().iter();
        sure[showtime].extend(spans.map(|it| (it.from, it.to, seat, it.booking)));
    }
    for (mut reads, mut owned) in by_showtime.into_iter().zip(sure) {
        reads.sort_unstable_by_key(|read| (read.from, read.line));
        owned.sort_unstable();
        available(findings, &reads, &owned);
        versions(findings, &reads);
    }
}

/// From when, to when, which seat, by which booking.
type Owned = (i64, i64, usize, usize);

fn adds_up(findings: &mut Findings<'_, '_>, read: &MapRead<'_>) {
    let map = read.map;
    if map.available.checked_add(map.taken.len() as u64) != Some(map.total) {
        let (available, taken, total) = (map.available, map.taken.len(), map.total);
        let what = format!("{available} available and {taken} taken are not {total} seats");
        findings.add(Rule::Map, what, [read.line]);
    }
}

/// A seat that reads taken has somebody who may own it.
fn taken(findings: &mut Findings<'_, '_>, read: &MapRead<'_>) {
    let facts = findings.facts;
    let (from, to) = (read.from.saturating_sub(facts.bounds.stale), read.to);
    for (label, seen) in &read.map.taken {
        let Some(seat) = facts.seats.find((read.showtime, label.as_str())) else {
            let what = format!("seat {label} is taken, and nobody ever asked for it");
            findings.add(Rule::Asked, what, [read.line]);
            continue;
        };
        let owners = &facts.owners[seat];
        let (may_be, rule, what) = match seen {
            SeenSeat::Held => {
                (&owners.maybe_held, Rule::Over, "reads held, and nobody can hold it")
            }
            SeenSeat::Booked => {
                (&owners.maybe_sold, Rule::Asked, "reads booked, and nobody can have bought it")
            }
        };
        if may_be.touching(from, to, None).is_none() {
            let last = may_be.furthest(i64::MAX, None).map(|span| span.booking);
            let proof = last.map(|booking| facts.bookings[booking].proof()).unwrap_or_default();
            findings.add_seat(rule, seat, what.to_owned(), proof.into_iter().chain([read.line]));
        }
        if *seen == SeenSeat::Held
            && let Some(sold) = owners.surely_sold.around(from, to, None)
        {
            let booking = &facts.bookings[sold.booking];
            let what = format!("was sold to {}, and reads held", booking.title());
            let proof = booking.proof();
            findings.add_seat(Rule::SaleLasts, seat, what, proof.into_iter().chain([read.line]));
        }
    }
}

/// A seat that certainly had an owner all the time does not read available. Spans and
/// reads are followed together, so that each read looks at those that own just then.
fn available(findings: &mut Findings<'_, '_>, reads: &[&MapRead<'_>], owned: &[Owned]) {
    let facts = findings.facts;
    let mut owned = owned.iter().peekable();
    let mut now: BTreeSet<(i64, usize, usize)> = BTreeSet::new();
    for read in reads {
        let from = read.from.saturating_sub(facts.bounds.stale);
        while let Some((_, to, seat, booking)) = owned.next_if(|span| span.0 < from) {
            now.insert((*to, *seat, *booking));
        }
        now = now.split_off(&(from, 0, 0));
        for (_, seat, booking) in now.range((read.to.saturating_add(1), 0, 0)..) {
            let (_, label) = facts.seats.name(*seat);
            if read.map.taken.contains_key(label) {
                continue;
            }
            let booking = &facts.bookings[*booking];
            let is_sold = booking.sold.is_some_and(|sold| sold.at < from);
            let rule = if is_sold { Rule::SaleLasts } else { Rule::HoldLasts };
            let what = format!("belonged to {}, and reads available", booking.title());
            let proof = booking.proof();
            findings.add_seat(rule, *seat, what, proof.into_iter().chain([read.line]));
        }
    }
}

/// Whoever reads after an answer sees at least as much, but for the age a map may have.
fn versions(findings: &mut Findings<'_, '_>, reads: &[&MapRead<'_>]) {
    let stale = findings.facts.bounds.stale;
    let mut answered: Vec<&MapRead<'_>> = reads.to_vec();
    answered.sort_unstable_by_key(|read| (read.to, read.line));
    let mut answered = answered.into_iter().peekable();
    let mut newest: Option<&MapRead<'_>> = None;
    for read in reads {
        let from = read.from.saturating_sub(stale);
        while let Some(before) = answered.next_if(|before| before.to < from) {
            if newest.is_none_or(|newest| newest.map.version < before.map.version) {
                newest = Some(before);
            }
        }
        if let Some(newest) = newest.filter(|newest| newest.map.version > read.map.version) {
            let (old, new) = (newest.map.version, read.map.version);
            let what = format!("version {new} after version {old}");
            findings.add(Rule::Map, what, [newest.line, read.line]);
        }
    }
}
