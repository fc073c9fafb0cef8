use std::collections::BTreeSet;
use std::time::Duration;

use seathold_core::{BookingId, Timestamp};

use super::ledger::{Account, Book, Posting};
use super::{Findings, Invariant, Ledger};
use crate::Service;
use crate::limits::{PAGE, REFUNDING_MS, UNMATCHED_MS};
use crate::model::{
    Booking, BookingStatus, GatewayEvent, Outcome, Payment, PaymentStatus, ReceivedEvent,
};
use crate::ports::{EventKey, StoreError};

/// Like the seats': payment and booking are two reads.
const READS: u32 = 5;
const PAUSE: Duration = Duration::from_millis(50);

/// How a chain of records stands.
enum Chain {
    Good,
    InFlight,
    Bad(String),
}

impl Service {
    pub(super) async fn check_money(
        &self,
        findings: &mut Findings,
    ) -> Result<Vec<Ledger>, StoreError> {
        let ledger = self.check_payments(findings).await?;
        self.check_events(findings).await?;
        self.check_confirmed(findings).await?;
        Ok(ledger)
    }

    /// Each payment agrees with its booking, and what was charged for it went
    /// somewhere, to the unit.
    async fn check_payments(&self, findings: &mut Findings) -> Result<Vec<Ledger>, StoreError> {
        let (mut book, mut after) = (Book::default(), None);
        loop {
            let payments = self.store.payments_after(after, PAGE).await?;
            let Some(last) = payments.last() else { break };
            after = Some(last.id);
            for payment in payments.iter().filter(|payment| payment.status.is_charged()) {
                let read = || self.payment_chain(payment);
                let (chain, posting) = self.settled(read, |(chain, _)| chain.is_bad()).await?;
                book.post(&posting);
                note(findings, chain);
            }
        }
        let lines = book.into_lines();
        for line in &lines {
            findings.check(Invariant::Money, line.is_balanced(), || off_balance(line));
        }
        Ok(lines)
    }

    async fn payment_chain(&self, seen: &Payment) -> Result<(Chain, Posting), StoreError> {
        let (id, provider, currency) = (seen.id, seen.provider, seen.currency);
        let nothing = Posting { provider, currency, charged: None, account: None };
        let Some(payment) = self.store.payment(id).await? else {
            return Ok((Chain::Bad(format!("payment {id} is gone")), nothing));
        };
        let booking = self.store.booking(payment.booking_id).await?;
        let bought = booking.as_ref().filter(|row| {
            row.status == BookingStatus::Confirmed && row.paid_by == Some(payment.id)
        });
        let account = match (payment.status, bought) {
            (PaymentStatus::Completed, Some(row)) => Some((Account::Sold, row.final_amount)),
            (PaymentStatus::Refunded, _) => Some((Account::Refunded, payment.amount)),
            (PaymentStatus::RefundPending, _) => Some((Account::RefundPending, payment.amount)),
            _ => None,
        };
        let posting = Posting { charged: self.told(&payment).await?, account, ..nothing };
        let refunding = booking.as_ref().is_some_and(|row| is_on_its_way(row, self.env.now()));
        let chain = match payment.status {
            PaymentStatus::Completed if bought.is_none() => {
                Chain::Bad(format!("payment {id} is completed, and bought nothing"))
            }
            _ if !posting.is_balanced() => Chain::Bad(unbalanced(&payment, &posting)),
            // Its seats are about to be freed.
            PaymentStatus::RefundPending | PaymentStatus::Refunded if refunding => Chain::InFlight,
            PaymentStatus::RefundPending | PaymentStatus::Refunded if bought.is_some() => {
                Chain::Bad(format!("payment {id} is refunded, and bought its seats"))
            }
            PaymentStatus::RefundPending => Chain::InFlight,
            _ => Chain::Good,
        };
        Ok((chain, posting))
    }

    /// What the provider says it took for this payment.
    async fn told(&self, payment: &Payment) -> Result<Option<i64>, StoreError> {
        let Some(transaction_id) = payment.transaction_id.clone() else { return Ok(None) };
        let (provider, outcome) = (payment.provider, Outcome::Success);
        let row = self.store.event(&EventKey { provider, transaction_id, outcome }).await?;
        Ok(row.map(|row| row.event.amount))
    }

