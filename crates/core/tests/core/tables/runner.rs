//! Plays a table, line by line, and prints the lines that turn out otherwise.

use seathold_core::{Command, Schedule, SeatLabel, SeatMap, UserId, decide};

use super::notation::{booking, moment, owner, show_refusal, show_state, state};
use crate::given::{at, label, seat};

pub(super) const START: i64 = 100;
pub(super) const END: i64 = 200;
const NEW_HOLDS_END: i64 = 900;
const SEATS_PER_USER: u32 = 10;
const CANCELLED: &str = "showtime cancelled";

/// One line of a table at one of its moments.
pub(super) struct Case<'t> {
    pub(super) seats: Vec<&'t str>,
    pub(super) cancelled: bool,
    pub(super) command: &'t str,
    pub(super) by: &'t str,
    pub(super) now: i64,
    outcome: &'t str,
    line: &'t str,
}

/// The cases of a table. Empty lines and those that begin with `#` say nothing.
pub(super) fn cases(table: &str) -> Vec<Case<'_>> {
    let lines = table.lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).flat_map(read_line).collect()
}

fn read_line(line: &str) -> Vec<Case<'_>> {
    let columns: Vec<_> = line.split('|').map(str::trim).collect();
    let [seats, command, by, moments, outcome] = columns[..] else {
        panic!("not five columns: {line}");
    };
    let mut seats: Vec<_> = seats.split(';').map(str::trim).collect();
    let cancelled = seats.last() == Some(&CANCELLED);
    if cancelled {
        seats.pop();
    }
    let case = |now| Case { seats: seats.clone(), cancelled, command, by, now, outcome, line };
    moments.split_whitespace().map(|text| case(moment(text))).collect()
}

/// Fails with every line whose outcome is another.
pub(super) fn check(table: &str) {
    let cases = cases(table);
    assert!(!cases.is_empty(), "a table without a case");
    let wrong: Vec<_> = cases
        .iter()
        .map(|case| (case, outcome(case)))
        .filter(|(case, outcome)| case.outcome != outcome)
        .map(|(case, outcome)| format!("{}\n    at {}: {outcome}", case.line, case.now))
        .collect();
    assert!(wrong.is_empty(), "these turn out otherwise:\n{}", wrong.join("\n"));
}

/// What happens in this case, in the words of the tables.
fn outcome(case: &Case<'_>) -> String {
    let (mut map, asked) = given(case);
    let user = owner(case.by);
    match decide(&map, command(case, &user, &asked), at(case.now)) {
        Err(refusal) => show_refusal(&refusal),
        Ok(change) if change.is_empty() => "no change".into(),
        Ok(change) => {
            map.apply(&change);
            let mut shown: Vec<_> = map.seats().map(|s| show_state(s.state)).collect();
            shown.extend(map.schedule().cancelled_at.map(|_| CANCELLED.into()));
            let wait = change.not_before.map(|end| format!("not before {}", end.as_millis()));
            shown.extend(wait);
            shown.extend(change.before.map(|end| format!("before {}", end.as_millis())));
            shown.join("; ")
        }
    }
}

/// The map of this case, and the seats that are asked for.
fn given(case: &Case<'_>) -> (SeatMap, Vec<SeatLabel>) {
    let (mut seats, mut asked) = (Vec::new(), Vec::new());
    for (text, number) in case.seats.iter().zip(1..) {
        let label = label(&format!("A{number}"));
        let aside = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
        if aside.is_none() {
            asked.push(label);
        }
        if *text != "missing" {
            seats.push(seat(label, state(aside.unwrap_or(text))));
        }
    }
    let schedule = Schedule { start: at(START), end: at(END), cancelled_at: None };
    let mut map = SeatMap::new(schedule, 0, seats).expect("a case has a few seats");
    if case.cancelled {
        let change = decide(&map, Command::CancelShowtime, at(0)).expect("is never refused");
        map.apply(&change);
    }
    (map, asked)
}

fn command<'a>(case: &Case<'_>, user: &'a UserId, seats: &'a [SeatLabel]) -> Command<'a> {
    let booking = booking(case.by);
    let until = at(NEW_HOLDS_END);
    let hold = |max_per_user| Command::Hold { booking, user, seats, until, max_per_user };
    let sell = |take_back| Command::Sell { booking, user, seats, take_back };
    match case.command.split_whitespace().collect::<Vec<_>>()[..] {
        ["hold"] => hold(SEATS_PER_USER),
        ["hold", "within", limit] => hold(limit.parse().expect("a limit is a number")),
        ["sell"] => sell(false),
        ["sell", "take-back"] => sell(true),
        ["extend"] => Command::Extend { booking, until },
        ["extend", "to", end] => Command::Extend { booking, until: at(moment(end)) },
        ["refund"] => Command::Refund { booking },
        ["cancel"] => Command::Cancel { booking },
        ["expire"] => Command::Expire { before: at(case.now) },
        ["expire", "before", before] => Command::Expire { before: at(moment(before)) },
        ["cancel", "showtime"] => Command::CancelShowtime,
        _ => panic!("no command: {}", case.line),
    }
}
