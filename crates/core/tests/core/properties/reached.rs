use std::collections::BTreeSet;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use seathold_core::{Command, Refusal};

use super::history::{Moment, histories};

/// The properties say little if the histories leave something out.
#[test]
fn the_histories_reach_every_outcome_of_every_command() {
    let mut reached = BTreeSet::new();
    let mut runner = TestRunner::deterministic();
    for _ in 0..256 {
        let history = histories().new_tree(&mut runner).expect("no history is rejected").current();
        let played = history.play(|moment| {
            reached.insert(outcome(moment));
            Ok(())
        });
        played.expect("nothing is checked");
    }
    let expected = BTreeSet::from(
        [
            "hold: change",
            "hold: no change",
            "hold: overtakes",
            "hold: invalid",
            "hold: not available",
            "hold: started",
            "hold: booked",
            "hold: held by another",
            "hold: held by you",
            "hold: limit",
            "sell: change",
            "sell: no change",
            "take back: invalid",
            "sell: not available",
            "sell: gone",
            "take back: change",
            "take back: overtakes",
            "extend: change",
            "extend: no change",
            "extend: not pending",
            "extend: hold expired",
            "extend: gone",
            "refund: change",
            "refund: not confirmed",
            "refund: gone",
            "cancel: change",
            "cancel: not pending",
            "cancel: hold expired",
            "cancel: gone",
            "expire: overtakes",
            "expire: no change",
            "cancel showtime: change",
            "cancel showtime: no change",
        ]
        .map(String::from),
    );
    assert_eq!(expected.difference(&reached).collect::<Vec<_>>(), [] as [&String; 0]);
}

fn outcome(Moment { command, decided, .. }: &Moment<'_>) -> String {
    let command = match command {
        Command::Hold { .. } => "hold",
        Command::Sell { take_back: false, .. } => "sell",
        Command::Sell { take_back: true, .. } => "take back",
        Command::Extend { .. } => "extend",
        Command::Cancel { .. } => "cancel",
        Command::Refund { .. } => "refund",
        Command::Expire { .. } => "expire",
        Command::CancelShowtime => "cancel showtime",
    };
    let outcome = match decided {
        Ok(change) if change.is_empty() => "no change",
        Ok(change) if change.not_before.is_some() => "overtakes",
        Ok(_) => "change",
        Err(Refusal::InvalidSeats(_)) => "invalid",
        Err(Refusal::ShowtimeNotAvailable) => "not available",
        Err(Refusal::ShowtimeStarted) => "started",
        Err(Refusal::SeatsBooked(_)) => "booked",
        Err(Refusal::SeatsHeldByAnother(_)) => "held by another",
        Err(Refusal::SeatsHeldByYou(..)) => "held by you",
        Err(Refusal::SeatLimitReached { .. }) => "limit",
        Err(Refusal::BookingNotPending) => "not pending",
        Err(Refusal::BookingNotConfirmed) => "not confirmed",
        Err(Refusal::HoldExpired) => "hold expired",
        Err(Refusal::SeatsGone) => "gone",
        Err(_) => "another refusal",
    };
    format!("{command}: {outcome}")
}
