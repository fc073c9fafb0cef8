//! What the world outside knows: what buyers were told, and what was charged.

use std::collections::{BTreeMap, BTreeSet};

use seathold_core::{BookingId, IdempotencyKey, PaymentId, SeatLabel, ShowtimeId, Timestamp};
use seathold_service::model::{GatewayEvent, Outcome, PaymentMethod};
use seathold_service::ports::PaymentRequest;
use seathold_service::{HoldRequest, PayRequest, Received, RefundBooking};
use seathold_testkit::BookkeepingGateway;

/// Money that the gateway has taken.
#[derive(Clone, Debug)]
pub(super) struct Charge {
    pub(super) event: GatewayEvent,
    /// Whether the gateway was answered that it need not tell again.
    pub(super) told: bool,
    /// Whether nobody asks about it any more: the gateway had said no before.
    pub(super) is_after_no: bool,
}

/// A hold that was acknowledged.
#[derive(Clone, Debug)]
pub(super) struct Acknowledged {
    pub(super) showtime: ShowtimeId,
    pub(super) seats: Vec<SeatLabel>,
    pub(super) until: Timestamp,
    pub(super) user: String,
}

/// All of that.
#[derive(Default)]
pub(super) struct Known {
    pub(super) holds: Vec<HoldRequest>,
    pub(super) confirms: Vec<PayRequest>,
    pub(super) refunds: Vec<RefundBooking>,
    pub(super) charges: Vec<Charge>,
    pub(super) declined: BTreeSet<PaymentId>,
    /// References that the gateway has named and nobody knew.
    pub(super) unmatched: BTreeSet<String>,
    /// In the order in which they were acknowledged.
    pub(super) bookings: Vec<(BookingId, Acknowledged)>,
    /// Bookings and showtimes that somebody has tried to end.
    pub(super) ended: BTreeSet<BookingId>,
    pub(super) ended_showtimes: BTreeSet<ShowtimeId>,
    /// Bookings and showtimes whose end was acknowledged.
    pub(super) cancelled: BTreeSet<BookingId>,
    pub(super) cancelled_showtimes: BTreeSet<ShowtimeId>,
    /// What each key was answered about.
    pub(super) by_key: BTreeMap<(String, IdempotencyKey), String>,
}

impl Known {
    /// A charge of this payment; the first has the reference under which it was
    /// opened.
    pub(super) fn charge(&mut self, request: &PaymentRequest) {
        let id = request.payment_id;
        let earlier = self.charges.iter().filter(|it| it.event.payment_id == Some(id)).count();
        let event = said(request, Outcome::Success);
        let transaction_id = match earlier {
            0 => event.transaction_id.clone(),
            n => format!("{}_{n}", event.transaction_id),
        };
        let is_after_no = self.declined.contains(&id);
        let event = GatewayEvent { transaction_id, ..event };
        self.charges.push(Charge { event, told: false, is_after_no });
    }

    /// Whether a second charge can be told from the first: nothing was kept that
    /// names only the gateway's reference, of which a payment has one.
    pub(super) fn may_be_charged_again(&self, payment: PaymentId) -> bool {
        let unnamed = BookkeepingGateway::transaction(payment);
        self.is_charged(payment) && !self.unmatched.contains(&unnamed)
    }

    /// What the gateway was answered.
    pub(super) fn told(&mut self, event: &GatewayEvent, received: Received) {
        match received {
            Received::Taken | Received::Repeated => {}
            Received::UnknownTransaction => {
                self.unmatched.insert(event.transaction_id.clone());
                return;
            }
            Received::WrongAmount => return,
        }
        let word = |it: &GatewayEvent| (it.transaction_id.clone(), it.outcome, it.amount);
        let same = self.charges.iter_mut().find(|charge| word(&charge.event) == word(event));
        if let Some(charge) = same {
            charge.told = true;
        }
    }

    /// What the gateway has to tell by itself. Asked about a payment, it names one
    /// charge; and once that is known, nobody asks.
    pub(super) fn only_told(&self) -> Vec<GatewayEvent> {
        let payment = |charge: &Charge| charge.event.payment_id;
        let twice = |charge: &Charge| payment(charge).is_some_and(|id| self.is_charged_twice(id));
        let only_told = |it: &&Charge| !it.told && (it.is_after_no || twice(it));
        self.charges.iter().filter(only_told).map(|charge| charge.event.clone()).collect()
    }

    pub(super) fn is_charged(&self, payment: PaymentId) -> bool {
        self.charges.iter().any(|it| it.event.payment_id == Some(payment))
    }

    pub(super) fn is_charged_twice(&self, payment: PaymentId) -> bool {
        self.charges.iter().filter(|it| it.event.payment_id == Some(payment)).count() > 1
    }

    /// The same key is always answered about the same.
    pub(super) fn answered(&mut self, user: String, key: IdempotencyKey, about: &str) {
        let first = self.by_key.entry((user, key)).or_insert_with(|| about.to_owned());
        assert_eq!(*first, about, "one key, two answers");
    }
}

/// The gateway's word about a payment.
pub(super) fn said(request: &PaymentRequest, outcome: Outcome) -> GatewayEvent {
    GatewayEvent {
        provider: request.method,
        transaction_id: BookkeepingGateway::transaction(request.payment_id),
        payment_id: Some(request.payment_id),
        outcome,
        amount: request.amount,
        currency: (request.method == PaymentMethod::Card).then_some(request.currency),
        paid_at: None,
    }
}
