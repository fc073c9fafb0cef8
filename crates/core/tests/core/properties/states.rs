//! The map does not rely on the rules: whatever states seats are given, what is
//! counted and found agrees with a scan. So it does when seats of one booking
//! differ, in their states, ends or users.

use proptest::prelude::*;
use seathold_core::{BookingId, Change, SeatChange, SeatLabel, SeatMap, SeatState};

use super::history::{empty_map, labels, users};
use super::model::Model;
use super::observed::Observed;
use crate::given::at;

const BOOKINGS: u32 = 4;

fn ids() -> Vec<BookingId> {
    (0..BOOKINGS).map(|number| BookingId::from_parts(number, [0; 8])).collect()
}

fn state() -> impl Strategy<Value = SeatState> {
    let owner = || (prop::sample::select(ids()), prop::sample::select(users().to_vec()));
    prop_oneof![
        1 => Just(SeatState::Available),
        3 => (owner(), 0..4_i64).prop_map(|((booking, user), until)| {
            SeatState::Held { booking, user, until: at(until) }
        }),
        2 => owner().prop_map(|(booking, user)| SeatState::Booked { booking, user }),
    ]
}

fn assignments() -> impl Strategy<Value = Vec<Vec<(SeatLabel, SeatState)>>> {
    let assignment = (prop::sample::select(labels()), state());
    let together = prop::collection::vec(assignment, 1..6);
    prop::collection::vec(together, 1..30)
}

/// The change that gives seats these states, one after the other.
fn change(map: &SeatMap, assigned: &[(SeatLabel, SeatState)]) -> Change {
    let mut map = map.clone();
    let mut seats = Vec::new();
    for (label, to) in assigned {
        let from = map.seat(label).expect("it is on the map").state.clone();
        let seat = SeatChange { label: *label, from, to: to.clone() };
        map.apply(&Change { seats: vec![seat.clone()], ..Change::default() });
        seats.push(seat);
    }
    Change { seats, ..Change::default() }
}

fn check(map: &SeatMap) -> Result<(), TestCaseError> {
    let model = Model::of(map);
    for now in (-1..5).map(at) {
        let seen = Observed::of(map, &users(), &ids(), now);
        prop_assert_eq!(seen, model.observed(&users(), &ids(), now));
    }
    Ok(())
}

proptest! {
    #[test]
    fn what_is_counted_and_found_agrees_with_a_scan(assignments in assignments()) {
        let mut map = empty_map(100);
        let mut expected = map.seats().to_vec();
        let (mut maps, mut changes) = (Vec::new(), Vec::new());
        for assigned in &assignments {
            let change = change(&map, assigned);
            maps.push(map.clone());
            map.apply(&change);
            for (label, state) in assigned {
                let seat = expected.iter_mut().find(|seat| seat.label == *label);
                seat.expect("it is on the map").state = state.clone();
            }
            prop_assert_eq!(&map.seats().to_vec(), &expected);
            check(&map)?;
            changes.push(change);
        }
        while let (Some(before), Some(change)) = (maps.pop(), changes.pop()) {
            map.revert(&change);
            prop_assert_eq!(map.seats(), before.seats());
            check(&map)?;
        }
    }

    #[test]
    fn a_map_made_of_any_states_is_as_one_that_came_to_them(
        states in prop::collection::vec(state(), labels().len()),
    ) {
        let mut came = empty_map(100);
        let assigned: Vec<_> = labels().into_iter().zip(states).rev().collect();
        came.apply(&change(&came, &assigned));
        let made = SeatMap::new(*came.schedule(), 0, came.seats().to_vec());
        let made = made.expect("the seats are those of a map");
        check(&made)?;
        check(&came)?;
        prop_assert_eq!(made.seats(), came.seats());
    }
}
