use std::collections::BTreeSet;

use seathold_core::SeatState;

use super::notation::{owner, state};
use super::runner::{Case, END, START, cases};
use super::{cancel, expire, extend, hold, refund, sell};

const TABLES: [&str; 8] = [
    hold::HOLD,
    sell::SELL,
    sell::TAKE_BACK,
    extend::EXTEND,
    cancel::CANCEL,
    refund::REFUND,
    cancel::CANCEL_SHOWTIME,
    expire::EXPIRE,
];

#[test]
fn every_command_is_spelled_out_for_every_state() {
    let spelled_out: BTreeSet<_> =
        TABLES.into_iter().flat_map(cases).map(|case| situation(&case)).collect();
    let missing: Vec<_> = all_situations().difference(&spelled_out).cloned().collect();
    assert!(missing.is_empty(), "no line says what happens here:\n{}", missing.join("\n"));
}

fn all_situations() -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for showtime in ["open", "started", "completed", "cancelled"] {
        for state in ["available", "live hold", "hold that is over", "booked"] {
            for command in ["expire", "cancel showtime"] {
                all.insert(format!("{state} | {command} | {showtime}"));
            }
            let owners: &[_] = if state == "available" { &[""] } else { &["own ", "another's "] };
            for whose in owners {
                for command in ["hold", "sell", "sell take-back", "extend", "cancel", "refund"] {
                    all.insert(format!("{whose}{state} | {command} | {showtime}"));
                }
            }
        }
    }
    all
}

/// What a case of one seat is an example of.
fn situation(case: &Case<'_>) -> String {
    let (state, holder) = match state(case.seats[0]) {
        SeatState::Available => ("available", None),
        SeatState::Held { user, until, .. } if until.as_millis() > case.now => {
            ("live hold", Some(user))
        }
        SeatState::Held { user, .. } => ("hold that is over", Some(user)),
        SeatState::Booked { user, .. } => ("booked", Some(user)),
    };
    let whose = match holder {
        _ if case.by == "-" => "",
        None => "",
        Some(user) if user == owner(case.by) => "own ",
        Some(_) => "another's ",
    };
    let showtime = match case.now {
        _ if case.cancelled => "cancelled",
        ..START => "open",
        START..END => "started",
        END.. => "completed",
    };
    format!("{whose}{state} | {} | {showtime}", case.command)
}