    /// Each success a gateway reported has become a charge.
    async fn check_events(&self, findings: &mut Findings) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let rows = self.store.events_after(after.as_ref(), false, PAGE).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = Some(EventKey::from(&last.event));
            for row in rows.iter().filter(|row| row.event.outcome == Outcome::Success) {
                let read = || self.event_chain(row);
                note(findings, self.settled(read, Chain::is_bad).await?);
                if self.is_lost(row).await? {
                    let GatewayEvent { provider, transaction_id, amount, .. } = &row.event;
                    let provider = provider.as_str();
                    findings.unmatched.push(format!("{provider} {transaction_id}: {amount}"));
                }
            }
        }
    }

    /// Whether a success has matched no payment for longer than gateways repeat it.
    async fn is_lost(&self, row: &ReceivedEvent) -> Result<bool, StoreError> {
        let old = self.env.now().millis_since(row.received_at) > UNMATCHED_MS;
        Ok(!row.done && old && self.payment_meant(&row.event).await?.is_none())
    }

    async fn event_chain(&self, row: &ReceivedEvent) -> Result<Chain, StoreError> {
        if !row.done {
            return Ok(Chain::InFlight);
        }
        let event = &row.event;
        let known =
            self.store.payment_of_transaction(event.provider, &event.transaction_id).await?;
        let charged = known.is_some_and(|payment| payment.status.is_charged());
        Ok(if charged {
            Chain::Good
        } else {
            Chain::Bad(format!("transaction {} was paid, and is no charge", event.transaction_id))
        })
    }

    /// Each confirmed booking was paid by one completed payment.
    async fn check_confirmed(&self, findings: &mut Findings) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let rows = self.store.bookings_after(after, PAGE).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = Some(last.id);
            let paid =
                |row: &&Booking| row.status == BookingStatus::Confirmed && row.final_amount > 0;
            for row in rows.iter().filter(paid) {
                let read = || self.booking_chain(row);
                note(findings, self.settled(read, Chain::is_bad).await?);
            }
        }
    }

    async fn booking_chain(&self, row: &Booking) -> Result<Chain, StoreError> {
        let Some(row) = self.store.booking(row.id).await? else {
            return Ok(Chain::Bad(format!("booking {} is gone", row.id)));
        };
        if row.status != BookingStatus::Confirmed {
            // Given back since: its payment tells the rest.
            return Ok(Chain::Good);
        }
        let payment = match row.paid_by {
            Some(payment) => self.store.payment(payment).await?,
            None => None,
        };
        let is_paid = payment.is_some_and(|payment| {
            payment.status == PaymentStatus::Completed && payment.amount == row.final_amount
        });
        Ok(if is_paid {
            Chain::Good
        } else if is_on_its_way(&row, self.env.now()) {
            Chain::InFlight
        } else if self.unsettled_bookings().await?.contains(&row.id) {
            // Its seats are sold; the event that sold them is still being driven.
            Chain::InFlight
        } else {
            Chain::Bad(format!("booking {} is confirmed without its payment", row.id))
        })
    }

    /// Bookings for which a success was reported that is not done.
    pub(super) async fn unsettled_bookings(&self) -> Result<BTreeSet<BookingId>, StoreError> {
        let (mut bookings, mut after) = (BTreeSet::new(), None);
        loop {
            let rows = self.store.events_after(after.as_ref(), true, PAGE).await?;
            let Some(last) = rows.last() else { return Ok(bookings) };
            after = Some(EventKey::from(&last.event));
            for row in rows.iter().filter(|row| row.event.outcome == Outcome::Success) {
                let payment = self.payment_meant(&row.event).await?;
                bookings.extend(payment.map(|payment| payment.booking_id));
            }
        }
    }

    /// Reads a chain again while it looks wrong: others may be at work.
    async fn settled<T, F>(
        &self,
        read: impl Fn() -> F,
        is_bad: impl Fn(&T) -> bool,
    ) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        let mut chain = read().await?;
        for _ in 1..READS {
            if !is_bad(&chain) {
                break;
            }
            tokio::time::sleep(PAUSE).await;
            chain = read().await?;
        }
        Ok(chain)
    }
}

impl Chain {
    const fn is_bad(&self) -> bool {
        matches!(self, Self::Bad(_))
    }
}

fn unbalanced(payment: &Payment, posting: &Posting) -> String {
    let (id, status) = (payment.id, payment.status.as_str());
    let became = posting.account.map_or(0, |(_, amount)| amount);
    match posting.charged {
        Some(charged) => format!("payment {id} was charged {charged}, {became} is {status}"),
        None => format!("payment {id} is {status}, and no provider says it was charged"),
    }
}

fn off_balance(line: &Ledger) -> String {
    let (provider, currency) = (line.provider.as_str(), line.currency);
    let (charged, accounted) = (line.charged, line.accounted());
    format!(
        "{provider} {currency}: {} charges of {}, of which {} of {} are sold or given back",
        charged.count, charged.amount, accounted.count, accounted.amount
    )
}

/// Whether a booking is being given back, and not for too long.
pub(super) fn is_on_its_way(row: &Booking, now: Timestamp) -> bool {
    let young = |since| now.millis_since(since) < REFUNDING_MS;
    row.is_refunding() && row.refund.is_some_and(|refund| young(refund.since))
}

fn note(findings: &mut Findings, chain: Chain) {
    match chain {
        Chain::Good => findings.check(Invariant::Money, true, String::new),
        Chain::InFlight => findings.in_flight(Invariant::Money),
        Chain::Bad(why) => findings.check(Invariant::Money, false, || why),
    }
}
