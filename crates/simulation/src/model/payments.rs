use seathold_core::{BookingId, PaymentId, Timestamp};
use seathold_service::model::{Payment, PaymentMethod, PaymentStatus, RefundReason};
use seathold_service::ports::{Inserted, PaymentMove, StoreError};

use super::{Done, State, after, earliest};

/// A [`PaymentMove`] that borrows nothing.
#[derive(Clone, Debug)]
pub(super) struct Step {
    id: PaymentId,
    from: Vec<PaymentStatus>,
    to: PaymentStatus,
    paid_at: Option<Timestamp>,
    transaction_id: Option<String>,
    refund_reason: Option<RefundReason>,
    keep_checking: bool,
    at: Timestamp,
    deadline: Option<Timestamp>,
}

impl From<&PaymentMove<'_>> for Step {
    fn from(step: &PaymentMove<'_>) -> Self {
        let &PaymentMove { id, to, paid_at, refund_reason, keep_checking, at, deadline, .. } = step;
        let transaction_id = step.transaction_id.map(str::to_owned);
        let from = step.from.to_vec();
        Self { id, from, to, paid_at, transaction_id, refund_reason, keep_checking, at, deadline }
    }
}

impl State {
    pub(super) fn insert_payment(&mut self, payment: &Payment) -> Done<Inserted> {
        if payment.status == PaymentStatus::Pending
            && let Some(pending) = self.pending_payment(payment.booking_id)
        {
            return Ok(Inserted::Pending(Box::new(pending)));
        }
        if !self.payments.contains_key(&payment.id) && !self.write_payment(payment.clone()) {
            let reason = "another payment has that transaction id";
            return Err(StoreError::Unavailable(reason.to_owned()));
        }
        Ok(Inserted::Yes)
    }

    pub(super) fn payment(&self, id: PaymentId) -> Option<Payment> {
        self.payments.get(&id).cloned()
    }

    pub(super) fn pending_payment(&self, booking: BookingId) -> Option<Payment> {
        let pending =
            |it: &&Payment| it.booking_id == booking && it.status == PaymentStatus::Pending;
        self.payments.values().find(pending).cloned()
    }

    pub(super) fn payments_of(&self, booking: BookingId, limit: u32) -> Vec<Payment> {
        after(&self.payments, None, limit, |it| it.booking_id == booking)
    }

    pub(crate) fn payment_of_transaction(
        &self,
        provider: PaymentMethod,
        transaction_id: &str,
    ) -> Option<Payment> {
        let named = |it: &&Payment| {
            it.provider == provider && it.transaction_id.as_deref() == Some(transaction_id)
        };
        self.payments.values().find(named).cloned()
    }

    pub(super) fn open_session(
        &mut self,
        id: PaymentId,
        transaction_id: Option<String>,
        payment_url: String,
        expires_at: Timestamp,
        at: Timestamp,
    ) -> bool {
        let Some(payment) = self.payment(id) else { return false };
        let known = payment.transaction_id.clone();
        let transaction_id = match payment.status.is_charged() {
            true => known.or(transaction_id),
            false => transaction_id.or(known),
        };
        let payment_url = Some(payment_url);
        let opened = Payment { transaction_id, payment_url, expires_at, updated_at: at, ..payment };
        self.write_payment(opened)
    }

    pub(super) fn move_payment(&mut self, step: &Step, now: Timestamp) -> bool {
        let Some(mut payment) = self.payment(step.id) else { return false };
        let late = step.deadline.is_some_and(|deadline| deadline <= now);
        if late || !step.from.contains(&payment.status) {
            return false;
        }
        payment.status = step.to;
        payment.paid_at = step.paid_at.or(payment.paid_at);
        payment.transaction_id = step.transaction_id.clone().or(payment.transaction_id);
        payment.refund_reason = step.refund_reason.or(payment.refund_reason);
        payment.updated_at = step.at;
        if !step.keep_checking {
            (payment.next_check, payment.checks) = (None, 0);
        }
        self.write_payment(payment)
    }

    pub(super) fn payments_with_status(
        &self,
        status: PaymentStatus,
        id: Option<PaymentId>,
        limit: u32,
    ) -> Vec<Payment> {
        after(&self.payments, id.as_ref(), limit, |it| it.status == status)
    }

    pub(super) fn payments_to_check(&self, at: Timestamp, limit: u32) -> Vec<Payment> {
        let due = self.payments.values().filter_map(|payment| {
            let next = payment.next_check.filter(|next| *next <= at)?;
            (!payment.status.is_charged()).then(|| (next, payment.clone()))
        });
        earliest(due.collect(), limit)
    }

    pub(super) fn count_check(
        &mut self,
        id: PaymentId,
        seen: Option<Timestamp>,
        next: Option<Timestamp>,
    ) -> bool {
        let Some(payment) = self.payments.get_mut(&id) else { return false };
        if payment.next_check != seen {
            return false;
        }
        (payment.next_check, payment.checks) = (next, payment.checks.saturating_add(1));
        true
    }

    pub(super) fn lease_payment(
        &mut self,
        id: PaymentId,
        now: Timestamp,
        until: Timestamp,
    ) -> bool {
        let free = |it: &&mut Payment| it.lease_until.is_none_or(|taken| taken <= now);
        let Some(payment) = self.payments.get_mut(&id).filter(free) else { return false };
        payment.lease_until = Some(until);
        true
    }

    pub(crate) fn payments_after(&self, id: Option<PaymentId>, limit: u32) -> Vec<Payment> {
        after(&self.payments, id.as_ref(), limit, |_| true)
    }

    /// `false`, and nothing is written: another payment has its reference, or is
    /// the pending one of its booking.
    fn write_payment(&mut self, new: Payment) -> bool {
        let pending = new.status == PaymentStatus::Pending;
        let clashes = |it: &Payment| {
            it.id != new.id
                && (pending
                    && it.status == PaymentStatus::Pending
                    && it.booking_id == new.booking_id
                    || new.transaction_id.is_some()
                        && it.provider == new.provider
                        && it.transaction_id == new.transaction_id)
        };
        if self.payments.values().any(clashes) {
            return false;
        }
        self.payments.insert(new.id, new);
        true
    }
}
