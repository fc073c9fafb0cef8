//! What is true of the map after every step.

use proptest::prelude::*;
use seathold_core::{Command, SeatMap, SeatState, decide};

use super::history::{Moment, SEATS_PER_USER, histories, users};
use super::model::Model;
use super::observed::Observed;

proptest! {
    #[test]
    fn the_map_is_what_the_model_says(history in histories()) {
        let ids: Vec<_> = history.bookings.iter().map(|booking| booking.id).collect();
        let mut model = Model::of(&history.map());
        history.play(|Moment { after, command, now, decided, .. }| {
            let allowed = model.carry_out(*command, *now);
            prop_assert_eq!(decided.is_ok(), allowed, "{:?} at {:?}", command, now);
            for moment in [*now, now.plus_millis(10)] {
                let seen = Observed::of(after, &users(), &ids, moment);
                prop_assert_eq!(seen, model.observed(&users(), &ids, moment));
            }
            Ok(())
        })?;
    }

    #[test]
    fn the_map_is_as_one_made_of_its_seats(history in histories()) {
        let ids: Vec<_> = history.bookings.iter().map(|booking| booking.id).collect();
        history.play(|Moment { after, now, .. }| {
            let made = SeatMap::new(*after.schedule(), after.version(), after.seats().to_vec());
            let made = made.expect("the seats are those of a map");
            let seen = Observed::of(after, &users(), &ids, *now);
            prop_assert_eq!(Observed::of(&made, &users(), &ids, *now), seen);
            Ok(())
        })?;
    }

    #[test]
    fn a_seat_once_sold_stays_sold_to_its_buyer_unless_refunded(history in histories()) {
        history.play(|Moment { before, after, command, .. }| {
            let refunded = match command {
                Command::Refund { booking } => Some(*booking),
                _ => None,
            };
            for (before, after) in before.seats().zip(after.seats()) {
                let given_back = refunded.is_some() && before.state.booking() == refunded;
                if matches!(before.state, SeatState::Booked { .. }) && !given_back {
                    prop_assert_eq!(before, after);
                }
            }
            Ok(())
        })?;
    }

    #[test]
    fn nobody_exceeds_the_limit_by_holding(history in histories()) {
        history.play(|Moment { after, command, now, decided, .. }| {
            if let (Command::Hold { user, .. }, Ok(change)) = (command, decided)
                && !change.is_empty()
            {
                prop_assert!(after.live_seats_of(user, *now) <= SEATS_PER_USER);
            }
            Ok(())
        })?;
    }

    #[test]
    fn a_sweep_makes_no_difference_to_who_gets_a_seat(history in histories()) {
        history.play(|Moment { before, after, command, now, decided }| {
            let seats = match command {
                Command::Hold { seats, .. } | Command::Sell { seats, take_back: true, .. } => seats,
                _ => return Ok(()),
            };
            let sweep = decide(before, Command::Expire { before: *now }, *now);
            let mut swept = (*before).clone();
            swept.apply(&sweep.expect("a sweep is never refused"));
            match (decide(&swept, *command, *now), decided) {
                (Err(refusal), Err(unswept)) => prop_assert_eq!(&refusal, unswept),
                (Ok(change), Ok(_)) => {
                    swept.apply(&change);
                    for label in *seats {
                        prop_assert_eq!(swept.seat(label), after.seat(label));
                    }
                }
                (swept, unswept) => prop_assert!(false, "{:?} but {:?}", swept, unswept),
            }
            Ok(())
        })?;
    }
}
