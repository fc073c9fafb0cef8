use seathold_core::{BookingId, PaymentId, RefundId, Timestamp};

use crate::limits::HISTORY_PAYMENTS_MAX;
use crate::model::{
    Booking, BookingEvent, BookingEventId, BookingStatus, DeliveryState, Payment, PaymentMethod,
    PaymentStatus, RefundReason,
};
use crate::{Error, Service};

/// Something in the life of a booking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastEvent {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: Past,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Past {
    /// The booking itself became so.
    Booking(BookingEvent),
    /// A payment was started.
    PaymentStarted {
        /// Which one.
        payment: PaymentId,
        /// With whom.
        method: PaymentMethod,
        /// How much, in minor units.
        amount: i64,
    },
    /// The gateway took the money.
    PaymentPaid {
        /// Which payment.
        payment: PaymentId,
        /// The gateway's reference.
        transaction: Option<String>,
    },
    /// The gateway said no, or another method was chosen.
    PaymentFailed(PaymentId),
    /// It was decided that the money of a payment goes back.
    PaymentToRefund(PaymentId, Option<RefundReason>),
    /// The money of a payment is back.
    PaymentRefunded(PaymentId, Option<RefundReason>),
    /// It was decided to give the sold booking back.
    RefundDecided(RefundId, RefundReason),
    /// A receiver has an event.
    Told(BookingEventId, Option<String>),
    /// An event was given up.
    GivenUp(BookingEventId, Option<String>),
}

impl Service {
    /// The life of a booking so far, in order of time, by what is written down.
    ///
    /// # Errors
    /// There is no such booking, or the store failed.
    pub async fn history(&self, id: BookingId) -> Result<Vec<PastEvent>, Error> {
        let row = self.current(id).await?;
        // What never took effect is written down as expired by now.
        let written = self.store.booking(id).await?;
        let stands = written.is_some_and(|row| row.status == BookingStatus::Pending);
        let payments = self.store.payments_of(id, HISTORY_PAYMENTS_MAX).await?;
        let mut past = of_booking(&row, stands);
        past.extend(payments.iter().flat_map(of_payment));
        past.extend(self.of_outbox(&row));
        past.sort_by_key(|event| event.at);
        Ok(past)
    }

    fn of_outbox(&self, row: &Booking) -> Vec<PastEvent> {
        let deliveries = row.outbox.iter().flat_map(|outbox| &outbox.deliveries);
        deliveries
            .filter_map(|it| {
                let id = BookingEventId { booking: row.id, event: it.event };
                let address = self.outbound.receivers.address(it.receiver);
                let what = match it.state {
                    DeliveryState::Told => Past::Told(id, address),
                    DeliveryState::Dead => Past::GivenUp(id, address),
                    DeliveryState::Waiting => return None,
                };
                Some(PastEvent { at: it.at, what })
            })
            .collect()
    }
}

fn of_booking(row: &Booking, stands: bool) -> Vec<PastEvent> {
    let events = row.events(stands).into_iter();
    let mut past: Vec<_> =
        events.map(|(event, at)| PastEvent { at, what: Past::Booking(event) }).collect();
    if let Some(refund) = row.refund {
        let what = Past::RefundDecided(refund.id, refund.reason);
        past.push(PastEvent { at: refund.since, what });
    }
    past
}

fn of_payment(payment: &Payment) -> Vec<PastEvent> {
    let (id, reason) = (payment.id, payment.refund_reason);
    let started =
        Past::PaymentStarted { payment: id, method: payment.provider, amount: payment.amount };
    let paid = Past::PaymentPaid { payment: id, transaction: payment.transaction_id.clone() };
    let became = match payment.status {
        PaymentStatus::Failed => Some(Past::PaymentFailed(id)),
        PaymentStatus::RefundPending => Some(Past::PaymentToRefund(id, reason)),
        PaymentStatus::Refunded => Some(Past::PaymentRefunded(id, reason)),
        PaymentStatus::Pending | PaymentStatus::Completed | PaymentStatus::Expired => None,
    };
    let steps = [
        (Some(payment.created_at), Some(started)),
        (payment.paid_at, Some(paid)),
        (Some(payment.updated_at), became),
    ];
    steps.into_iter().filter_map(|(at, what)| Some(PastEvent { at: at?, what: what? })).collect()
}
