use std::sync::Arc;

use seathold_core::Timestamp;

use crate::limits::{CHECK_FOR_MS, CHECK_MAX_MS, FIRST_CHECK_MS, PAGE};
use crate::model::Payment;
use crate::ports::{Standing, StatusRequest};
use crate::{Error, Service};

/// Checks in a row that the gateway may leave without an answer before the rest is
/// left to the next round: most likely it is down, and each call takes its time.
const SILENCES_MAX: u32 = 10;

/// What was asked, and what was told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Payments the gateway was asked about.
    pub asked: u64,
    /// Those it says are paid, or will not be.
    pub ended: u64,
}

/// How one check went.
enum Check {
    /// The gateway has said the last word.
    Ended,
    /// It has not.
    Open,
    /// It did not answer.
    Silent,
    /// Another instance was at it.
    Elsewhere,
}

impl Service {
    /// Asks the gateway about payments of which it should have told by now. What it
    /// says is taken in like a message from it.
    ///
    /// # Errors
    /// The store failed.
    pub async fn settle_payments(self: &Arc<Self>) -> Result<Checked, Error> {
        let (mut checked, mut silences) = (Checked::default(), 0);
        loop {
            let due = self.store.payments_to_check(self.env.now(), PAGE).await?;
            if due.is_empty() || !self.check_each(&due, &mut checked, &mut silences).await? {
                return Ok(checked);
            }
        }
    }

    /// The same for all payments that may yet be paid, whether they are due or not.
    pub(crate) async fn settle_all_payments(self: &Arc<Self>) -> Result<Checked, Error> {
        let (mut checked, mut silences, mut after) = (Checked::default(), 0, None);
        loop {
            let mut payments = self.store.payments_after(after, PAGE).await?;
            let Some(last) = payments.last() else { return Ok(checked) };
            after = Some(last.id);
            payments.retain(|it| !it.status.is_charged() && it.next_check.is_some());
            if !self.check_each(&payments, &mut checked, &mut silences).await? {
                return Ok(checked);
            }
        }
    }

    /// `false`: the gateway is silent.
    async fn check_each(
        self: &Arc<Self>,
        payments: &[Payment],
        checked: &mut Checked,
        silences: &mut u32,
    ) -> Result<bool, Error> {
        for payment in payments {
            let check = self.check(payment).await?;
            checked.asked += u64::from(!matches!(check, Check::Elsewhere));
            checked.ended += u64::from(matches!(check, Check::Ended));
            *silences = if matches!(check, Check::Silent) { *silences + 1 } else { 0 };
            if *silences == SILENCES_MAX {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn check(self: &Arc<Self>, payment: &Payment) -> Result<Check, Error> {
        let next = self.check_after(payment);
        if !self.store.count_check(payment.id, payment.next_check, next).await? {
            return Ok(Check::Elsewhere);
        }
        let request = StatusRequest {
            payment_id: payment.id,
            method: payment.provider,
            transaction_id: payment.transaction_id.clone(),
            amount: payment.amount,
            currency: payment.currency,
            created_at: payment.created_at,
        };
        match self.gateway.status(&request).await {
            Ok(Standing::Ended(event)) => {
                tracing::info!(payment_id = %payment.id, outcome = event.outcome.as_str(), "told");
                self.receive(event).await?;
                Ok(Check::Ended)
            }
            Ok(Standing::Pending | Standing::Unknown) => Ok(Check::Open),
            Err(error) => {
                tracing::warn!(payment_id = %payment.id, %error, "gateway not asked");
                Ok(Check::Silent)
            }
        }
    }

    /// When the check after this one is due, if there is to be one.
    fn check_after(&self, payment: &Payment) -> Option<Timestamp> {
        let now = self.env.now();
        let wait = self.env.backoff(FIRST_CHECK_MS, CHECK_MAX_MS, payment.checks);
        (now.millis_since(payment.created_at) < CHECK_FOR_MS).then(|| now.plus_millis(wait))
    }
}
