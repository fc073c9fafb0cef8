//! The gateway: what it was asked to open, what buyers paid, what went back. It lies
//! about none of that in its own books, only to those who ask, and in its callbacks.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use seathold_core::{BookingId, Currency, PaymentId, RefundId};
use seathold_history::{Event, Money};
use seathold_service::model::{GatewayEvent, Outcome, PaymentMethod};
use seathold_service::ports::{
    Clock, Gateway, GatewayError, GatewaySession, PaymentRequest, RefundRequest, Refunded,
    Standing, StatusRequest,
};
use tokio::time::Instant;

use crate::dice::Dice;
use crate::surroundings::Surroundings;
use crate::wire::{Odds, Wire};

/// How long an instance waits for the gateway.
const PATIENCE: Duration = Duration::from_secs(8);

pub(crate) struct Books {
    around: Arc<Surroundings>,
    dice: Dice,
    inner: Mutex<Inner>,
}

struct Inner {
    sessions: BTreeMap<PaymentId, Session>,
    charges: Vec<Charge>,
    refunds: BTreeMap<RefundId, Refund>,
    down_until: Instant,
}

/// A payment that was opened.
struct Session {
    request: PaymentRequest,
    /// Whether the reference is given only to what is paid.
    is_late: bool,
    /// Whether callbacks say nothing of our reference.
    is_unnamed: bool,
    is_declined: bool,
    charges: u32,
}

/// Money that was taken.
#[derive(Clone, Debug)]
pub(crate) struct Charge {
    /// For which payment.
    pub(crate) of: PaymentId,
    pub(crate) event: GatewayEvent,
    /// Whether a callback about it was acknowledged.
    pub(crate) is_told: bool,
    /// Whether it is told by callbacks only: nobody asks any more.
    pub(crate) is_only_told: bool,
}

/// Money that went back.
#[derive(Clone, Debug)]
pub(crate) struct Refund {
    pub(crate) request: RefundRequest,
    asked: u32,
}

/// What was taken and given back for one payment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sums {
    pub(crate) booking: BookingId,
    pub(crate) charged: i64,
    pub(crate) refunded: i64,
}

/// Something to be told.
#[derive(Clone, Debug)]
pub(crate) struct Callback {
    pub(crate) event: GatewayEvent,
    pub(crate) after: Duration,
    /// How often it is told although it was acknowledged.
    pub(crate) repeats: u32,
    /// Whether it is told until it is acknowledged.
    pub(crate) insists: bool,
}

impl Books {
    pub(crate) fn new(around: Arc<Surroundings>, dice: &Dice) -> Self {
        let inner = Inner {
            sessions: BTreeMap::new(),
            charges: Vec::new(),
            refunds: BTreeMap::new(),
            down_until: Instant::now(),
        };
        Self { around, dice: dice.for_("gateway"), inner: Mutex::new(inner) }
    }

    pub(crate) fn go_down(&self) {
        let time = self.dice.millis(500, 20_000);
        self.inner().down_until = Instant::now() + time;
        self.around.note(|| format!("the gateway is down for {time:?}"));
    }

    /// Faults are over.
    pub(crate) fn mend(&self) {
        self.inner().down_until = Instant::now();
    }

    pub(crate) fn charges(&self) -> Vec<Charge> {
        self.inner().charges.clone()
    }

    pub(crate) fn refunds(&self) -> Vec<Refund> {
        self.inner().refunds.values().cloned().collect()
    }

    /// What was taken and given back, by payment.
    pub(crate) fn sums(&self) -> BTreeMap<PaymentId, Sums> {
        let inner = self.inner();
        let of = |session: &Session| {
            let booking = session.request.booking_id;
            Sums { booking, charged: 0, refunded: 0 }
        };
        let mut sums: BTreeMap<_, _> =
            inner.sessions.iter().map(|(id, session)| (*id, of(session))).collect();
        for charge in &inner.charges {
            if let Some(sums) = sums.get_mut(&charge.of) {
                sums.charged += charge.event.amount;
            }
        }
        for refund in inner.refunds.values() {
            if let Some(sums) = sums.get_mut(&refund.request.payment_id) {
                sums.refunded += refund.request.amount;
            }
        }
        sums
    }

