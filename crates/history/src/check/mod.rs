//! The judge. Each rule is a file; none knows of the others. Whatever cannot be told for
//! certain counts as right: a service that keeps its promises is never accused, as long
//! as its clock is within the tolerance of the history's.

mod booking;
mod bounds;
mod cover;
mod ends;
mod facts;
mod findings;
mod ghosts;
mod keys;
mod loads;
mod maps;
mod money;
mod names;
mod ops;
mod owners;
mod payments;
mod readings;
mod refusals;
mod tally;

pub use bounds::{STALE_MS, TOLERANCE_MS};
pub use findings::{Rule, Violation};
pub use ops::Misrecorded;
pub use tally::{Counts, Tally};

use crate::{Event, Line, OpId, Promises};
use facts::Facts;
use findings::Findings;

/// What became of a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Its operations, counted.
    pub counts: Counts,
    /// How many ended in each second, from the first event on.
    pub seconds: Vec<Tally>,
    /// Bookings that were granted, each once.
    pub granted: usize,
    /// Bookings that were certainly sold, given back since or not.
    pub sold: usize,
    /// Whatever no service can have done that keeps its promises, in order of lines.
    pub violations: Vec<Violation>,
}

/// Judges a history. What `insisted` says goes before what the history says of its
/// promises. Takes time and memory near to proportional to its length.
///
/// # Errors
/// The lines contradict each other in a way that only who wrote them can be blamed for.
pub fn check(lines: &[Line], insisted: &Promises) -> Result<Report, Misrecorded> {
    let facts = Facts::of(lines, insisted)?;
    let mut findings = Findings::new(&facts);
    owners::check(&mut findings);
    readings::check(&mut findings);
    maps::check(&mut findings);
    keys::check(&mut findings);
    refusals::check(&mut findings);
    money::check(&mut findings);
    ends::check(&mut findings);
    let mut violations = findings.found;
    violations.sort_unstable();
    violations.dedup();
    Ok(Report {
        counts: tally::counts(&facts.ops),
        seconds: tally::seconds(lines),
        granted: facts.bookings.iter().filter(|booking| booking.told.is_some()).count(),
        sold: facts.bookings.iter().filter(|booking| booking.sold.is_some()).count(),
        violations,
    })
}

/// The operation that this line is about, if it is about one.
#[must_use]
pub fn operation(lines: &[Line], number: usize) -> Option<OpId> {
    let found = lines.binary_search_by_key(&number, |line| line.number).ok()?;
    match lines[found].event {
        Event::Invoke { op, .. }
        | Event::Ok { op, .. }
        | Event::Refused { op, .. }
        | Event::Unknown { op, .. } => Some(op),
        Event::Start(_) | Event::Charge(_) | Event::Refund(_) | Event::Final { .. } => None,
    }
}
