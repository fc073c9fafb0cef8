//! Two processes on one store, and everybody who does something there.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use seathold_core::{BookingId, PriceTable, SeatType, ShowtimeId};
use seathold_service::model::{ClaimKey, GatewayEvent, Outcome, Resource};
use seathold_service::ports::PaymentRequest;
use seathold_service::{
    Error, HoldRequest, NewShowtime, PayRequest, RefundBooking, Reply, Service,
};
use seathold_testkit::world::{cancel, hold, labels, pay, refund, ten_seats};
use seathold_testkit::{FaultyStore, World};

use super::known::{Acknowledged, Known, said};
use super::moves::{Dice, Move, Step, Way};

const USERS: [&str; 4] = ["ann", "bob", "cat", "dan"];
/// Few, so that everybody wants the same.
const SEATS: [(&str, SeatType); 5] = [
    ("A1", SeatType::Standard),
    ("A2", SeatType::Standard),
    ("A3", SeatType::Vip),
    ("A4", SeatType::Vip),
    ("A5", SeatType::Couple),
];
/// How long gateways give a buyer, in seconds.
const WINDOWS: [u64; 3] = [0, 300, 900];

pub(super) struct Town {
    pub(super) world: World,
    pub(super) showtimes: Vec<ShowtimeId>,
    processes: Mutex<Vec<Arc<Service>>>,
    known: Mutex<Known>,
    trace: Mutex<Vec<String>>,
}

impl Town {
    pub(super) async fn new(seed: u64, dice: &Dice) -> Arc<Self> {
        let world = World::in_memory(seed).await;
        world.gateway.set_window(Duration::from_secs(WINDOWS[dice.below(3) as usize]));
        let process = || world.process(world.store.clone());
        let processes = vec![process(), process()];
        let mut showtimes = Vec::new();
        for _ in 0..2 {
            let new = five_seats(ten_seats(processes[0].now()));
            let made = processes[0].create_showtime(new).await.expect("a showtime");
            showtimes.push(made.summary.showtime.id);
        }
        let processes = Mutex::new(processes);
        Arc::new(Self {
            world,
            showtimes,
            processes,
            known: Mutex::default(),
            trace: Mutex::default(),
        })
    }

    pub(super) fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What has happened so far, to be told when something is wrong.
    pub(super) fn trace(&self) -> MutexGuard<'_, Vec<String>> {
        self.trace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn process(&self, n: u64) -> Arc<Service> {
        let processes = self.processes.lock().unwrap_or_else(PoisonError::into_inner);
        processes[n as usize].clone()
    }

    pub(super) fn restart(&self, n: u64) {
        let fresh = self.world.process(self.world.store.clone());
        self.processes.lock().unwrap_or_else(PoisonError::into_inner)[n as usize] = fresh;
    }

    pub(super) async fn step(self: &Arc<Self>, step: &Step) {
        self.trace().push(format!("{step:?}"));
        let store = self.world.store.clone();
        let store = match step.way.clone() {
            Way::Plain => return self.act(step.act, self.process(step.process)).await,
            Way::Fails(fault, call) => FaultyStore::new(store, fault, call),
            Way::Interrupted(call, acts) => {
                let (town, other) = (self.clone(), self.process(step.process));
                let meanwhile = async move {
                    for act in acts {
                        town.act(act, other.clone()).await;
                    }
                };
                FaultyStore::interrupted(store, call, meanwhile)
            }
        };
        let doomed = self.world.process(Arc::new(store));
        self.act(step.act, doomed.clone()).await;
        doomed.drain().await;
    }

