use seathold_core::{Refusal, Timestamp};

use crate::desk::Order;
use crate::model::{Booking, BookingStatus, GatewayEvent, Payment, PaymentStatus, RefundReason};
use crate::ports::PaymentMove;
use crate::{Error, Service};

impl Service {
    /// The money was taken: it ends as sold seats, or on its way back. Every
    /// step is conditional and may be repeated.
    pub(super) async fn paid(
        &self,
        payment: &Payment,
        event: &GatewayEvent,
        lease_until: Timestamp,
    ) -> Result<(), Error> {
        if payment.status.is_charged() {
            return self.charged_before(payment, event).await;
        }
        let sold = self.sell_for(payment, lease_until).await?;
        let now = self.env.now();
        let step = PaymentMove {
            id: payment.id,
            from: &[PaymentStatus::Pending, PaymentStatus::Failed],
            to: if sold { PaymentStatus::Completed } else { PaymentStatus::RefundPending },
            paid_at: Some(event.paid_at.unwrap_or(now)),
            transaction_id: Some(&event.transaction_id),
            refund_reason: (!sold).then_some(RefundReason::NotSold),
            keep_checking: false,
            at: now,
            deadline: Some(lease_until),
        };
        let moved = self.store.move_payment(&step).await?;
        if !moved {
            return self.decided_elsewhere(payment, event).await;
        }
        tracing::info!(payment_id = %payment.id, booking_id = %payment.booking_id, sold, "paid");
        if !sold {
            // Not accepted: the cron tries again.
            let transaction_id = Some(event.transaction_id.clone());
            self.refund(&Payment { transaction_id, updated_at: now, ..payment.clone() }).await;
        }
        Ok(())
    }

    /// The payment is charged: by this very event, or by another.
    pub(super) async fn charged_before(
        &self,
        payment: &Payment,
        event: &GatewayEvent,
    ) -> Result<(), Error> {
        let known = payment.transaction_id.as_deref();
        match known.is_none_or(|known| known == event.transaction_id) {
            true => Ok(()),
            false => self.charged_again(payment, event).await,
        }
    }

    /// The gateway has taken the money once more: that charge is a payment of its
    /// own, which goes back.
    async fn charged_again(&self, payment: &Payment, event: &GatewayEvent) -> Result<(), Error> {
        let again = payment.charged_again(event, self.env.now());
        tracing::warn!(payment_id = %payment.id, again = %again.id, "charged once more");
        self.store.insert_payment(&again).await?;
        // By another driver before, perhaps.
        if let Some(again) = self.store.payment(again.id).await?
            && again.status == PaymentStatus::RefundPending
        {
            self.refund(&again).await;
        }
        Ok(())
    }

    /// Another driver has decided about this payment, or has to: ours is over. What
    /// that one was told may be another charge.
    async fn decided_elsewhere(
        &self,
        payment: &Payment,
        event: &GatewayEvent,
    ) -> Result<(), Error> {
        match self.store.payment(payment.id).await? {
            Some(now) if now.status.is_charged() => self.charged_before(&now, event).await,
            _ => Err(Error::Busy),
        }
    }

    /// Sells the booking's seats for this payment. `false`: they cannot be, or
    /// another payment has bought them; the money goes back.
    async fn sell_for(&self, payment: &Payment, commit_by: Timestamp) -> Result<bool, Error> {
        let Some(booking) = self.store.booking(payment.booking_id).await? else {
            return Ok(false);
        };
        match (booking.status, booking.paid_by) {
            (_, Some(paid_by)) => return Ok(paid_by == payment.id),
            (BookingStatus::Cancelled, None) => return Ok(false),
            _ => {}
        }
        if !self.sell(&booking, false, commit_by).await?
            && !self.sell_late(&booking, commit_by).await?
        {
            return Ok(false);
        }
        let row = self.store.confirm_booking(booking.id, Some(payment.id), self.env.now()).await?;
        Ok(row.is_some_and(|row| row.paid_by == Some(payment.id)))
    }

    /// The hold is gone. If nobody cancelled it and its seats are all free
    /// again, they are sold after all.
    async fn sell_late(&self, booking: &Booking, commit_by: Timestamp) -> Result<bool, Error> {
        // Read anew: a cancel marks the row before it frees the seats.
        let row = self.store.booking(booking.id).await?;
        if row.is_none_or(|row| row.cancelled_at.is_some() || row.refund.is_some()) {
            return Ok(false);
        }
        self.sell(booking, true, commit_by).await
    }

    async fn sell(
        &self,
        booking: &Booking,
        take_back: bool,
        commit_by: Timestamp,
    ) -> Result<bool, Error> {
        let sell = Order::Sell {
            booking: booking.id,
            user: booking.user_id.clone(),
            seats: booking.labels(),
            take_back,
            commit_by,
        };
        match self.desks.order(booking.showtime_id, sell).await {
            Ok(_) => Ok(true),
            Err(Error::Refused(
                Refusal::SeatsGone | Refusal::ShowtimeNotAvailable | Refusal::ShowtimeNotFound,
            )) => Ok(false),
            Err(error) => Err(error),
        }
    }
}
