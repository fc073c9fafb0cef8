use std::collections::BTreeMap;

use seathold_core::Currency;

use crate::model::PaymentMethod;

/// How many, and how much in all, in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// How many.
    pub count: u64,
    /// How much.
    pub amount: i64,
}

impl Sum {
    pub(super) const fn add(&mut self, amount: i64) {
        self.count += 1;
        self.amount = self.amount.saturating_add(amount);
    }

    /// Both of them together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        let (count, amount) = (self.count + other.count, self.amount.saturating_add(other.amount));
        Self { count, amount }
    }
}

/// Where the money of one provider and currency is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ledger {
    /// Who took it.
    pub provider: PaymentMethod,
    /// Of which currency.
    pub currency: Currency,
    /// What the provider says it took, of what is decided: from its messages.
    pub charged: Sum,
    /// What bought seats: from the bookings.
    pub sold: Sum,
    /// What went back: from the payments.
    pub refunded: Sum,
    /// What is on its way back: from the payments.
    pub refund_pending: Sum,
}

impl Ledger {
    const fn new(provider: PaymentMethod, currency: Currency) -> Self {
        let none = Sum { count: 0, amount: 0 };
        Self { provider, currency, charged: none, sold: none, refunded: none, refund_pending: none }
    }

    /// Where what was charged has gone, as far as is known.
    #[must_use]
    pub const fn accounted(&self) -> Sum {
        self.sold.and(self.refunded).and(self.refund_pending)
    }

    /// Whether every charge has gone somewhere, to the unit.
    #[must_use]
    pub fn is_balanced(&self) -> bool {
        self.charged == self.accounted()
    }
}

/// What became of a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Account {
    Sold,
    Refunded,
    RefundPending,
}

/// One charge: what the provider says, and what became of it, with the amounts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Posting {
    pub(super) provider: PaymentMethod,
    pub(super) currency: Currency,
    pub(super) charged: Option<i64>,
    pub(super) account: Option<(Account, i64)>,
}

impl Posting {
    /// Whether what came in went somewhere, to the unit.
    pub(super) fn is_balanced(&self) -> bool {
        self.charged.is_some() && self.charged == self.account.map(|(_, amount)| amount)
    }
}

/// The lines, as they are being summed up.
#[derive(Default)]
pub(super) struct Book(BTreeMap<(Currency, PaymentMethod), Ledger>);

impl Book {
    pub(super) fn post(&mut self, posting: &Posting) {
        let Posting { provider, currency, charged, account } = *posting;
        let line = self.0.entry((currency, provider));
        let line = line.or_insert_with(|| Ledger::new(provider, currency));
        if let Some(amount) = charged {
            line.charged.add(amount);
        }
        match account {
            Some((Account::Sold, amount)) => line.sold.add(amount),
            Some((Account::Refunded, amount)) => line.refunded.add(amount),
            Some((Account::RefundPending, amount)) => line.refund_pending.add(amount),
            None => {}
        }
    }

    /// By currency, then by provider.
    pub(super) fn into_lines(self) -> Vec<Ledger> {
        self.0.into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(charged: Option<i64>, account: Option<(Account, i64)>) -> Ledger {
        let currency = "VND".parse().expect("a currency");
        let mut book = Book::default();
        book.post(&Posting { provider: PaymentMethod::Momo, currency, charged, account });
        book.into_lines()[0]
    }

    #[test]
    fn a_charge_that_went_somewhere_is_balanced_to_the_unit() {
        for account in [Account::Sold, Account::Refunded, Account::RefundPending] {
            assert!(line(Some(5), Some((account, 5))).is_balanced());
            assert!(!line(Some(5), Some((account, 4))).is_balanced());
            assert!(!line(None, Some((account, 5))).is_balanced(), "out of nowhere");
        }
        assert!(!line(Some(5), None).is_balanced(), "gone nowhere");
    }
}