    /// A callback about this was acknowledged.
    pub(crate) fn told(&self, event: &GatewayEvent) {
        let same = |charge: &&mut Charge| {
            let known = &charge.event;
            (known.outcome, known.amount, &known.transaction_id)
                == (event.outcome, event.amount, &event.transaction_id)
        };
        if let Some(charge) = self.inner().charges.iter_mut().find(same) {
            charge.is_told = true;
        }
    }

    /// The buyer is at the gateway's page. Gives what is to be told of what happens
    /// there; none if it was paid before, or there is no such page.
    pub(crate) fn pay(&self, payment: PaymentId) -> Option<Vec<Callback>> {
        let faults = &self.around.plan.gateway;
        let mut inner = self.inner();
        let Inner { sessions, charges, .. } = &mut *inner;
        let session = sessions.get_mut(&payment).filter(|session| session.charges == 0)?;
        let mut told = Vec::new();
        if self.around.strikes(faults.declined) {
            session.is_declined = true;
            told.push(self.callback(session.word(Outcome::Failed), false));
        }
        if self.around.strikes(faults.wrong_amount) {
            let event = session.word(Outcome::Success);
            let event = GatewayEvent { amount: event.amount + 1, ..event };
            told.push(Callback { event, after: self.soon(), repeats: 0, insists: false });
        }
        let twice = !session.is_unnamed && self.around.strikes(faults.paid_twice);
        let is_only_told = session.is_declined || twice;
        for _ in 0..1 + u32::from(twice) {
            let event = session.word(Outcome::Success);
            session.charges += 1;
            self.note_charge(session, &event);
            told.push(self.callback(event.clone(), is_only_told));
            charges.push(Charge { of: payment, event, is_told: false, is_only_told });
        }
        Some(told)
    }

    fn note_charge(&self, session: &Session, event: &GatewayEvent) {
        let PaymentRequest { payment_id, booking_id, .. } = &session.request;
        self.around.note(|| format!("{payment_id} of {booking_id} is paid: {}", event.amount));
        self.around.saw(Event::Charge(Money {
            at: self.around.time.now().as_millis(),
            payment: payment_id.to_string(),
            booking: Some(booking_id.to_string()),
            amount: event.amount,
        }));
    }

    /// How this is told. Insisting, until it is acknowledged.
    fn callback(&self, event: GatewayEvent, insists: bool) -> Callback {
        let faults = &self.around.plan.gateway;
        let silent = !insists && self.around.strikes(faults.silent);
        let after = match self.around.strikes(faults.late) {
            true => self.dice.millis(1_000, 60_000),
            false => self.soon(),
        };
        let repeats = match self.around.strikes(faults.repeated) {
            true => self.dice.between(1, 3) as u32,
            false => 0,
        };
        Callback { event, after, repeats, insists: !silent }
    }

    fn soon(&self) -> Duration {
        self.dice.millis(5, 500)
    }

    fn open(&self, request: &PaymentRequest) -> Result<GatewaySession, GatewayError> {
        let faults = &self.around.plan.gateway;
        let mut inner = self.inner();
        inner.reachable()?;
        let session = inner.sessions.entry(request.payment_id).or_insert_with(|| {
            let is_late = self.around.strikes(faults.late_reference);
            let is_unnamed = !is_late && self.around.strikes(faults.unnamed);
            let request = request.clone();
            Session { request, is_late, is_unnamed, is_declined: false, charges: 0 }
        });
        let transaction = session.transaction(0);
        let payment_url = format!("https://gateway.example/{transaction}");
        let transaction_id = (!session.is_late).then_some(transaction);
        Ok(GatewaySession { transaction_id, payment_url })
    }

