//! What `verify` found, as a table for people.

use std::collections::BTreeSet;
use std::fmt::Write;

use seathold_core::Currency;
use seathold_service::Reconciled;
use seathold_service::verify::{Check, Ledger, Report, Sum};

/// Violations printed per invariant; there may be many more.
const SHOWN: usize = 20;

/// The report as text.
#[must_use]
pub fn table(report: &Report) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write_table(&mut text, report);
    text
}

/// What was rolled forward, as text.
#[must_use]
pub fn reconciled(done: &Reconciled) -> String {
    let Reconciled { swept, bookings, payments, events, given_back, refunds, .. } = done;
    let lines = [
        (swept.showtimes, "showtimes freed of expired holds"),
        (swept.bookings + bookings, "bookings written down as what they have become"),
        (payments.asked, "payments asked about at the gateway"),
        (payments.ended, "of them paid, or given up"),
        (*events, "messages of gateways acted on"),
        (*given_back, "bookings given back, their seats free"),
        (*refunds, "refunds made"),
        (done.events_open, "messages still open"),
        (done.refunds_open, "refunds still open"),
    ];
    let line = |(n, what): &(u64, &str)| format!("{n:>9} {what}\n");
    lines.iter().map(line).collect()
}

fn write_table(text: &mut String, report: &Report) -> std::fmt::Result {
    writeln!(
        text,
        "   {:<58} {:>9} {:>9} {:>10}",
        "invariant", "checked", "in flight", "violations"
    )?;
    for check in &report.checks {
        let Check { invariant, checked, in_flight, violations } = check;
        let (number, sentence) = (invariant.number(), invariant.sentence());
        writeln!(
            text,
            "{number}. {sentence:<58} {checked:>9} {in_flight:>9} {:>10}",
            violations.len()
        )?;
    }
    let bookings = report.bookings.iter().map(|(status, n)| format!("{n} {}", status.as_str()));
    let bookings = bookings.collect::<Vec<_>>().join(", ");
    let bookings = if bookings.is_empty() { "none" } else { &bookings };
    writeln!(text, "   showtimes: {}; bookings: {bookings}", report.showtimes)?;
    if report.unswept > 0 {
        writeln!(text, "   expired holds that the next sweep frees: {}", report.unswept)?;
    }
    if !report.unmatched.is_empty() {
        let (n, some) = (report.unmatched.len(), report.unmatched.iter().take(SHOWN));
        let some = some.map(String::as_str).collect::<Vec<_>>().join(", ");
        writeln!(text, "   paid, and matching no payment for long: {n}: {some}")?;
    }
    write_ledger(text, &report.ledger)?;
    for check in report.checks.iter().filter(|check| !check.violations.is_empty()) {
        for violation in check.violations.iter().take(SHOWN) {
            writeln!(text, "!  {}. {violation}", check.invariant.number())?;
        }
        let more = check.violations.len().saturating_sub(SHOWN);
        if more > 0 {
            writeln!(text, "!  {}. and {more} more", check.invariant.number())?;
        }
    }
    Ok(())
}

/// Where the money is: how often, and how much in minor units.
fn write_ledger(text: &mut String, ledger: &[Ledger]) -> std::fmt::Result {
    if ledger.is_empty() {
        return Ok(());
    }
    let titles = ["charged", "= sold", "+ refunded", "+ refund pending"];
    write!(text, "   {:<12}", "money")?;
    titles.iter().try_for_each(|title| write!(text, " {title:>24}"))?;
    writeln!(text)?;
    for line in ledger {
        let Ledger { provider, currency, charged, sold, refunded, refund_pending } = line;
        write!(text, "   {:<12}", format!("{} {currency}", provider.as_str()))?;
        write_sums(text, &[*charged, *sold, *refunded, *refund_pending])?;
    }
    let currencies: BTreeSet<Currency> = ledger.iter().map(|line| line.currency).collect();
    for currency in currencies {
        let lines = ledger.iter().filter(|line| line.currency == currency);
        let total =
            |part: fn(&Ledger) -> Sum| lines.clone().map(part).fold(Sum::default(), Sum::and);
        write!(text, "   {:<12}", format!("all {currency}"))?;
        let (charged, sold) = (total(|line| line.charged), total(|line| line.sold));
        let (refunded, pending) = (total(|line| line.refunded), total(|line| line.refund_pending));
        write_sums(text, &[charged, sold, refunded, pending])?;
    }
    Ok(())
}

fn write_sums(text: &mut String, sums: &[Sum]) -> std::fmt::Result {
    for Sum { count, amount } in sums {
        write!(text, " {:>24}", format!("{count}: {amount}"))?;
    }
    writeln!(text)
}
