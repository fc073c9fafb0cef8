use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use seathold_core::{BookingId, Currency, Timestamp};

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

    /// Each payment agrees with its booking.
    async fn check_payments(&self, findings: &mut Findings) -> Result<Vec<Ledger>, StoreError> {
        let mut ledger: BTreeMap<Currency, Ledger> = BTreeMap::new();
        let mut after = None;
        loop {
            let payments = self.store.payments_after(after, PAGE).await?;
            let Some(last) = payments.last() else { break };
            after = Some(last.id);
            for payment in payments {
                enter(&mut ledger, &payment);
                if payment.status.is_charged() {
                    let chain = self.settled(|| self.payment_chain(&payment)).await?;
                    note(findings, chain);
                }
            }
        }
        Ok(ledger.into_values().collect())
    }

    async fn payment_chain(&self, payment: &Payment) -> Result<Chain, StoreError> {
        let Some(payment) = self.store.payment(payment.id).await? else {
            return Ok(Chain::Bad(format!("payment {} is gone", payment.id)));
        };
        let booking = self.store.booking(payment.booking_id).await?;
        let buys = booking.as_ref().is_some_and(|row| {
            row.status == BookingStatus::Confirmed && row.paid_by == Some(payment.id)
        });
        let id = payment.id;
        let refunding = booking.as_ref().is_some_and(|row| is_on_its_way(row, self.env.now()));
        Ok(match payment.status {
            PaymentStatus::Completed if !buys => {
                Chain::Bad(format!("payment {id} is completed, and bought nothing"))
            }
            // Its seats are about to be freed.
            PaymentStatus::RefundPending | PaymentStatus::Refunded if refunding => Chain::InFlight,
            PaymentStatus::RefundPending | PaymentStatus::Refunded if buys => {
                Chain::Bad(format!("payment {id} is refunded, and bought its seats"))
            }
            PaymentStatus::RefundPending => Chain::InFlight,
            _ => Chain::Good,
        })
    }

    /// Each success a gateway reported has become a charge.
    async fn check_events(&self, findings: &mut Findings) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let rows = self.store.events_after(after.as_ref(), false, PAGE).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = Some(EventKey::from(&last.event));
            for row in rows.iter().filter(|row| row.event.outcome == Outcome::Success) {
                note(findings, self.settled(|| self.event_chain(row)).await?);
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
                note(findings, self.settled(|| self.booking_chain(row)).await?);
            }
        }
    }

    async fn booking_chain(&self, row: &Booking) -> Result<Chain, StoreError> {
        let Some(row) = self.store.booking(row.id).await? else {
            return Ok(Chain::Bad(format!("booking {} is gone", row.id)));
        };
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
    async fn settled<F>(&self, read: impl Fn() -> F) -> Result<Chain, StoreError>
    where
        F: Future<Output = Result<Chain, StoreError>>,
    {
        let mut chain = read().await?;
        for _ in 1..READS {
            if !matches!(chain, Chain::Bad(_)) {
                break;
            }
            tokio::time::sleep(PAUSE).await;
            chain = read().await?;
        }
        Ok(chain)
    }
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

fn enter(ledger: &mut BTreeMap<Currency, Ledger>, payment: &Payment) {
    let currency = payment.currency;
    let line = ledger.entry(currency).or_insert(Ledger {
        currency,
        charged: 0,
        sold: 0,
        refunded: 0,
        refunding: 0,
    });
    let account = match payment.status {
        PaymentStatus::Completed => &mut line.sold,
        PaymentStatus::RefundPending => &mut line.refunding,
        PaymentStatus::Refunded => &mut line.refunded,
        PaymentStatus::Pending | PaymentStatus::Failed | PaymentStatus::Expired => return,
    };
    *account = account.saturating_add(payment.amount);
    line.charged = line.charged.saturating_add(payment.amount);
}
