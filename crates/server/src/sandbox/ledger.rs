use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;

/// Payments the sandbox remembers; beyond that it forgets the oldest.
const PAYMENTS_MAX: usize = 10_000;

/// What the sandbox knows of its payments.
#[derive(Default)]
pub(super) struct Ledger {
    payments: BTreeMap<String, Payment>,
    by_transaction: BTreeMap<String, String>,
    order: VecDeque<String>,
}

/// One payment.
#[derive(Clone)]
pub(super) struct Payment {
    /// The shop's reference.
    pub(super) payment_id: String,
    /// The sandbox's own.
    pub(super) transaction_id: String,
    /// How the buyer pays.
    pub(super) method: String,
    /// How much, in minor units.
    pub(super) amount: i64,
    /// Of which currency.
    pub(super) currency: String,
    /// What the buyer reads.
    pub(super) description: String,
    /// Where the buyer goes afterwards.
    pub(super) return_url: Option<String>,
    /// Where the outcome is sent.
    pub(super) callback_url: String,
    /// Where it stands.
    pub(super) status: Status,
    /// When it was paid, as RFC 3339.
    pub(super) paid_at: Option<String>,
}

/// Where a payment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    /// The buyer has not decided.
    Pending,
    /// Paid.
    Success,
    /// Declined.
    Failed,
}

impl Ledger {
    /// Adds a payment, unless there is one with this payment id; gives the one
    /// that is there then.
    pub(super) fn open(&mut self, payment: Payment) -> &Payment {
        let id = payment.payment_id.clone();
        if !self.payments.contains_key(&id) {
            if self.order.len() == PAYMENTS_MAX {
                self.forget_oldest();
            }
            self.order.push_back(id.clone());
            self.by_transaction.insert(payment.transaction_id.clone(), id.clone());
        }
        self.payments.entry(id).or_insert(payment)
    }

    /// The payment with this id.
    pub(super) fn payment(&self, id: &str) -> Option<&Payment> {
        self.payments.get(id)
    }

    /// The payment with this transaction id.
    pub(super) fn transaction(&mut self, id: &str) -> Option<&mut Payment> {
        self.payments.get_mut(self.by_transaction.get(id)?)
    }

    fn forget_oldest(&mut self) {
        let oldest = self.order.pop_front().and_then(|id| self.payments.remove(&id));
        if let Some(payment) = oldest {
            self.by_transaction.remove(&payment.transaction_id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payment(payment_id: &str, transaction_id: &str) -> Payment {
        Payment {
            payment_id: payment_id.to_owned(),
            transaction_id: transaction_id.to_owned(),
            method: "momo".to_owned(),
            amount: 1,
            currency: "VND".to_owned(),
            description: String::new(),
            return_url: None,
            callback_url: String::new(),
            status: Status::Pending,
            paid_at: None,
        }
    }

    #[test]
    fn a_payment_opened_twice_is_the_same() {
        let mut ledger = Ledger::default();
        ledger.open(payment("P1", "T1"));
        assert_eq!(ledger.open(payment("P1", "T2")).transaction_id, "T1");
        assert!(ledger.transaction("T2").is_none());
    }

    #[test]
    fn the_oldest_payment_makes_room() {
        let mut ledger = Ledger::default();
        for n in 0..=PAYMENTS_MAX {
            ledger.open(payment(&format!("P{n}"), &format!("T{n}")));
        }
        assert!(ledger.payment("P0").is_none());
        assert!(ledger.transaction("T0").is_none());
        assert!(ledger.payment("P1").is_some());
        assert_eq!(ledger.order.len(), PAYMENTS_MAX);
    }
}
