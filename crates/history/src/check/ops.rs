//! Lines put together: what was asked, and what came of it.

use super::names::Map;
use crate::{Call, Event, Line, OpId, Seen};

/// An operation, from its first line to its last.
#[derive(Debug)]
pub(super) struct Op<'h> {
    /// What was asked for.
    pub(super) call: &'h Call,
    /// When it was invoked.
    pub(super) from: i64,
    /// The line that says so.
    pub(super) line: usize,
    /// What came of it.
    pub(super) outcome: Outcome<'h>,
}

/// What came of an operation.
#[derive(Debug)]
pub(super) enum Outcome<'h> {
    /// Done.
    Ok {
        /// When the answer was there.
        at: i64,
        /// The line that says so.
        line: usize,
        /// What it said.
        seen: &'h Seen,
    },
    /// Nothing was changed by it.
    Refused {
        /// When the answer was there.
        at: i64,
        /// The line that says so.
        line: usize,
        /// Its code.
        code: &'h str,
        /// The seats it named.
        seats: &'h [String],
    },
    /// Done, not done, or still to be done.
    Unknown,
}

impl Op<'_> {
    /// Whether it may have changed something.
    pub(super) fn may_have_happened(&self) -> bool {
        !matches!(self.outcome, Outcome::Refused { .. })
    }

    /// When it was answered `ok`, and where that stands.
    pub(super) fn done(&self) -> Option<Mark> {
        match self.outcome {
            Outcome::Ok { at, line, .. } => Some(Mark { at, line }),
            Outcome::Refused { .. } | Outcome::Unknown => None,
        }
    }

    /// When it was invoked, and where that stands.
    pub(super) fn begun(&self) -> Mark {
        Mark { at: self.from, line: self.line }
    }
}

/// A time, and the line that tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mark {
    /// The time.
    pub(super) at: i64,
    /// The line.
    pub(super) line: usize,
}

impl Mark {
    /// Keeps the earlier one.
    pub(super) fn note_first(this: &mut Option<Self>, other: Self) {
        if this.is_none_or(|known| other < known) {
            *this = Some(other);
        }
    }
}

/// Why lines do not make a history: whoever wrote them is at fault, not the service.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misrecorded {
    /// `start` names a version of the format that this program does not know.
    #[error("line {0}: format {1} is not known here")]
    Format(usize, u32),
    /// `start` is not the first event.
    #[error("line {0}: start is not the first event")]
    LateStart(usize),
    /// Two operations have one number.
    #[error("line {0}: operation {1} was invoked before, on line {2}")]
    InvokedTwice(usize, OpId, usize),
    /// An answer without a question.
    #[error("line {0}: operation {1} is nowhere invoked")]
    NeverInvoked(usize, OpId),
    /// Two answers to one operation.
    #[error("line {0}: operation {1} has an answer already")]
    AnsweredTwice(usize, OpId),
    /// An answer before its question.
    #[error("line {0}: operation {1} is answered before it is invoked")]
    AnsweredBefore(usize, OpId),
}

/// All operations, in order of their first lines.
pub(super) fn gather(lines: &[Line]) -> Result<Vec<Op<'_>>, Misrecorded> {
    let (mut ops, mut by_id) = (Vec::new(), Map::<OpId, usize>::default());
    for Line { number, event } in lines {
        if let Event::Invoke { op, at, call } = event {
            if let Some(before) = by_id.insert(*op, ops.len()) {
                let Op { line, .. } = ops[before];
                return Err(Misrecorded::InvokedTwice(*number, *op, line));
            }
            let outcome = Outcome::Unknown;
            ops.push(Op { call, from: *at, line: *number, outcome });
        }
    }
    let mut answered = vec![false; ops.len()];
    for Line { number, event } in lines {
        let Some((id, at, outcome)) = outcome(*number, event) else { continue };
        let Some(found) = by_id.get(&id).copied() else {
            return Err(Misrecorded::NeverInvoked(*number, id));
        };
        if std::mem::replace(&mut answered[found], true) {
            return Err(Misrecorded::AnsweredTwice(*number, id));
        }
        if at < ops[found].from {
            return Err(Misrecorded::AnsweredBefore(*number, id));
        }
        ops[found].outcome = outcome;
    }
    Ok(ops)
}

/// What a line says of the outcome of which operation, and when.
fn outcome(line: usize, event: &Event) -> Option<(OpId, i64, Outcome<'_>)> {
    match event {
        Event::Ok { op, at, seen } => Some((*op, *at, Outcome::Ok { at: *at, line, seen })),
        Event::Refused { op, at, code, seats, .. } => {
            Some((*op, *at, Outcome::Refused { at: *at, line, code, seats }))
        }
        Event::Unknown { op, at, .. } => Some((*op, *at, Outcome::Unknown)),
        Event::Start(_)
        | Event::Invoke { .. }
        | Event::Charge(_)
        | Event::Refund(_)
        | Event::Final { .. } => None,
    }
}
