use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;
use serde_json::Value;

use super::faults::Faults;

/// Payments the sandbox remembers, a few hundred bytes each; beyond that it
/// forgets the oldest.
const PAYMENTS_MAX: usize = 100_000;

/// Messages kept of each payment.
const WIRE_MAX: usize = 16;

/// What the sandbox knows of its payments.
#[derive(Default)]
pub(super) struct Ledger {
    payments: BTreeMap<String, Payment>,
    by_transaction: BTreeMap<String, String>,
    order: VecDeque<String>,
    /// What was given back of payments that were forgotten, by refund.
    strays: BTreeMap<String, i64>,
}

/// Who speaks, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Format {
    /// The gateway in front of all providers, and the one for cards.
    Generic,
    /// MoMo v2.
    Momo,
    /// VNPay 2.1.0.
    Vnpay,
    /// ZaloPay v2.
    Zalopay,
}

/// One payment.
#[derive(Clone, Debug)]
pub(super) struct Payment {
    /// The shop's reference, as that format writes it.
    pub(super) reference: String,
    /// The sandbox's own.
    pub(super) transaction_id: String,
    /// Who speaks about it.
    pub(super) format: Format,
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
    /// The request, for what its messages repeat of it.
    pub(super) asked: Value,
    /// Where it stands.
    pub(super) status: Status,
    /// Until when the shop wants it paid, in ms since the epoch.
    pub(super) ends_at: Option<i64>,
    /// When it was paid, in ms since the epoch.
    pub(super) paid_at: Option<i64>,
    /// When the shop first took a message about it, in ms since the epoch.
    pub(super) told_at: Option<i64>,
    /// What was given back, by refund.
    pub(super) refunds: BTreeMap<String, Refund>,
    /// What happens to this payment, instead of what happens to all.
    pub(super) faults: Option<Faults>,
    /// Callbacks so far.
    pub(super) callbacks: u64,
    /// What went over the wire.
    pub(super) wire: VecDeque<Value>,
}

/// Money on its way back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Refund {
    /// How much, in minor units.
    pub(super) amount: i64,
    /// Whether it has arrived.
    pub(super) done: bool,
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

/// What became of a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Returned {
    /// It is there now.
    New(Refund),
    /// It was there before.
    Again(Refund),
    /// There is nothing to give back, or not that much.
    Refused,
}

impl Payment {
    /// A payment of which nothing is known but this.
    pub(super) fn new(format: Format, reference: &str) -> Self {
        let method = match format {
            Format::Generic => "",
            Format::Momo => "momo",
            Format::Vnpay => "vnpay",
            Format::Zalopay => "zalopay",
        };
        Self {
            reference: reference.to_owned(),
            transaction_id: String::new(),
            format,
            method: method.to_owned(),
            amount: 0,
            currency: "VND".to_owned(),
            description: String::new(),
            return_url: None,
            callback_url: String::new(),
            asked: Value::Null,
            status: Status::Pending,
            ends_at: None,
            paid_at: None,
            told_at: None,
            refunds: BTreeMap::new(),
            faults: None,
            callbacks: 0,
            wire: VecDeque::new(),
        }
    }

    /// What was taken.
    pub(super) fn charged(&self) -> i64 {
        if self.status == Status::Success { self.amount } else { 0 }
    }

    /// What was given back.
    pub(super) fn refunded(&self) -> i64 {
        self.refunds.values().map(|refund| refund.amount).sum()
    }

    /// Remembers a message.
    pub(super) fn note(&mut self, message: Value) {
        if self.wire.len() == WIRE_MAX {
            self.wire.pop_front();
        }
        self.wire.push_back(message);
    }

    /// Gives back all of it or a part, once per refund. One that is `slow` is
    /// done when it is asked for again.
    pub(super) fn give_back(&mut self, refund_id: &str, amount: i64, slow: bool) -> Returned {
        if let Some(refund) = self.refunds.get_mut(refund_id) {
            refund.done = true;
            return Returned::Again(*refund);
        }
        if amount <= 0 || amount > self.charged() - self.refunded() {
            return Returned::Refused;
        }
        let refund = Refund { amount, done: !slow };
        self.refunds.insert(refund_id.to_owned(), refund);
        Returned::New(refund)
    }
}

