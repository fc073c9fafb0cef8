//! Buyers: what they decide, and when.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use tokio::time::sleep;

use super::Sandbox;
use super::delivery::Told;
use super::ledger::{Format, Payment, Status};

/// What the buyer decides.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Action {
    /// Pays.
    Pay,
    /// Does not.
    Decline,
}

impl Sandbox {
    /// Lets a buyer decide by themselves about a payment that was just opened,
    /// if that is how it is set.
    pub(super) fn welcome(self: &Arc<Self>, reference: &str) {
        let faults = self.faults_of(reference);
        if !faults.strikes(faults.auto_pay, "auto_pay", reference, 0) {
            return;
        }
        let declines = faults.strikes(faults.decline, "decline", reference, 0);
        let action = if declines { Action::Decline } else { Action::Pay };
        let (sandbox, reference) = (Arc::clone(self), reference.to_owned());
        self.later(async move {
            sleep(Duration::from_millis(faults.pay_ms)).await;
            sandbox.decided(&reference, action).await;
        });
    }

    /// What the buyer decides happens, now or late, and the shop is told. `None`:
    /// there is no such payment.
    pub(super) async fn decided(
        self: &Arc<Self>,
        reference: &str,
        action: Action,
    ) -> Option<(Payment, Told)> {
        let faults = self.faults_of(reference);
        let waits = self.books().ledger.payment(reference)?.status == Status::Pending;
        if waits && faults.strikes(faults.late, "late", reference, 0) {
            let (sandbox, late) = (Arc::clone(self), reference.to_owned());
            self.later(async move {
                sleep(Duration::from_millis(faults.late_ms)).await;
                sandbox.books().tally.late_payments += 1;
                let noted = sandbox.note(&late, action);
                if noted.is_some_and(|payment| payment.status != Status::Pending) {
                    sandbox.tell(&late).await;
                }
            });
            let payment = self.books().ledger.payment(reference).cloned();
            return payment.map(|payment| (payment, Told::Later));
        }
        let payment = self.note(reference, action)?;
        if payment.status == Status::Pending {
            return Some((payment, Told::Yes));
        }
        let told = self.tell(reference).await;
        Some((payment, told))
    }

    /// Only the first decision counts.
    fn note(&self, reference: &str, action: Action) -> Option<Payment> {
        let mut books = self.books();
        let payment = books.ledger.payment(reference)?;
        if payment.status == Status::Pending {
            payment.status = match (action, payment.format) {
                (Action::Pay, _) => Status::Success,
                // An order of ZaloPay's may be paid until its time is over.
                (Action::Decline, Format::Zalopay) => Status::Pending,
                (Action::Decline, _) => Status::Failed,
            };
            let paid = matches!(action, Action::Pay);
            payment.paid_at = paid.then(|| self.env.now().as_millis());
        }
        Some(payment.clone())
    }
}
