//! Holds that nobody was told of: asked for, and never answered.

use std::collections::{BTreeMap, BTreeSet};

use super::booking::Booking;
use super::facts::{Facts, listed};
use super::ops::{Mark, Outcome};
use crate::{Call, Line};

/// Who asked for which seats of which showtime.
type Wish = (usize, usize, Vec<usize>);

/// Finds out what became of holds that were never answered. A booking at the end that no
/// answer told of is one of theirs, if anybody's. Where all bookings at the end are
/// known, the other holds have never happened; elsewhere each may have, at any time.
pub(super) fn settle<'h>(facts: &mut Facts<'h>, lines: &'h [Line]) {
    let mut wishes = unanswered(facts);
    for number in 0..facts.bookings.len() {
        let booking = &facts.bookings[number];
        let (Some(_), None) = (booking.last, booking.told) else { continue };
        let (Some(user), Some(showtime)) = (booking.user, booking.showtime) else { continue };
        // Which of several wishes it was, nobody knows: it may have been the first.
        let left = wishes.get_mut(&(user, showtime, booking.seats.clone()));
        match left.and_then(|left| left.take()) {
            Some(asked) => facts.bookings[number].asked = Some(asked),
            None => facts.unasked.push(number),
        }
    }
    let listed = listed(lines);
    let strangers = strangers(facts);
    for ((user, showtime, seats), wish) in wishes {
        let names = (facts.users.name(user), facts.showtimes.name(showtime));
        if wish.left == 0 || listed.contains(&names) {
            continue;
        }
        facts.bookings.push(Booking {
            user: Some(user),
            showtime: Some(showtime),
            seats,
            asked: Some(wish.first),
            // Found and paid by other means than the answer, perhaps.
            confirm: strangers.contains(&user).then_some(wish.first),
            extended: strangers.contains(&user),
            ..Booking::default()
        });
    }
}

/// The same wish, by several keys that were never answered.
struct Unanswered {
    first: Mark,
    left: usize,
}

impl Unanswered {
    fn take(&mut self) -> Option<Mark> {
        self.left = self.left.checked_sub(1)?;
        Some(self.first)
    }
}

fn unanswered(facts: &mut Facts<'_>) -> BTreeMap<Wish, Unanswered> {
    let mut wishes: BTreeMap<Wish, Unanswered> = BTreeMap::new();
    let (ops, keys) = (std::mem::take(&mut facts.ops), std::mem::take(&mut facts.keys));
    for group in &keys {
        let holds =
            || group.iter().map(|op| &ops[*op]).filter(|op| matches!(op.call, Call::Hold { .. }));
        if holds().any(|op| matches!(op.outcome, Outcome::Ok { .. })) {
            continue;
        }
        // Several, if the key was used for several: any of them may have been the one.
        let mut of_key: BTreeMap<Wish, Mark> = BTreeMap::new();
        for op in holds().filter(|op| op.may_have_happened()) {
            let Call::Hold { user, showtime, seats, .. } = op.call else { continue };
            let seats = facts.seats_of(showtime, seats);
            let wish = (facts.users.number(user), facts.showtime(showtime), seats);
            let first = of_key.entry(wish).or_insert(op.begun());
            *first = op.begun().min(*first);
        }
        for (wish, first) in of_key {
            let known = wishes.entry(wish).or_insert(Unanswered { first, left: 0 });
            known.first = known.first.min(first);
            known.left += 1;
        }
    }
    (facts.ops, facts.keys) = (ops, keys);
    wishes
}

/// Users with bookings that no answer to a hold and no final line told of.
fn strangers(facts: &Facts<'_>) -> BTreeSet<usize> {
    let unknown = facts.bookings.iter().filter(|it| it.told.is_none() && it.last.is_none());
    unknown.filter_map(|it| it.user).collect()
}
