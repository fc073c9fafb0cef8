//! What is true of every decision.

use std::collections::BTreeSet;

use proptest::prelude::*;
use seathold_core::{Change, Command, SeatMap, SeatState, decide};

use super::history::{Moment, histories, users};
use super::observed::Observed;

proptest! {
    #[test]
    fn deciding_changes_nothing_and_comes_out_the_same(history in histories()) {
        let ids: Vec<_> = history.bookings.iter().map(|booking| booking.id).collect();
        history.play(|Moment { before, command, now, decided, .. }| {
            let seen = Observed::of(before, &users(), &ids, *now);
            prop_assert_eq!(&decide(before, *command, *now), *decided);
            prop_assert_eq!(Observed::of(before, &users(), &ids, *now), seen);

            let made = SeatMap::new(*before.schedule(), 0, before.seats().to_vec());
            let made = made.expect("the seats are those of a map");
            // Whatever the map went through.
            prop_assert_eq!(&decide(&made, *command, *now), *decided);
            Ok(())
        })?;
    }

    #[test]
    fn a_change_taken_back_leaves_no_trace(history in histories()) {
        let ids: Vec<_> = history.bookings.iter().map(|booking| booking.id).collect();
        history.play(|Moment { before, now, decided, .. }| {
            let Ok(change) = decided else { return Ok(()) };
            let mut map = (*before).clone();
            map.apply(change);
            map.revert(change);
            let seen = Observed::of(before, &users(), &ids, *now);
            prop_assert_eq!(Observed::of(&map, &users(), &ids, *now), seen);
            prop_assert_eq!(map.schedule(), before.schedule());
            prop_assert_eq!(map.version(), before.version());
            Ok(())
        })?;
    }

    #[test]
    fn a_granted_command_decided_again_is_an_empty_change(history in histories()) {
        history.play(|Moment { after, command, now, decided, .. }| {
            // A second one finds no seats under the booking.
            let frees = matches!(command, Command::Cancel { .. } | Command::Refund { .. });
            if decided.is_ok() && !frees {
                prop_assert_eq!(decide(after, *command, *now), Ok(Change::default()));
            }
            Ok(())
        })?;
    }

    #[test]
    fn a_change_names_each_seat_once_with_what_it_was_and_becomes(history in histories()) {
        history.play(|Moment { before, after, decided, .. }| {
            let Ok(change) = decided else { return Ok(()) };
            let named: BTreeSet<_> = change.seats.iter().map(|seat| seat.label).collect();
            prop_assert_eq!(named.len(), change.seats.len());
            for seat in &change.seats {
                prop_assert_ne!(&seat.from, &seat.to);
                prop_assert_eq!(before.seat(&seat.label).map(|s| s.state), Some(&seat.from));
                prop_assert_eq!(after.seat(&seat.label).map(|s| s.state), Some(&seat.to));
            }
            Ok(())
        })?;
    }

    #[test]
    fn a_change_names_the_bookings_that_lose_seats(history in histories()) {
        history.play(|Moment { before, after, decided, .. }| {
            let Ok(change) = decided else { return Ok(()) };
            let lost = history.bookings.iter().map(|booking| booking.id).filter(|id| {
                let mut seats = before.seats_of(*id);
                seats.any(|seat| after.seats_of(*id).all(|left| left.label != seat.label))
            });
            prop_assert_eq!(change.displaced(), lost.collect::<Vec<_>>());
            Ok(())
        })?;
    }

    #[test]
    fn a_change_waits_for_the_last_hold_it_treats_as_over_and_no_longer(history in histories()) {
        history.play(|Moment { command, now, decided, .. }| {
            let Ok(change) = decided else { return Ok(()) };
            let ended = change.seats.iter().filter_map(|seat| match seat.from {
                SeatState::Held { booking, until, .. } if seat.to.booking() != Some(booking) => {
                    Some(until)
                }
                _ => None,
            });
            // Cancelling ends a hold whether it is over or not.
            let expected = match command {
                Command::Cancel { .. } | Command::CancelShowtime => None,
                _ => ended.max(),
            };
            prop_assert_eq!(change.not_before, expected);
            prop_assert!(change.not_before.is_none_or(|end| end <= *now));
            Ok(())
        })?;
    }

    #[test]
    fn an_extension_must_be_made_while_its_hold_lasts(history in histories()) {
        history.play(|Moment { command, now, decided, .. }| {
            let Ok(change) = decided else { return Ok(()) };
            let ends = change.seats.iter().filter_map(|seat| seat.from.until());
            let expected = match command {
                Command::Extend { .. } => ends.min(),
                _ => None,
            };
            prop_assert_eq!(change.before, expected);
            prop_assert!(change.before.is_none_or(|end| end > *now));
            Ok(())
        })?;
    }
}