/// What all references of one payment have in common: their last 32 hex digits,
/// or else the whole text.
pub(super) fn name(reference: &str) -> String {
    let plain = reference.replace('-', "").to_ascii_lowercase();
    let digits = plain.get(plain.len().saturating_sub(32)..).unwrap_or_default();
    let is_uuid = digits.len() == 32 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    if is_uuid { digits.to_owned() } else { reference.to_owned() }
}

impl Ledger {
    /// Adds a payment, unless there is one with this reference; says whether it
    /// is new, and gives the one that is there then.
    pub(super) fn open(&mut self, payment: Payment) -> (bool, &mut Payment) {
        let id = name(&payment.reference);
        let is_new = !self.payments.contains_key(&id);
        if is_new {
            if self.order.len() == PAYMENTS_MAX {
                self.forget_oldest();
            }
            self.order.push_back(id.clone());
            self.by_transaction.insert(payment.transaction_id.clone(), id.clone());
        }
        (is_new, self.payments.entry(id).or_insert(payment))
    }

    /// The payment with this reference.
    pub(super) fn payment(&mut self, reference: &str) -> Option<&mut Payment> {
        self.payments.get_mut(&name(reference))
    }

    /// The payment with this transaction id.
    pub(super) fn transaction(&mut self, id: &str) -> Option<&mut Payment> {
        self.payments.get_mut(self.by_transaction.get(id)?)
    }

    /// A refund that was asked for before; asked about, it is done.
    pub(super) fn refund(&mut self, refund_id: &str) -> Option<Refund> {
        let found =
            self.payments.values_mut().find_map(|payment| payment.refunds.get_mut(refund_id));
        if let Some(refund) = found {
            refund.done = true;
            return Some(*refund);
        }
        self.strays.get(refund_id).map(|amount| Refund { amount: *amount, done: true })
    }

    /// Notes money given back for a payment that was forgotten at a restart.
    pub(super) fn stray(&mut self, refund_id: &str, amount: i64) {
        self.strays.insert(refund_id.to_owned(), amount);
    }

    /// All payments, in order of their names.
    pub(super) fn payments(&self) -> impl Iterator<Item = (&String, &Payment)> {
        self.payments.iter()
    }

    /// What was given back for payments that were forgotten.
    pub(super) fn strays(&self) -> impl Iterator<Item = i64> {
        self.strays.values().copied()
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

    fn payment(reference: &str, transaction_id: &str) -> Payment {
        let transaction_id = transaction_id.to_owned();
        Payment { transaction_id, amount: 10, ..Payment::new(Format::Generic, reference) }
    }

    #[test]
    fn a_payment_opened_twice_is_the_same() {
        let mut ledger = Ledger::default();
        assert!(ledger.open(payment("P1", "T1")).0);
        let (is_new, same) = ledger.open(payment("P1", "T2"));
        assert_eq!((is_new, same.transaction_id.as_str()), (false, "T1"));
        assert!(ledger.transaction("T2").is_none());
    }

    #[test]
    fn a_payment_has_one_name_whatever_the_format() {
        let hex = "550e8400e29b41d4a716446655440000";
        for reference in ["PAY_550e8400-e29b-41d4-a716-446655440000", hex, &format!("240521_{hex}")]
        {
            assert_eq!(name(reference), hex);
        }
        assert_eq!(name("P-1"), "P-1");
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

    #[test]
    fn no_more_is_given_back_than_was_taken_and_once_per_refund() {
        let mut payment = payment("P1", "T1");
        assert_eq!(payment.give_back("R1", 10, false), Returned::Refused, "not paid");
        payment.status = Status::Success;
        assert_eq!(payment.give_back("R1", 11, false), Returned::Refused);
        let slow = Refund { amount: 10, done: false };
        assert_eq!(payment.give_back("R1", 10, true), Returned::New(slow));
        assert_eq!(
            payment.give_back("R1", 10, true),
            Returned::Again(Refund { done: true, ..slow })
        );
        assert_eq!(payment.give_back("R2", 1, false), Returned::Refused);
        assert_eq!(payment.refunded(), 10);
    }
}
