//! One key, one execution, one answer.

use super::facts::Facts;
use super::findings::{Findings, Rule};
use super::names::Map;
use super::ops::{Op, Outcome};
use crate::{Call, Seen};

/// Refusals that a request may get though its key has been answered `ok` before.
const PASSING: [&str; 6] = [
    "BOOKING_LOCK_FAILED",
    "REQUEST_IN_PROGRESS",
    "RATE_LIMITED",
    "UNAUTHENTICATED",
    "FORBIDDEN",
    "SERVICE_UNAVAILABLE",
];

/// Finds keys with more than one execution, or more than one answer.
pub(super) fn check(findings: &mut Findings<'_, '_>) {
    let facts = findings.facts;
    let mut made_by: Map<&str, (usize, usize)> = Map::default();
    for (group, ops) in facts.keys.iter().enumerate() {
        let ops = || ops.iter().map(|op| &facts.ops[*op]);
        let mut first: Option<(&Op<'_>, usize, &Seen)> = None;
        for op in ops() {
            let Outcome::Ok { line, seen, .. } = op.outcome else { continue };
            if let Call::Hold { .. } = op.call
                && let Some(name) = seen.booking.as_deref()
            {
                let (maker, told) = *made_by.entry(name).or_insert((group, line));
                if maker != group {
                    let what = format!("two keys were answered with {name}");
                    findings.add(Rule::Key, what, [told, line]);
                }
            }
            match first {
                None => first = Some((op, line, seen)),
                Some((before, told, known)) => {
                    if let Some(what) = differ(before, known, op, seen) {
                        findings.add(Rule::Key, what, [told, line]);
                    }
                }
            }
        }
        replays(findings, ops());
    }
}

/// What is wrong about two answers to one key.
fn differ(before: &Op<'_>, known: &Seen, op: &Op<'_>, seen: &Seen) -> Option<String> {
    if before.call != op.call {
        return Some("one key was granted two requests".to_owned());
    }
    let (one, other) = (&known.booking, &seen.booking);
    if one != other && matches!(op.call, Call::Hold { .. }) {
        return Some(format!("one key made two bookings: {} and {}", text(one), text(other)));
    }
    let (one, other) = (&known.payment, &seen.payment);
    if one != other {
        return Some(format!("one key made two payments: {} and {}", text(one), text(other)));
    }
    let differs = known.body.is_some() && seen.body.is_some() && known.body != seen.body;
    differs.then(|| "one key had two answers".to_owned())
}

fn text(name: &Option<String>) -> &str {
    name.as_deref().unwrap_or("none")
}

/// Once a key was answered `ok`, a repeat is not refused.
fn replays<'f>(findings: &mut Findings<'_, '_>, ops: impl Iterator<Item = &'f Op<'f>> + Clone) {
    let granted = ops.clone().filter_map(|op| op.done().map(|done| (done, op)));
    let Some((done, granted)) = granted.min_by_key(|(done, _)| *done) else { return };
    for op in ops {
        let Outcome::Refused { line, code, .. } = op.outcome else { continue };
        if op.from > done.at && op.call == granted.call && !PASSING.contains(&code) {
            let what = format!("a repeat of what was granted was refused: {code}");
            findings.add(Rule::Key, what, [done.line, op.line, line]);
        }
    }
}

/// The operations with the key of this one, itself among them.
pub(super) fn same_key<'f, 'h>(
    facts: &'f Facts<'h>,
    op: &'f Op<'h>,
) -> impl Iterator<Item = &'f Op<'h>> {
    let group = super::facts::key_of(op.call).and_then(|key| facts.key_groups.find(key));
    let ops = group.map(|group| facts.keys[group].as_slice()).unwrap_or_default();
    ops.iter().map(|op| &facts.ops[*op])
}
