use async_trait::async_trait;
use seathold_core::{BookingId, PaymentId, Timestamp};

use super::StoreError;
use crate::model::{
    GatewayEvent, Outcome, Payment, PaymentMethod, PaymentStatus, ReceivedEvent, RefundReason,
};

/// What became of a new payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// It is there.
    Yes,
    /// The booking has a pending payment already: this one.
    Pending(Box<Payment>),
}

/// A conditional step in a payment's life.
#[derive(Clone, Debug)]
pub struct PaymentMove<'a> {
    /// Which payment.
    pub id: PaymentId,
    /// Only from one of these.
    pub from: &'a [PaymentStatus],
    /// To this.
    pub to: PaymentStatus,
    /// When the money was taken, to store.
    pub paid_at: Option<Timestamp>,
    /// The gateway's reference of the charge, to store whatever is there.
    pub transaction_id: Option<&'a str>,
    /// Why the money goes back, to store.
    pub refund_reason: Option<RefundReason>,
    /// Whether the gateway is still to be asked when it was to be. Else nothing is
    /// planned: a refund is due at once.
    pub keep_checking: bool,
    /// When the row changes.
    pub at: Timestamp,
    /// By the store's clock, only before this moment: a driver that lost its
    /// lease on the event does nothing.
    pub deadline: Option<Timestamp>,
}

impl<'a> PaymentMove<'a> {
    /// A step that changes the status alone, and ends what the gateway was asked.
    #[must_use]
    pub const fn new(
        id: PaymentId,
        from: &'a [PaymentStatus],
        to: PaymentStatus,
        at: Timestamp,
    ) -> Self {
        Self {
            id,
            from,
            to,
            paid_at: None,
            transaction_id: None,
            refund_reason: None,
            keep_checking: false,
            at,
            deadline: None,
        }
    }
}

/// What makes a row of the inbox unique.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventKey {
    /// The provider.
    pub provider: PaymentMethod,
    /// Its reference.
    pub transaction_id: String,
    /// Paid or not.
    pub outcome: Outcome,
}

impl From<&GatewayEvent> for EventKey {
    fn from(event: &GatewayEvent) -> Self {
        Self {
            provider: event.provider,
            transaction_id: event.transaction_id.clone(),
            outcome: event.outcome,
        }
    }
}

/// Payments, and the inbox of what gateways say.
#[async_trait]
pub trait Payments: Send + Sync {
    /// Adds a payment; not a pending one if its booking has one. One whose id is
    /// there already is left as it is.
    async fn insert_payment(&self, payment: &Payment) -> Result<Inserted, StoreError>;

    /// One payment.
    async fn payment(&self, id: PaymentId) -> Result<Option<Payment>, StoreError>;

    /// The pending payment of a booking.
    async fn pending_payment(&self, booking: BookingId) -> Result<Option<Payment>, StoreError>;

    /// The payments of a booking, whatever became of them, in order of ids.
    async fn payments_of(&self, booking: BookingId, limit: u32)
    -> Result<Vec<Payment>, StoreError>;

    /// The payment with this reference at this provider.
    async fn payment_of_transaction(
        &self,
        provider: PaymentMethod,
        transaction_id: &str,
    ) -> Result<Option<Payment>, StoreError>;

    /// Stores the gateway's URL, until when the buyer may pay there, and its
    /// reference if it has given one and none of a charge is there. `false`:
    /// another payment of this provider has that reference, or there is no such
    /// payment.
    async fn open_session(
        &self,
        id: PaymentId,
        transaction_id: Option<&str>,
        payment_url: &str,
        expires_at: Timestamp,
        at: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Makes a conditional step. `false`, and nothing is changed: the payment
    /// was not in a state it may start from, it is too late, or another payment
    /// has the reference or is the pending one of the booking.
    async fn move_payment(&self, step: &PaymentMove<'_>) -> Result<bool, StoreError>;

    /// Payments with this stored status after this id, in order of ids.
    async fn payments_with_status(
        &self,
        status: PaymentStatus,
        after: Option<PaymentId>,
        limit: u32,
    ) -> Result<Vec<Payment>, StoreError>;

    /// Payments that may yet be paid whose `next_check` is at or before the
    /// moment, the earliest first.
    async fn payments_to_check(
        &self,
        at: Timestamp,
        limit: u32,
    ) -> Result<Vec<Payment>, StoreError>;

    /// Counts a check, and sets when the next is due. `false`: `next_check` is
    /// not as it was seen, somebody else was faster.
    async fn count_check(
        &self,
        id: PaymentId,
        seen: Option<Timestamp>,
        next: Option<Timestamp>,
    ) -> Result<bool, StoreError>;

    /// Makes the caller the only one to decide about a payment's money until
    /// `until`: `true` if it is there, and nobody else's lease on it reaches
    /// beyond `now`. With the end of an own lease for `now`, and for `until` the
    /// present, it is given back, if nobody has taken it since.
    async fn lease_payment(
        &self,
        id: PaymentId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Keeps an event, unless it is there; gives the row as it stands then.
    async fn receive_event(&self, event: &ReceivedEvent) -> Result<ReceivedEvent, StoreError>;

    /// Forgets an event that is not done, if it is kept just as it is here.
    async fn forget_event(&self, event: &GatewayEvent) -> Result<(), StoreError>;

    /// One event.
    async fn event(&self, key: &EventKey) -> Result<Option<ReceivedEvent>, StoreError>;

    /// Counts a try in vain, and sets before when no round tries again. An event
    /// that is done is left as it is.
    async fn postpone_event(&self, key: &EventKey, next_try: Timestamp) -> Result<(), StoreError>;

    /// Notes that everything that follows from an event is done.
    async fn finish_event(&self, key: &EventKey) -> Result<(), StoreError>;

    /// Events after this key, in an order of keys that is always the same; with
    /// `unfinished`, only those that are not done.
    async fn events_after(
        &self,
        after: Option<&EventKey>,
        unfinished: bool,
        limit: u32,
    ) -> Result<Vec<ReceivedEvent>, StoreError>;

    /// Payments after this id, in order of ids, for `verify`.
    async fn payments_after(
        &self,
        after: Option<PaymentId>,
        limit: u32,
    ) -> Result<Vec<Payment>, StoreError>;
}
