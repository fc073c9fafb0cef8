//! A seat has one owner at a time.

use std::collections::BTreeSet;

use super::findings::{Findings, Rule};

/// Finds seats that certainly belonged to two bookings at one time, and bookings that
/// were granted while somebody else certainly owned a seat of theirs all along.
pub(super) fn check(findings: &mut Findings<'_, '_>) {
    let facts = findings.facts;
    let mut pairs = BTreeSet::new();
    for (seat, owners) in facts.owners.iter().enumerate() {
        for span in owners.surely.spans() {
            let other = owners.surely.furthest(span.from.saturating_add(1), Some(span.who));
            let Some(other) = other.filter(|other| other.to > span.from) else { continue };
            pairs.insert((seat, pair(span.booking, other.booking)));
        }
    }
    for (number, booking) in facts.bookings.iter().enumerate() {
        let (Some(asked), Some(told)) = (booking.asked, booking.told) else { continue };
        for seat in &booking.seats {
            let owner = facts.owners[*seat].surely.around(asked.at, told.at, Some(number));
            if let Some(owner) = owner {
                pairs.insert((*seat, pair(number, owner.booking)));
            }
        }
    }
    for (seat, (one, other)) in pairs {
        let (one, other) = (&facts.bookings[one], &facts.bookings[other]);
        let what = format!("belonged to {} and {} at one time", one.title(), other.title());
        findings.add_seat(Rule::OneOwner, seat, what, one.proof().into_iter().chain(other.proof()));
    }
}

fn pair(one: usize, other: usize) -> (usize, usize) {
    (one.min(other), one.max(other))
}
