//! Whether what happened was right: by the store's invariants, by the gateway's
//! books, and by what clients were promised.

use std::collections::{BTreeMap, BTreeSet};

use seathold_history::{Call, Event, Line, Promises};
use seathold_service::model::{Booking, BookingStatus, PaymentStatus};

use crate::settle::Settled;
use crate::world::World;

/// All that was wrong in the end.
pub(crate) fn judge(world: &World, settled: Result<Settled, String>) -> Vec<String> {
    let mut wrong = Vec::new();
    match settled {
        Ok(settled) => wrong.extend(unsettled(&settled)),
        Err(why) => wrong.push(format!("recovery: {why}")),
    }
    wrong.extend(cut_short(world));
    wrong.extend(money(world));
    wrong.extend(broken_words(world));
    wrong.extend(world.outside.around.breaches());
    wrong
}

/// What `verify` finds, and what was left undone.
fn unsettled(settled: &Settled) -> Vec<String> {
    let (report, last) = (&settled.report, &settled.last);
    let mut wrong = Vec::new();
    for check in &report.checks {
        let number = check.invariant.number();
        wrong.extend(check.violations.iter().map(|it| format!("invariant {number}: {it}")));
        if check.in_flight > 0 {
            wrong.push(format!("recovery: {} of {number} are in flight", check.in_flight));
        }
    }
    wrong.extend(report.unmatched.iter().map(|it| format!("recovery: unmatched, {it}")));
    if last.events_open + last.refunds_open + report.unswept > 0 {
        wrong.push(format!("recovery: left undone, {last:?}, {} unswept", report.unswept));
    }
    let pending = report.bookings.get(&BookingStatus::Pending).copied().unwrap_or_default();
    if pending > 0 {
        wrong.push(format!("recovery: {pending} bookings are pending for ever"));
    }
    wrong
}

/// Holds last until their end by the store's clock, by which they are promised.
fn cut_short(world: &World) -> Vec<String> {
    let found = world.outside.cluster.read(|state| state.cut_short.clone());
    found.unwrap_or_default().into_iter().map(|it| format!("clock: {it}")).collect()
}

/// Every charge is sold or given back, once, to the unit.
fn money(world: &World) -> Vec<String> {
    let mut refunds: BTreeMap<Option<String>, Vec<i64>> = BTreeMap::new();
    for refund in world.outside.books.refunds() {
        let request = refund.request;
        refunds.entry(request.transaction_id).or_default().push(request.amount);
    }
    let mut wrong = Vec::new();
    for charge in world.outside.books.charges() {
        let event = &charge.event;
        let back = refunds.remove(&Some(event.transaction_id.clone())).unwrap_or_default();
        let status = world.status_of(&charge);
        let right = match status {
            Some(PaymentStatus::Completed) => back.is_empty(),
            Some(PaymentStatus::Refunded) => back == [event.amount],
            _ => false,
        };
        if !right {
            wrong.push(format!("money: {event:?} is {status:?}, given back {back:?}"));
        }
    }
    let without = refunds.into_iter().filter(|(_, back)| !back.is_empty());
    wrong.extend(without.map(|(of, back)| format!("money: {back:?} of {of:?} was never paid")));
    wrong
}

/// A key of which every request was told that it changed nothing has no booking.
fn broken_words(world: &World) -> Vec<String> {
    let undone: BTreeSet<_> = world.undone_keys().into_iter().collect();
    let broken = world.rows().into_iter().filter(|row| undone.contains(&row.claim_key()));
    let told = |row: Booking| {
        let (id, key) = (row.id, row.idempotency_key);
        format!("promise: booking {id} by key {key}, of which nothing was said to be changed")
    };
    broken.map(told).collect()
}

/// What clients saw that a service which keeps its promises cannot have done.
pub(crate) fn judge_history(history: &[Event]) -> Vec<String> {
    let numbered = (1..).zip(history);
    let lines: Vec<Line> =
        numbered.map(|(number, event)| Line { number, event: event.clone() }).collect();
    // What is promised stands in its first line.
    match seathold_history::check(&lines, &Promises::default()) {
        Ok(report) => report.violations.iter().map(|it| format!("history: {it}")).collect(),
        Err(misrecorded) => vec![format!("history: {misrecorded}")],
    }
}

/// How much happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Requests and payments.
    pub operations: u64,
    /// Holds that were granted, to whoever heard of it.
    pub holds: u64,
    /// Requests without an answer that says what became of them.
    pub unknown: u64,
    /// Requests that were refused.
    pub refused: u64,
    /// Times the gateway took money.
    pub charges: u64,
    /// Times it gave money back.
    pub refunds: u64,
}

impl Tally {
    /// What a history tells of.
    pub(crate) fn of(history: &[Event]) -> Self {
        let mut tally = Self::default();
        let mut holds = BTreeSet::new();
        for event in history {
            match event {
                Event::Invoke { op, call, .. } => {
                    tally.operations += 1;
                    if matches!(call, Call::Hold { .. }) {
                        holds.insert(*op);
                    }
                }
                Event::Ok { op, .. } => tally.holds += u64::from(holds.contains(op)),
                Event::Refused { .. } => tally.refused += 1,
                Event::Unknown { .. } => tally.unknown += 1,
                Event::Charge(_) => tally.charges += 1,
                Event::Refund(_) => tally.refunds += 1,
                Event::Start(_) | Event::Final { .. } => {}
            }
        }
        tally
    }

    /// Both together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            operations: self.operations + other.operations,
            holds: self.holds + other.holds,
            unknown: self.unknown + other.unknown,
            refused: self.refused + other.refused,
            charges: self.charges + other.charges,
            refunds: self.refunds + other.refunds,
        }
    }
}
