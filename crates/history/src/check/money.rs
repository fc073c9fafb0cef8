//! Every charge ends sold or refunded: exactly one of them.

use super::booking::Booking;
use super::findings::{Findings, Rule};
use super::names::Map;
use super::payments::Payment;
use crate::Status;

/// Finds money that is neither here nor there, or both. Bookings are judged by what they
/// are at the end; those whose end the history does not tell are left alone.
pub(super) fn check(findings: &mut Findings<'_, '_>) {
    let facts = findings.facts;
    let is_closed = facts.is_closed();
    let mut by_booking: Map<&str, Vec<&Payment<'_>>> = Map::default();
    for payment in facts.payments.all() {
        let sums = payment.sums();
        if sums.kept() < 0 {
            let what = format!(
                "of {}, {} was taken and {} given back",
                payment.name, sums.charged, sums.refunded
            );
            findings.add(Rule::Money, what, payment.lines.clone());
        }
        match payment.booking {
            Some(booking) => by_booking.entry(booking).or_default().push(payment),
            None if sums.kept() > 0 && is_closed => {
                let what = format!("{} was taken for {}, of no booking", sums.kept(), payment.name);
                findings.add(Rule::Money, what, payment.lines.clone());
            }
            None => {}
        }
    }
    for booking in &facts.bookings {
        let (Some(name), Some(last)) = (booking.name, booking.last) else { continue };
        let payments = by_booking.get(name).map(Vec::as_slice).unwrap_or_default();
        judge(findings, booking, last, payments);
    }
}

fn judge(
    findings: &mut Findings<'_, '_>,
    booking: &Booking<'_>,
    last: Status,
    payments: &[&Payment<'_>],
) {
    let sold = last == Status::Confirmed;
    let Some(price) = booking.amount.filter(|_| sold).or((!sold).then_some(0)) else { return };
    let kept: i64 = payments.iter().map(|payment| payment.sums().kept()).sum();
    let charged = payments.iter().any(|payment| payment.sums().charged > 0);
    // Without the provider's books, a sale without a charge is no news.
    if kept == price || (!charged && !findings.facts.payments.are_known()) {
        return;
    }
    let name = booking.title();
    let what = match (sold, charged) {
        (true, true) if kept == 0 => format!("{name} is sold, and its {price} was given back too"),
        (true, true) => format!("{name} is sold for {price}, and {kept} was kept"),
        (true, false) => format!("{name} is sold, and its {price} was never taken"),
        (false, _) => format!("{name} is not sold, and {kept} was not given back"),
    };
    let lines = payments.iter().flat_map(|payment| payment.lines.iter().copied());
    let end = booking.readings.last().map(|reading| reading.line);
    findings.add(Rule::Money, what, lines.chain(end).chain(booking.proof()));
}
