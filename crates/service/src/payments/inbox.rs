use std::sync::Arc;

use seathold_core::{PaymentId, Timestamp};

use super::Scope;
use crate::limits::{
    EVENT_RETRY_MAX_MS, EVENT_RETRY_MS, EVENT_STUCK_MS, PAGE, PAYMENT_LEASE_MS, SETTLE_WAIT,
};
use crate::model::{GatewayEvent, Outcome, Payment, PaymentMethod, PaymentStatus, ReceivedEvent};
use crate::ports::{EventKey, PaymentMove, StoreError};
use crate::{Error, Received, Service};

impl Service {
    /// Takes in what a gateway says, once its authenticity is proven. When this
    /// returns `Taken` the event is durable, and everything that follows from
    /// it is done or will be.
    ///
    /// # Errors
    /// The store failed: the event may be lost, the gateway has to repeat it.
    pub async fn receive(self: &Arc<Self>, event: GatewayEvent) -> Result<Received, Error> {
        if self.is_settled(&event).await? {
            metrics::counter!("seathold_webhooks_total", "outcome" => "taken").increment(1);
            return Ok(Received::Repeated);
        }
        let payment = self.payment_meant(&event).await?;
        if let Some(payment) = payment.as_ref().filter(|payment| !fits(&event, payment)) {
            note_mismatch(&event, payment);
            return Ok(Received::WrongAmount);
        }
        // A later charge may take the place of the reference by which it was found.
        let payment_id = event.payment_id.or(payment.as_ref().map(|payment| payment.id));
        let event = GatewayEvent { payment_id, ..event };
        let key = EventKey::from(&event);
        let received_at = self.env.now();
        let new = ReceivedEvent::new(event, received_at);
        let mut row = self.store.receive_event(&new).await?;
        if let Some(payment) = payment.as_ref().filter(|payment| !fits(&row.event, payment)) {
            // Kept while nobody could know that it was wrong: it stands in the way.
            note_mismatch(&row.event, payment);
            self.store.forget_event(&row.event).await?;
            row = self.store.receive_event(&new).await?;
        }
        if let Some(payment) = payment.as_ref().filter(|_| !row.done) {
            self.note_reference(payment, &row.event).await?;
        }
        if payment.is_none() && !row.done {
            metrics::counter!("seathold_webhooks_total", "outcome" => "unmatched").increment(1);
            return Ok(Received::UnknownTransaction);
        }
        metrics::counter!("seathold_webhooks_total", "outcome" => "taken").increment(1);
        if !row.done {
            let (service, event) = (self.clone(), row.event);
            let work = self.env.detached(async move { service.drive(&key, &event).await });
            // Late or failed: the cron goes on with it.
            let _ = tokio::time::timeout(SETTLE_WAIT, work).await;
            self.tell_soon();
        }
        Ok(if row.done { Received::Repeated } else { Received::Taken })
    }

    /// Whether this very event was taken, and all that follows from it is done: known
    /// by one read, since gateways may repeat themselves a thousand times a second.
    async fn is_settled(&self, event: &GatewayEvent) -> Result<bool, StoreError> {
        let row = self.store.event(&EventKey::from(event)).await?;
        Ok(row.is_some_and(|ReceivedEvent { event: known, done, .. }| {
            done && (known.amount, known.currency) == (event.amount, event.currency)
        }))
    }

    /// An event was kept that came before its payment had its reference, and
    /// without ours: now that it is named, it is found by that.
    async fn note_reference(&self, payment: &Payment, kept: &GatewayEvent) -> Result<(), Error> {
        if kept.payment_id.is_some() || payment.transaction_id.is_some() {
            return Ok(());
        }
        let from = [payment.status];
        let step = PaymentMove {
            transaction_id: Some(&kept.transaction_id),
            keep_checking: true,
            ..PaymentMove::new(payment.id, &from, payment.status, self.env.now())
        };
        self.store.move_payment(&step).await?;
        Ok(())
    }

    /// Goes on with the events that are not done and whose turn it is; gives how
    /// many are now. Tells in metrics of those that are stuck.
    ///
    /// # Errors
    /// The store failed.
    pub async fn settle_inbox(&self) -> Result<u64, Error> {
        self.drive_inbox(Scope::Due).await
    }

    pub(crate) async fn drive_inbox(&self, scope: Scope) -> Result<u64, Error> {
        let (mut done, mut after, mut open) = (0, None, Open::default());
        loop {
            let rows = self.store.events_after(after.as_ref(), true, PAGE).await?;
            let Some(last) = rows.last() else { break };
            after = Some(EventKey::from(&last.event));
            for row in rows {
                let now = self.env.now();
                let is_done = scope.takes(row.next_try, now) && self.try_again(&row).await?;
                done += u64::from(is_done);
                if !is_done {
                    open.count(&row, now);
                }
            }
        }
        open.tell();
        Ok(done)
    }

    /// Goes on with an event; if in vain, the next round but one or more does.
    async fn try_again(&self, row: &ReceivedEvent) -> Result<bool, Error> {
        let key = EventKey::from(&row.event);
        if self.drive(&key, &row.event).await {
            return Ok(true);
        }
        let wait = self.env.backoff(EVENT_RETRY_MS, EVENT_RETRY_MAX_MS, row.tries);
        self.store.postpone_event(&key, self.env.now().plus_millis(wait)).await?;
        Ok(false)
    }

