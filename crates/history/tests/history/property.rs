//! Whatever a right service does is right; one fact changed, and it is wrong.

use proptest::prelude::*;
use seathold_history::{
    Call, Event, Final, Line, OpId, Promises, Report, SeenBooking, Status, check,
};

use crate::dice::Dice;
use crate::model::{TOLERANCE, history};

fn judge(events: &[Event]) -> Report {
    check(&Line::all(events.iter().cloned()), &Promises::default()).expect("a history")
}

/// Changes the one of these events that the dice choose, if `change` can change any;
/// gives its place.
fn mutate(
    events: &mut [Event],
    dice: &mut Dice,
    change: impl Fn(&mut Event) -> bool,
) -> Option<usize> {
    let able: Vec<usize> =
        (0..events.len()).filter(|index| change(&mut events[*index].clone())).collect();
    let chosen = *able.get(dice.below(able.len().max(1) as u64) as usize)?;
    change(&mut events[chosen]);
    Some(chosen)
}

fn invoked(events: &[Event], wanted: OpId) -> (i64, &Call) {
    let found = events.iter().find_map(|event| match event {
        Event::Invoke { op, at, call } if *op == wanted => Some((*at, call)),
        _ => None,
    });
    found.expect("every answer has a question")
}

/// Bookings that certainly own a seat from then to then: who was told, of what, until
/// when at least, with nothing asked since that may have ended it.
fn sure_owner(events: &[Event], seat: &str, from: i64, to: i64) -> Option<String> {
    events.iter().find_map(|event| {
        let Event::Ok { op, at, seen } = event else { return None };
        let (booking, until) = (seen.booking.clone()?, seen.until?);
        let Call::Hold { seats, .. } = invoked(events, *op).1 else { return None };
        let ended = events.iter().any(|event| match event {
            Event::Invoke { at, call: Call::Cancel { booking: it, .. }, .. }
            | Event::Invoke { at, call: Call::Refund { booking: it, .. }, .. } => {
                *it == booking && *at <= to
            }
            _ => false,
        });
        let sure = *at < from && to < until - TOLERANCE && !ended;
        (sure && seats.iter().any(|own| own == seat)).then_some(booking)
    })
}

proptest! {
    // Of many seeds there is nothing to be changed.
    #![proptest_config(ProptestConfig {
        cases: 400,
        max_global_rejects: 100_000,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_service_that_keeps_its_promises_is_never_accused(seed: u64, operations in 1_u64..120) {
        let report = judge(&history(seed, operations));
        prop_assert!(report.violations.is_empty(), "{:#?}", report.violations);
    }

    #[test]
    fn a_seat_granted_although_another_owns_it_is_found(seed: u64) {
        let (mut events, mut dice) = (history(seed, 100), Dice(seed));
        let known = events.clone();
        let granted = mutate(&mut events, &mut dice, |event| {
            let Event::Refused { op, at, seats, .. } = event else { return false };
            let (from, call) = invoked(&known, *op);
            let Call::Hold { .. } = call else { return false };
            let owned = seats.iter().any(|seat| sure_owner(&known, seat, from, *at).is_some());
            let seen = Box::new(seathold_history::Seen {
                booking: Some("another".into()),
                until: Some(*at + 300),
                ..Default::default()
            });
            *event = Event::Ok { op: *op, at: *at, seen };
            owned
        });
        prop_assume!(granted.is_some());
        prop_assert!(!judge(&events).violations.is_empty());
    }

    #[test]
    fn a_held_seat_that_reads_available_is_found(seed: u64) {
        let (mut events, mut dice) = (history(seed, 100), Dice(seed));
        let known = events.clone();
        let read = mutate(&mut events, &mut dice, |event| {
            let Event::Ok { op, at, seen } = event else { return false };
            let Some(map) = &mut seen.map else { return false };
            let from = invoked(&known, *op).0;
            let owned = |seat: &&String| sure_owner(&known, seat, from, *at).is_some();
            let Some(seat) = map.taken.keys().find(owned).cloned() else { return false };
            map.taken.remove(&seat);
            map.available += 1;
            true
        });
        prop_assume!(read.is_some());
        prop_assert!(!judge(&events).violations.is_empty());
    }

    #[test]
    fn another_answer_to_the_same_key_is_found(seed: u64) {
        let (mut events, mut dice) = (history(seed, 100), Dice(seed));
        let known = events.clone();
        let again = mutate(&mut events, &mut dice, |event| {
            let Event::Ok { op, seen, .. } = event else { return false };
            let Call::Hold { key, .. } = invoked(&known, *op).1 else { return false };
            let others = known.iter().filter(|event| match event {
                Event::Ok { op: other, .. } if other != op => {
                    matches!(invoked(&known, *other).1, Call::Hold { key: its, .. } if its == key)
                }
                _ => false,
            });
            seen.body = Some("another".into());
            others.count() > 0
        });
        prop_assume!(again.is_some());
        prop_assert!(!judge(&events).violations.is_empty());
    }

    #[test]
    fn money_that_ends_otherwise_is_found(seed: u64) {
        let (mut events, mut dice) = (history(seed, 100), Dice(seed));
        let moved = mutate(&mut events, &mut dice, |event| {
            let Event::Final { what: Final::Payment { charged, refunded, .. }, .. } = event else {
                return false;
            };
            *refunded = *charged - *refunded;
            true
        });
        prop_assume!(moved.is_some());
        prop_assert!(!judge(&events).violations.is_empty());
    }

    #[test]
    fn a_sold_booking_that_ends_expired_is_found(seed: u64) {
        let (mut events, mut dice) = (history(seed, 100), Dice(seed));
        let sold = mutate(&mut events, &mut dice, |event| {
            let Event::Final { what: Final::Booking { read, .. }, .. } = event else {
                return false;
            };
            let SeenBooking { status, .. } = read;
            std::mem::replace(status, Status::Expired) == Status::Confirmed
        });
        prop_assume!(sold.is_some());
        prop_assert!(!judge(&events).violations.is_empty());
    }

    #[test]
    fn a_booking_that_was_made_twice_is_found(seed: u64) {
        let (mut events, mut dice) = (history(seed, 100), Dice(seed));
        let twin = mutate(&mut events, &mut dice, |event| {
            matches!(event, Event::Final { what: Final::Booking { .. }, .. })
        });
        prop_assume!(twin.is_some());
        // One more with the same wish than keys that could have made it.
        for n in 0..100 {
            let mut copy = events[twin.unwrap_or_default()].clone();
            if let Event::Final { what: Final::Booking { booking, read, .. }, .. } = &mut copy {
                *booking = format!("twin-{n}");
                read.status = Status::Expired;
            }
            events.push(copy);
        }
        prop_assert!(!judge(&events).violations.is_empty());
    }
}