    fn status(&self, request: &StatusRequest) -> Result<Standing, GatewayError> {
        let inner = self.inner();
        inner.reachable()?;
        if !inner.sessions.contains_key(&request.payment_id) {
            return Ok(Standing::Unknown);
        }
        if self.around.strikes(self.around.plan.gateway.lags) {
            return Ok(Standing::Pending);
        }
        // A buyer who was declined may yet pay.
        let charge = inner.charges.iter().find(|it| it.of == request.payment_id);
        Ok(charge.map_or(Standing::Pending, |it| Standing::Ended(it.event.clone())))
    }

    fn refund(&self, request: &RefundRequest) -> Result<Refunded, GatewayError> {
        let mut inner = self.inner();
        inner.reachable()?;
        let is_new = !inner.refunds.contains_key(&request.refund_id);
        let refund = inner
            .refunds
            .entry(request.refund_id)
            .or_insert_with(|| Refund { request: request.clone(), asked: 0 });
        refund.asked += 1;
        let first = refund.asked == 1;
        drop(inner);
        if is_new {
            let RefundRequest { payment_id, amount, .. } = request;
            self.around.note(|| format!("{payment_id} is given back: {amount}"));
            self.around.saw(Event::Refund(Money {
                at: self.around.time.now().as_millis(),
                payment: payment_id.to_string(),
                booking: None,
                amount: *amount,
            }));
        }
        let slow = first && self.around.strikes(self.around.plan.gateway.slow_refunds);
        Ok(if slow { Refunded::Pending } else { Refunded::Done })
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn reachable(&self) -> Result<(), GatewayError> {
        match Instant::now() < self.down_until {
            true => Err(GatewayError("down".to_owned())),
            false => Ok(()),
        }
    }
}

impl Session {
    /// The gateway's own reference of the charge with this number, from 0.
    fn transaction(&self, charge: u32) -> String {
        let first = format!("T{}", self.request.payment_id.uuid().simple());
        if charge == 0 { first } else { format!("{first}-{charge}") }
    }

    /// What is told of the charge that comes next, or of its failure.
    fn word(&self, outcome: Outcome) -> GatewayEvent {
        let PaymentRequest { payment_id, method, amount, currency, .. } = &self.request;
        GatewayEvent {
            provider: *method,
            transaction_id: self.transaction(self.charges),
            payment_id: (!self.is_unnamed).then_some(*payment_id),
            outcome,
            amount: *amount,
            currency: (*method == PaymentMethod::Card).then_some(*currency),
            paid_at: None,
        }
    }
}

/// An instance's way to the gateway.
pub(crate) struct ToGateway {
    pub(crate) wire: Wire,
    pub(crate) books: Arc<Books>,
}

impl ToGateway {
    async fn call<T: Send + 'static>(
        &self,
        name: &'static str,
        serve: impl FnOnce(&Books) -> Result<T, GatewayError> + Send + 'static,
    ) -> Result<T, GatewayError> {
        let faults = &self.wire.around.plan.gateway;
        let odds = Odds { refused: faults.refused, answer_lost: faults.answer_lost };
        let books = self.books.clone();
        let answer = self.wire.call(name, odds, PATIENCE, async move { serve(&books) }).await;
        answer.unwrap_or_else(|why| Err(GatewayError(format!("{why:?}"))))
    }
}

#[async_trait]
impl Gateway for ToGateway {
    fn offers(&self, _: PaymentMethod) -> bool {
        true
    }

    fn takes(&self, _: PaymentMethod, _: Currency) -> bool {
        true
    }

    fn window(&self, _: PaymentMethod) -> Duration {
        Duration::from_millis(self.wire.around.plan.town.window_ms)
    }

    async fn open(&self, request: &PaymentRequest) -> Result<GatewaySession, GatewayError> {
        let request = request.clone();
        self.call("open", move |books| books.open(&request)).await
    }

    async fn status(&self, request: &StatusRequest) -> Result<Standing, GatewayError> {
        let request = request.clone();
        self.call("status", move |books| books.status(&request)).await
    }

    async fn refund(&self, request: &RefundRequest) -> Result<Refunded, GatewayError> {
        let request = request.clone();
        self.call("refund", move |books| books.refund(&request)).await
    }
}