    /// Does it. What is refused, or fails, is so: nothing is expected here.
    fn act(self: &Arc<Self>, act: Move, process: Arc<Service>) -> BoxFuture<'static, ()> {
        let town = self.clone();
        async move {
            let done = town.try_to(act, &process).await;
            let done = done.map_or_else(|error| format!("{error:?}"), |()| "done".to_owned());
            town.trace().push(format!("    {act:?}: {done}"));
        }
        .boxed()
    }

    async fn try_to(&self, act: Move, process: &Arc<Service>) -> Result<(), Error> {
        match act {
            Move::Hold { user, show, first, count } => {
                let key = self.key(user);
                let seats = SEATS.iter().map(|(label, _)| *label);
                let seats: Vec<_> = seats.skip(first as usize).take(count as usize).collect();
                let request = hold(self.showtimes[show as usize], &seats, &key);
                self.known().holds.push(request.clone());
                self.hold(request, process).await
            }
            Move::HoldAgain(n) => match self.any(n, |known| &known.holds) {
                Some(request) => self.hold(request, process).await,
                None => Ok(()),
            },
            Move::Confirm { booking, method } => {
                let Some((id, it)) = self.any(booking, |known| &known.bookings) else {
                    return Ok(());
                };
                let request = PayRequest { method, ..pay(id, &self.world.key(&it.user)) };
                self.known().confirms.push(request.clone());
                self.confirm(request, process).await
            }
            Move::ConfirmAgain(n) => match self.any(n, |known| &known.confirms) {
                Some(request) => self.confirm(request, process).await,
                None => Ok(()),
            },
            Move::Pay(_) | Move::PayTwice(_) | Move::Decline(_) => {
                self.decide(act);
                Ok(())
            }
            Move::Tell { .. } | Move::TellWrong { .. } => self.tell(act, process).await,
            Move::Cancel(n) => self.cancel(n, process).await,
            Move::CancelShowtime(n) => {
                let id = self.showtimes[n as usize];
                self.known().ended_showtimes.insert(id);
                process.cancel_showtime(id).await?;
                self.known().cancelled_showtimes.insert(id);
                Ok(())
            }
            Move::Refund { booking, admin } => {
                let Some((id, it)) = self.any(booking, |known| &known.bookings) else {
                    return Ok(());
                };
                let request = refund(id, &self.world.key(&it.user), admin);
                self.known().refunds.push(request.clone());
                self.refund(request, process).await
            }
            Move::RefundAgain(n) => match self.any(n, |known| &known.refunds) {
                Some(request) => self.refund(request, process).await,
                None => Ok(()),
            },
            Move::Wait(ms) => {
                self.world.clock.advance(ms);
                Ok(())
            }
            Move::Sweep => process.sweep().await.map(drop),
            Move::SettleInbox => process.settle_inbox().await.map(drop),
            Move::SettleRefunds => process.settle_refunds().await.map(drop),
            Move::SettleGivenBack => process.settle_given_back().await.map(drop),
            Move::SettleShowtimes => process.settle_cancelled_showtimes().await.map(drop),
            Move::SettlePayments => process.settle_payments().await.map(drop),
            Move::Reconcile => process.reconcile().await.map(drop),
            Move::Read(n) => match self.any(n, |known| &known.bookings) {
                Some((id, it)) => {
                    let viewer = refund(id, &self.world.key(&it.user), true).viewer;
                    process.booking(id, &viewer).await.map(drop)
                }
                None => Ok(()),
            },
            Move::Gateway { down, slow } => {
                self.world.gateway.set_down(down);
                self.world.gateway.set_slow(slow);
                Ok(())
            }
            Move::Restart(n) => {
                self.restart(n);
                Ok(())
            }
        }
    }

    async fn hold(&self, request: HoldRequest, process: &Arc<Service>) -> Result<(), Error> {
        let (key, showtime) = (request.key.key.clone(), request.showtime);
        let reply = process.hold(request).await?;
        let id = self.answered(&key, &reply);
        let Resource::Booking(id) = id else { panic!("no booking: {reply:?}") };
        let row = self.world.store.booking(id).await.expect("a store").expect("acknowledged");
        let (user, seats, until) =
            (key.user.as_str().to_owned(), row.labels(), row.hold_expires_at);
        let mut known = self.known();
        if known.bookings.iter().all(|(known, _)| *known != id) {
            known.bookings.push((id, Acknowledged { showtime, seats, until, user }));
        }
        Ok(())
    }

    async fn confirm(&self, request: PayRequest, process: &Arc<Service>) -> Result<(), Error> {
        let key = request.key.key.clone();
        let reply = process.pay(request).await?;
        self.answered(&key, &reply);
        Ok(())
    }

    async fn cancel(&self, n: u64, process: &Arc<Service>) -> Result<(), Error> {
        let Some((id, it)) = self.any(n, |known| &known.bookings) else { return Ok(()) };
        self.known().ended.insert(id);
        process.cancel(cancel(id, &it.user)).await?;
        self.known().cancelled.insert(id);
        Ok(())
    }

    async fn refund(&self, request: RefundBooking, process: &Arc<Service>) -> Result<(), Error> {
        let (id, key) = (request.booking, request.key.key.clone());
        self.known().ended.insert(id);
        let reply = process.refund_booking(request).await?;
        self.answered(&key, &reply);
        self.known().cancelled.insert(id);
        Ok(())
    }

    /// What buyers do at the gateway.
    fn decide(&self, act: Move) {
        let gateway = &self.world.gateway;
        let mut known = self.known();
        let opened = gateway.opened();
        let pick = |n: u64, of: &dyn Fn(&PaymentRequest) -> bool| {
            let fit: Vec<_> = opened.iter().filter(|request| of(request)).collect();
            (!fit.is_empty()).then(|| fit[n as usize % fit.len()].clone())
        };
        match act {
            Move::Pay(n) => {
                let unpaid = pick(n, &|request| !known.is_charged(request.payment_id));
                if let Some(request) = unpaid {
                    known.charge(&request);
                    gateway.decide(said(&request, Outcome::Success));
                }
            }
            Move::PayTwice(n) => {
                let paid = pick(n, &|request| known.may_be_charged_again(request.payment_id));
                paid.into_iter().for_each(|request| known.charge(&request));
            }
            Move::Decline(n) => {
                let unpaid = pick(n, &|request| !known.is_charged(request.payment_id));
                if let Some(request) = unpaid {
                    known.declined.insert(request.payment_id);
                    gateway.decide(said(&request, Outcome::Failed));
                }
            }
            _ => {}
        }
    }

    /// What the gateway says, true or not.
    async fn tell(&self, act: Move, process: &Arc<Service>) -> Result<(), Error> {
        let event = match act {
            Move::Tell { word, named } => self.word(word, named),
            Move::TellWrong { payment, named } => {
                let opened = self.world.gateway.opened();
                (!opened.is_empty()).then(|| {
                    let due = said(&opened[payment as usize % opened.len()], Outcome::Success);
                    let payment_id = due.payment_id.filter(|_| named);
                    GatewayEvent { amount: due.amount + 1, payment_id, ..due }
                })
            }
            _ => None,
        };
        let Some(event) = event else { return Ok(()) };
        let received = process.receive(event.clone()).await?;
        self.known().told(&event, received);
        Ok(())
    }

    /// A charge or a refusal of which the gateway tells.
    fn word(&self, n: u64, named: bool) -> Option<GatewayEvent> {
        let known = self.known();
        let opened = self.world.gateway.opened();
        let declined = opened.iter().filter(|it| known.declined.contains(&it.payment_id));
        let mut words: Vec<_> = declined.map(|it| said(it, Outcome::Failed)).collect();
        words.extend(known.charges.iter().map(|charge| charge.event.clone()));
        if words.is_empty() {
            return None;
        }
        let mut word = words.swap_remove(n as usize % words.len());
        // Of two charges, each is told with our reference: it is all they share.
        let is_named =
            named || word.payment_id.is_some_and(|payment| known.is_charged_twice(payment));
        word.payment_id = word.payment_id.filter(|_| is_named);
        Some(word)
    }

    fn answered(&self, key: &ClaimKey, reply: &Reply) -> Resource {
        let about = format!("{:?}", reply.resource);
        self.known().answered(key.user.as_str().to_owned(), key.key, &about);
        reply.resource
    }

    fn any<T: Clone>(&self, n: u64, of: impl Fn(&Known) -> &Vec<T>) -> Option<T> {
        let known = self.known();
        let all = of(&known);
        (!all.is_empty()).then(|| all[n as usize % all.len()].clone())
    }

    fn key(&self, user: u64) -> ClaimKey {
        self.world.key(USERS[user as usize])
    }

    /// The owners of these seats, live or not.
    pub(super) async fn owners(&self, it: &Acknowledged) -> Vec<Option<BookingId>> {
        let seats = self.world.store.seats_now(it.showtime, &it.seats).await.expect("a store");
        seats.expect("a showtime").states.iter().map(|state| state.booking()).collect()
    }
}

/// Prices of which no sum is another's by chance.
fn five_seats(like: NewShowtime) -> NewShowtime {
    let seats = SEATS.iter().map(|(label, kind)| (labels(&[label])[0], *kind)).collect();
    let price = PriceTable::new(100_003, 150_101, 270_707).expect("prices");
    NewShowtime { title: "Five Seats".into(), price, seats, ..like }
}