    /// Goes on with events that came before their payment was known here.
    pub(super) async fn settle_events_of(&self, provider: PaymentMethod, transaction: &str) {
        for outcome in [Outcome::Failed, Outcome::Success] {
            let transaction_id = transaction.to_owned();
            let key = EventKey { provider, transaction_id, outcome };
            if let Ok(Some(row)) = self.store.event(&key).await
                && !row.done
            {
                self.drive(&key, &row.event).await;
            }
        }
    }

    /// Does everything that follows from an event. `false`: not now; somebody
    /// else is at it, its payment is not known yet, or something failed.
    async fn drive(&self, key: &EventKey, event: &GatewayEvent) -> bool {
        match self.try_drive(key, event).await {
            Ok(done) => done,
            Err(error) => {
                tracing::warn!(transaction_id = event.transaction_id, ?error, "event left undone");
                false
            }
        }
    }

    async fn try_drive(&self, key: &EventKey, event: &GatewayEvent) -> Result<bool, Error> {
        let Some(payment) = self.payment_meant(event).await? else { return Ok(false) };
        if !fits(event, &payment) {
            // It came before its payment was known, or it would have been refused.
            note_mismatch(event, &payment);
            self.store.forget_event(event).await?;
            return Ok(false);
        }
        match event.outcome {
            Outcome::Success if payment.status.is_charged() => {
                self.charged_before(&payment, event).await?;
            }
            Outcome::Success if !self.decide_alone(&payment, event).await? => return Ok(false),
            Outcome::Success => {}
            Outcome::Failed => self.failed(&payment).await?,
        }
        self.store.finish_event(key).await?;
        Ok(true)
    }

    /// Decides what becomes of the money of a payment. `false`: somebody else is at
    /// it. Two drivers could decide differently, also by two events of the same
    /// payment.
    async fn decide_alone(&self, payment: &Payment, event: &GatewayEvent) -> Result<bool, Error> {
        let now = self.env.now();
        let until = now.plus_millis(PAYMENT_LEASE_MS);
        if !self.store.lease_payment(payment.id, now, until).await? {
            return Ok(false);
        }
        let decided = self.decide(payment.id, event, until).await;
        // No step is under way any more, and those that were done say the same to whoever
        // tries next, who need not wait. After `Unknown`, one may yet take effect.
        if let Err(Error::Busy | Error::Unavailable) = decided {
            // The other way round: a lease that ends with ours, until now. If that
            // fails, it runs out.
            let _ = self.store.lease_payment(payment.id, until, self.env.now()).await;
        }
        decided
    }

    async fn decide(
        &self,
        payment: PaymentId,
        event: &GatewayEvent,
        until: Timestamp,
    ) -> Result<bool, Error> {
        // Read anew: the driver before may have got far.
        let Some(payment) = self.store.payment(payment).await? else { return Ok(false) };
        self.paid(&payment, event, until).await?;
        Ok(true)
    }

    /// Ends that payment only: the hold stays, and may be paid otherwise.
    async fn failed(&self, payment: &Payment) -> Result<(), Error> {
        let step = PaymentMove::new(
            payment.id,
            // Of a superseded one, too, nobody need ask any more.
            &[PaymentStatus::Pending, PaymentStatus::Failed],
            PaymentStatus::Failed,
            self.env.now(),
        );
        self.store.move_payment(&step).await?;
        Ok(())
    }

    /// The payment an event is about: by the gateway's reference, or else by ours.
    /// A failed attempt may have had a reference of its own, and so may a second
    /// charge.
    pub(crate) async fn payment_meant(
        &self,
        event: &GatewayEvent,
    ) -> Result<Option<Payment>, StoreError> {
        let known =
            self.store.payment_of_transaction(event.provider, &event.transaction_id).await?;
        if known.is_some() {
            return Ok(known);
        }
        let Some(id) = event.payment_id else { return Ok(None) };
        let named = self.store.payment(id).await?;
        Ok(named.filter(|payment| payment.provider == event.provider))
    }
}

/// What a round has left undone.
#[derive(Default)]
struct Open {
    stuck: u64,
    oldest_ms: i64,
}

impl Open {
    fn count(&mut self, row: &ReceivedEvent, now: Timestamp) {
        let age = now.millis_since(row.received_at);
        self.stuck += u64::from(age > EVENT_STUCK_MS);
        self.oldest_ms = self.oldest_ms.max(age);
    }

    fn tell(&self) {
        metrics::gauge!("seathold_inbox_stuck").set(self.stuck as f64);
        metrics::gauge!("seathold_inbox_oldest_seconds").set(self.oldest_ms as f64 / 1000.0);
    }
}

/// Nothing follows from such an event, but somebody should look at it.
fn note_mismatch(event: &GatewayEvent, payment: &Payment) {
    metrics::counter!("seathold_webhooks_total", "outcome" => "mismatch").increment(1);
    let (said, due) = (event.amount, payment.amount);
    tracing::error!(payment_id = %payment.id, said, due, "the gateway names another amount");
}

fn fits(event: &GatewayEvent, payment: &Payment) -> bool {
    event.amount == payment.amount
        && event.currency.is_none_or(|currency| currency == payment.currency)
}
