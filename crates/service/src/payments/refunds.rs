use crate::limits::PAGE;
use crate::model::{Payment, PaymentStatus};
use crate::ports::{PaymentMove, RefundRequest, Refunded, StoreError};
use crate::{Error, Service};

/// Refunds in a row that the gateway may not accept before the rest is left to
/// the next round: most likely it is down, and each call takes its time.
const REFUSALS_MAX: u32 = 10;

impl Service {
    /// Asks again for every refund the gateway has not accepted yet; gives how
    /// many it has now.
    ///
    /// # Errors
    /// The store failed.
    pub async fn settle_refunds(&self) -> Result<u64, Error> {
        let (mut refunded, mut refusals) = (0, 0);
        let open = self.store.payments_with_status(PaymentStatus::RefundPending, PAGE).await?;
        for payment in open {
            if self.refund(&payment).await {
                refunded += 1;
                refusals = 0;
            } else {
                refusals += 1;
            }
            if refusals == REFUSALS_MAX {
                break;
            }
        }
        Ok(refunded)
    }

    /// Gives one payment back. Exactly once, however often it is asked for: the
    /// refund's id follows from the payment's.
    pub(super) async fn refund(&self, payment: &Payment) -> bool {
        let request = RefundRequest {
            refund_id: payment.id.refund(),
            payment_id: payment.id,
            method: payment.provider,
            transaction_id: payment.transaction_id.clone(),
            amount: payment.amount,
            currency: payment.currency,
            created_at: payment.created_at,
            // The row does not change until the refund is done.
            requested_at: payment.updated_at,
            reason: format!("Refund of {}", payment.id),
        };
        match self.gateway.refund(&request).await {
            Ok(Refunded::Done) => {}
            Ok(Refunded::Pending) => return false,
            Err(error) => {
                tracing::warn!(payment_id = %payment.id, %error, "refund not accepted");
                return false;
            }
        }
        match self.note_refund(payment).await {
            Ok(noted) => noted,
            Err(error) => {
                tracing::warn!(payment_id = %payment.id, %error, "refund not noted");
                false
            }
        }
    }

    async fn note_refund(&self, payment: &Payment) -> Result<bool, StoreError> {
        let step = PaymentMove::new(
            payment.id,
            &[PaymentStatus::RefundPending],
            PaymentStatus::Refunded,
            self.env.now(),
        );
        self.store.move_payment(&step).await
    }
}
