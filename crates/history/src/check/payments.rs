//! Money, by payment.

use super::names::Names;
use crate::Money;

/// All payments.
#[derive(Debug, Default)]
pub(super) struct Payments<'h> {
    names: Names<&'h str>,
    all: Vec<Payment<'h>>,
}

/// A payment, by the provider's books.
#[derive(Debug, Default)]
pub(super) struct Payment<'h> {
    /// Its id.
    pub(super) name: &'h str,
    /// The booking it is for.
    pub(super) booking: Option<&'h str>,
    /// What was taken and given back, going by single events.
    pub(super) moved: Sums,
    /// What was taken and given back in all, going by the books at the end.
    pub(super) closed: Option<Sums>,
    /// The lines that tell of it.
    pub(super) lines: Vec<usize>,
}

/// Money taken and given back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sums {
    /// Taken, in minor units.
    pub(super) charged: i64,
    /// Given back, in minor units.
    pub(super) refunded: i64,
}

impl Sums {
    /// What the shop has kept.
    pub(super) fn kept(self) -> i64 {
        self.charged.saturating_sub(self.refunded)
    }
}

impl Payment<'_> {
    /// What was taken and given back in all.
    pub(super) fn sums(&self) -> Sums {
        self.closed.unwrap_or(self.moved)
    }
}

impl<'h> Payments<'h> {
    /// A payment was begun for a booking.
    pub(super) fn of_booking(&mut self, payment: &'h str, booking: &'h str) {
        self.payment(payment).booking = Some(booking);
    }

    /// Money was taken.
    pub(super) fn charged(&mut self, line: usize, money: &'h Money) {
        let payment = self.moved(line, money);
        payment.moved.charged = payment.moved.charged.saturating_add(money.amount);
    }

    /// Money was given back.
    pub(super) fn refunded(&mut self, line: usize, money: &'h Money) {
        let payment = self.moved(line, money);
        payment.moved.refunded = payment.moved.refunded.saturating_add(money.amount);
    }

    /// What the books say at the end.
    pub(super) fn closed(
        &mut self,
        line: usize,
        name: &'h str,
        booking: Option<&'h str>,
        sums: Sums,
    ) {
        let payment = self.payment(name);
        payment.booking = payment.booking.or(booking);
        payment.closed = Some(sums);
        payment.lines.push(line);
    }

    /// Whether anything is known of the provider's books.
    pub(super) fn are_known(&self) -> bool {
        self.all.iter().any(|payment| !payment.lines.is_empty())
    }

    /// All of them, in order of appearance.
    pub(super) fn all(&self) -> &[Payment<'h>] {
        &self.all
    }

    fn moved(&mut self, line: usize, money: &'h Money) -> &mut Payment<'h> {
        let payment = self.payment(&money.payment);
        payment.booking = payment.booking.or(money.booking.as_deref());
        payment.lines.push(line);
        payment
    }

    fn payment(&mut self, name: &'h str) -> &mut Payment<'h> {
        let number = self.names.number(name);
        if number == self.all.len() {
            self.all.push(Payment { name, ..Payment::default() });
        }
        &mut self.all[number]
    }
}
