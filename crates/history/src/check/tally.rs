//! What was asked and what came of it, counted.

use std::collections::BTreeMap;

use super::ops::{Op, Outcome};
use crate::{Call, Event, Line};

/// Refusals that say only that the service was busy.
const BUSY: [&str; 3] = ["BOOKING_LOCK_FAILED", "REQUEST_IN_PROGRESS", "RATE_LIMITED"];

/// Operations by call and outcome: `ok`, `unknown`, or the code of the refusal.
pub type Counts = BTreeMap<(&'static str, String), u64>;

/// What became of the operations that ended in one second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Done.
    pub ok: u64,
    /// Refused for a reason of the rules.
    pub refused: u64,
    /// Refused because the service was busy.
    pub busy: u64,
    /// Not answered.
    pub unknown: u64,
}

impl Tally {
    /// Those that were answered as they should be.
    #[must_use]
    pub const fn good(&self) -> u64 {
        self.ok + self.refused
    }
}

/// Counts by call and outcome.
pub(super) fn counts(ops: &[Op<'_>]) -> Counts {
    let mut counts = Counts::new();
    for op in ops {
        let outcome = match op.outcome {
            Outcome::Ok { .. } => "ok",
            Outcome::Refused { code, .. } => code,
            Outcome::Unknown => "unknown",
        };
        *counts.entry((name_of(op.call), outcome.to_owned())).or_default() += 1;
    }
    counts
}

/// By the second, counted from the first event.
pub(super) fn seconds(lines: &[Line]) -> Vec<Tally> {
    let times = || lines.iter().filter_map(|line| time_of(&line.event));
    let (Some(first), Some(last)) = (times().min(), times().max()) else { return Vec::new() };
    let index = |at: i64| usize::try_from(at.saturating_sub(first) / 1000).unwrap_or(usize::MAX);
    // A gap of more than a day is no run: it is not worth a table.
    const LONGEST: usize = 24 * 60 * 60;
    let mut seconds = vec![Tally::default(); index(last).min(LONGEST) + 1];
    for line in lines {
        let Some(second) = time_of(&line.event).and_then(|at| seconds.get_mut(index(at))) else {
            continue;
        };
        match &line.event {
            Event::Ok { .. } => second.ok += 1,
            Event::Refused { code, .. } if BUSY.contains(&code.as_str()) => second.busy += 1,
            Event::Refused { .. } => second.refused += 1,
            Event::Unknown { .. } => second.unknown += 1,
            _ => {}
        }
    }
    seconds
}

/// When operations begin and end.
fn time_of(event: &Event) -> Option<i64> {
    match event {
        Event::Invoke { at, .. }
        | Event::Ok { at, .. }
        | Event::Refused { at, .. }
        | Event::Unknown { at, .. } => Some(*at),
        Event::Start(_) | Event::Charge(_) | Event::Refund(_) | Event::Final { .. } => None,
    }
}

fn name_of(call: &Call) -> &'static str {
    match call {
        Call::Hold { .. } => "hold",
        Call::Confirm { .. } => "confirm",
        Call::Pay { .. } => "pay",
        Call::Cancel { .. } => "cancel",
        Call::Refund { .. } => "refund",
        Call::CancelShowtime { .. } => "cancel_showtime",
        Call::ReadMap { .. } => "read_map",
        Call::ReadBooking { .. } => "read_booking",
    }
}
