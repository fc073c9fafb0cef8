//! What must be true after each step, and once the dust has settled.

use std::collections::BTreeMap;
use std::sync::Arc;

use seathold_service::limits::{CLAIM_LEASE_MS, PAYMENT_LEASE_MS};
use seathold_service::model::{BookingStatus, PaymentStatus};
use seathold_service::verify::Sum;

use super::known::Known;
use super::town::Town;

const TTL: i64 = 600_000;
/// Rounds of reconciliation after which nothing may be left.
const ROUNDS: u32 = 4;

impl Town {
    /// Whoever was told that seats are held has them for as long as that.
    pub(super) async fn check_acknowledged(&self) {
        let now = self.process(0).now();
        let (known, live) = {
            let known = self.known();
            let live = known.bookings.iter().filter(|(id, it)| {
                now < it.until
                    && !known.ended.contains(id)
                    && !known.ended_showtimes.contains(&it.showtime)
            });
            (known.bookings.len(), live.cloned().collect::<Vec<_>>())
        };
        for (id, it) in live {
            let owners = self.owners(&it).await;
            assert!(owners.iter().all(|owner| *owner == Some(id)), "{id} of {known}: {owners:?}");
        }
    }

    /// Unfinished is not wrong; for a quarter of an hour, where a cron goes on.
    pub(super) async fn audit(&self) {
        self.process(0).settle_given_back().await.expect("a store");
        let report = self.process(0).verify().await.expect("a report");
        assert!(report.is_clean(), "{report:#?}");
    }

    /// All are well again: the gateway tells what it cannot be asked about, and
    /// `reconcile` does the rest.
    pub(super) async fn settle(self: &Arc<Self>) {
        self.world.gateway.set_down(false);
        self.world.gateway.set_slow(false);
        self.restart(0);
        self.world.clock.advance(PAYMENT_LEASE_MS + CLAIM_LEASE_MS);
        let service = self.process(0);
        let only_told = self.known().only_told();
        for event in only_told {
            service.receive(event).await.expect("taken");
        }
        for round in 0..ROUNDS {
            let done = service.reconcile().await.expect("a store");
            self.trace().push(format!("round {round}: {done:?}"));
            self.world.clock.advance(TTL);
        }
    }

    /// Every charge has bought its seats or is given back: once, and never both.
    pub(super) async fn check_settled(&self) {
        let mut refunds: BTreeMap<Option<String>, Vec<i64>> = BTreeMap::new();
        for refund in self.world.gateway.refunded() {
            refunds.entry(refund.transaction_id).or_default().push(refund.amount);
        }
        let charges = self.known().charges.clone();
        let (mut charged, mut sold, mut refunded) = (Sum::default(), 0, 0);
        for charge in &charges {
            let event = &charge.event;
            charged = charged.and(Sum { count: 1, amount: event.amount });
            let payment =
                self.world.store.payment_of_transaction(event.provider, &event.transaction_id);
            let payment = payment.await.expect("a store").unwrap_or_else(|| panic!("{charge:?}"));
            let back = refunds.remove(&Some(event.transaction_id.clone())).unwrap_or_default();
            match payment.status {
                PaymentStatus::Completed => {
                    assert!(back.is_empty(), "sold and given back: {charge:?} {payment:?}");
                    let row = self.world.store.booking(payment.booking_id).await;
                    let row = row.expect("a store").expect("a booking");
                    assert_eq!(row.status, BookingStatus::Confirmed, "{charge:?}");
                    assert_eq!((row.paid_by, row.final_amount), (Some(payment.id), event.amount));
                    sold += event.amount;
                }
                PaymentStatus::Refunded => {
                    assert_eq!(back, [event.amount], "given back once: {charge:?} {payment:?}");
                    refunded += event.amount;
                }
                other => panic!("{other:?}: {charge:?} {payment:?}"),
            }
        }
        assert!(refunds.is_empty(), "given back without a charge: {refunds:?}");
        self.check_ledger(charged, sold, refunded).await;
    }

    /// `verify` says the same, to the unit.
    async fn check_ledger(&self, charged: Sum, sold: i64, refunded: i64) {
        let report = self.process(0).verify().await.expect("a report");
        assert!(report.is_clean(), "{report:#?}");
        let total = |part: fn(&seathold_service::verify::Ledger) -> Sum| {
            report.ledger.iter().map(part).fold(Sum::default(), Sum::and)
        };
        assert_eq!(total(|line| line.charged), charged);
        assert_eq!(total(|line| line.sold).amount, sold);
        assert_eq!(total(|line| line.refunded).amount, refunded);
        assert_eq!(total(|line| line.refund_pending), Sum::default());
        assert_eq!(charged.amount, sold + refunded);
    }

    /// Whoever was told that something is cancelled finds it so.
    pub(super) async fn check_cancelled(&self) {
        let (cancelled, showtimes, bookings) = {
            let known = self.known();
            let Known { cancelled, cancelled_showtimes, bookings, .. } = &*known;
            (cancelled.clone(), cancelled_showtimes.clone(), bookings.clone())
        };
        for (id, it) in bookings {
            let row = self.world.store.booking(id).await.expect("a store").expect("a booking");
            assert_ne!(row.status, BookingStatus::Pending, "{id} is over, one way or another");
            if cancelled.contains(&id) {
                assert_eq!(row.status, BookingStatus::Cancelled, "{id} was cancelled");
            }
            if showtimes.contains(&it.showtime) {
                assert_ne!(row.status, BookingStatus::Confirmed, "{id} does not play");
            }
            let owns = self.owners(&it).await.contains(&Some(id));
            assert_eq!(owns, row.status == BookingStatus::Confirmed, "{id}: {row:?}");
        }
    }
}
