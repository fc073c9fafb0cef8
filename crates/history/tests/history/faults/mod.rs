//! Each fault that a service may have, as a small history that shows it.

mod ends;
mod keys;
mod lasting;
mod money;
mod owners;

use seathold_history::{Promises, Rule, check};

use crate::table::history;

/// Exactly this is found: the rules that are broken, with seat and lines.
fn finds(table: &str, expected: &[(Rule, Option<&str>, &[usize])]) {
    let report = check(&history(table), &Promises::default()).expect("a history");
    let found: Vec<_> = report.violations.iter().collect();
    let brief: Vec<_> = found
        .iter()
        .map(|it| (it.rule, it.seat.as_ref().map(|seat| seat.1.as_str()), it.lines.as_slice()))
        .collect();
    assert_eq!(brief, expected, "{table}\n{found:#?}");
}
