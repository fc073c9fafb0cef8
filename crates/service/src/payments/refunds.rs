use seathold_core::Timestamp;

use super::Scope;
use crate::limits::{CHECK_MAX_MS, PAGE, REFUND_RETRY_MS};
use crate::model::{Payment, PaymentStatus, RefundReason};
use crate::ports::{PaymentMove, RefundRequest, Refunded};
use crate::{Error, Service};

/// Refunds in a row that the gateway may not accept before the rest is left to
/// the next round: most likely it is down, and each call takes its time.
const REFUSALS_MAX: u32 = 10;

impl Service {
    /// Asks again for the refunds the gateway has not made yet and whose turn it
    /// is; gives how many it has made now.
    ///
    /// # Errors
    /// The store failed.
    pub async fn settle_refunds(&self) -> Result<u64, Error> {
        self.drive_refunds(Scope::Due).await
    }

    pub(crate) async fn drive_refunds(&self, scope: Scope) -> Result<u64, Error> {
        let (mut refunded, mut refusals, mut after) = (0, 0, None);
        while refusals < REFUSALS_MAX {
            let status = PaymentStatus::RefundPending;
            let open = self.store.payments_with_status(status, after, PAGE).await?;
            let Some(last) = open.last() else { break };
            after = Some(last.id);
            for payment in open.iter().filter(|it| scope.takes(it.next_check, self.env.now())) {
                if !self.count_refund_try(payment).await? {
                    continue;
                }
                if self.refund(payment).await {
                    (refunded, refusals) = (refunded + 1, 0);
                } else {
                    refusals += 1;
                }
                if refusals == REFUSALS_MAX {
                    break;
                }
            }
        }
        Ok(refunded)
    }

    /// So that those which are refused for good do not keep others waiting.
    async fn count_refund_try(&self, payment: &Payment) -> Result<bool, Error> {
        let wait = self.env.backoff(REFUND_RETRY_MS, CHECK_MAX_MS, payment.checks);
        let next = Some(self.env.now().plus_millis(wait));
        Ok(self.store.count_check(payment.id, payment.next_check, next).await?)
    }

    /// Gives one payment back. Exactly once, however often it is asked for: the
    /// refund's id follows from the payment's. `false`: not yet.
    pub(super) async fn refund(&self, payment: &Payment) -> bool {
        match self.try_refund(payment).await {
            Ok(refunded) => refunded,
            Err(error) => {
                tracing::warn!(payment_id = %payment.id, ?error, "refund not made");
                false
            }
        }
    }

    async fn try_refund(&self, payment: &Payment) -> Result<bool, Error> {
        let of_booking = payment.refund_reason.is_some_and(RefundReason::is_of_booking);
        if of_booking {
            // Whoever began may have got no further.
            self.free_refunded(payment.booking_id).await?;
        }
        let request = RefundRequest {
            refund_id: payment.id.refund(),
            payment_id: payment.reference(),
            method: payment.provider,
            transaction_id: payment.transaction_id.clone(),
            amount: payment.amount,
            currency: payment.currency,
            created_at: payment.created_at,
            // The row does not change until the refund is done.
            requested_at: payment.updated_at,
            reason: format!("Refund of {}", payment.reference()),
        };
        match self.gateway.refund(&request).await {
            Ok(Refunded::Done) => {}
            Ok(Refunded::Pending) => return Ok(false),
            Err(error) => {
                tracing::warn!(payment_id = %payment.id, %error, "refund not accepted");
                return Ok(false);
            }
        }
        let now = self.env.now();
        if of_booking {
            // First: it is by the payment that an unfinished refund is found.
            self.store.note_refunded(payment.booking_id, now).await?;
        }
        self.note_refund(payment, now).await
    }

    async fn note_refund(&self, payment: &Payment, now: Timestamp) -> Result<bool, Error> {
        let from = &[PaymentStatus::RefundPending];
        let step = PaymentMove::new(payment.id, from, PaymentStatus::Refunded, now);
        Ok(self.store.move_payment(&step).await?)
    }
}
