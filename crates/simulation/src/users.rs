//! What users do: they want the same seats, ask again when they hear nothing, pay,
//! change their minds, and look.

use std::sync::Arc;
use std::time::Duration;

use seathold_core::{BookingId, IdempotencyKey, PaymentId, SeatLabel, ShowtimeId, UserId};
use seathold_history::{Call, Event, Seen};
use seathold_service::model::{ClaimKey, Fingerprint, PaymentMethod, Resource};
use seathold_service::ports::{BookingFilter, Clock, PageRequest, Random};
use seathold_service::{
    CancelRequest, HoldRequest, Keyed, PayRequest, RefundBooking, Reply, Service, Viewer,
};
use tokio::time::{Instant, sleep};

use crate::dice::Dice;
use crate::heard::Heard;
use crate::pages;
use crate::world::World;

pub(crate) struct User {
    world: Arc<World>,
    dice: Dice,
    name: UserId,
    /// What was asked for with which key, to be asked for again.
    asked: Vec<Asked>,
    bookings: Vec<BookingId>,
    payments: Vec<PaymentId>,
    /// What was not answered, by its place among what was asked.
    unanswered: Vec<usize>,
}

/// A request with a key.
#[derive(Clone, Debug)]
struct Asked {
    key: ClaimKey,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Hold(ShowtimeId, Vec<SeatLabel>),
    Confirm(BookingId, PaymentMethod),
    Refund(BookingId),
}

impl What {
    /// Whether a history shows that these are not the same.
    fn differs_from(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Hold(show, seats), Self::Hold(other, others)) => {
                (show, seats) != (other, others)
            }
            (Self::Confirm(booking, _), Self::Confirm(other, _))
            | (Self::Refund(booking), Self::Refund(other)) => booking != other,
            _ => true,
        }
    }
}

impl User {
    pub(crate) fn new(world: &Arc<World>, dice: &Dice, number: usize) -> Option<Self> {
        let name = format!("user{number}").parse().ok()?;
        Some(Self {
            world: world.clone(),
            dice: dice.for_("user"),
            name,
            asked: Vec::new(),
            bookings: Vec::new(),
            payments: Vec::new(),
            unanswered: Vec::new(),
        })
    }

    /// Lives until then.
    pub(crate) async fn live(mut self, end: Instant) {
        let think = self.world.outside.around.plan.town.think;
        loop {
            sleep(self.dice.millis(think.0, think.1)).await;
            if end <= Instant::now() {
                return;
            }
            self.act().await;
        }
    }

    async fn act(&mut self) {
        // Few hear nothing and leave it at that.
        if let Some(place) = self.unanswered.pop()
            && self.dice.chance(850)
        {
            return self.ask_again(place).await;
        }
        let clients = &self.world.outside.around.plan.clients;
        if self.dice.chance(clients.repeats) && !self.asked.is_empty() {
            let place = self.dice.below(self.asked.len() as u64) as usize;
            return self.ask_again(place).await;
        }
        match self.dice.weighed(&[30, 20, 20, 6, 6, 10, 6, 2]) {
            0 => self.hold().await,
            1 => self.confirm().await,
            2 => self.pay(),
            3 => self.cancel().await,
            4 => self.refund().await,
            5 => self.read_map().await,
            6 => self.read_booking().await,
            _ => self.list().await,
        }
    }

    async fn ask_again(&mut self, place: usize) {
        let asked = self.asked[place].clone();
        self.ask(asked, place).await;
    }

    /// Asks with a fresh key; seldom with one that was used before.
    async fn ask_anew(&mut self, what: What) {
        let reuses = self.world.outside.around.plan.clients.reuses_key;
        let used = self.dice.pick(&self.asked).filter(|used| {
            let mut with_it = self.asked.iter().filter(|asked| asked.key == used.key);
            with_it.all(|asked| asked.what.differs_from(&what))
        });
        let key = match used.filter(|_| self.dice.chance(reuses)) {
            Some(used) => used.key.clone(),
            None => ClaimKey { user: self.name.clone(), key: fresh_key(&self.dice) },
        };
        self.asked.push(Asked { key, what });
        self.ask_again(self.asked.len() - 1).await;
    }

    async fn ask(&mut self, asked: Asked, place: usize) {
        let doubles = self.world.outside.around.plan.clients.doubles;
        let (heard, too) = match self.dice.chance(doubles) {
            true => {
                let (heard, too) = tokio::join!(biased; self.request(&asked), self.request(&asked));
                (heard, Some(too))
            }
            false => (self.request(&asked).await, None),
        };
        for heard in [Some(heard), too].into_iter().flatten() {
            match heard {
                Some(Heard::Answer(reply)) => self.learn(&reply),
                Some(heard) if heard.is_promised_undone() => {}
                _ => self.unanswered.push(place),
            }
        }
    }

    async fn request(&self, asked: &Asked) -> Option<Heard<Reply>> {
        match asked.what.clone() {
            What::Hold(showtime, seats) => self.ask_to_hold(&asked.key, showtime, seats).await,
            What::Confirm(booking, method) => {
                self.ask_to_confirm(&asked.key, booking, method).await
            }
            What::Refund(booking) => self.ask_to_refund(&asked.key, booking).await,
        }
    }

    fn learn(&mut self, reply: &Reply) {
        match reply.resource {
            Resource::Booking(id) if !self.bookings.contains(&id) => self.bookings.push(id),
            Resource::Payment(_) => self.payments.extend(pages::payment(reply)),
            _ => {}
        }
    }

    async fn ask_to_hold(
        &self,
        key: &ClaimKey,
        showtime: ShowtimeId,
        seats: Vec<SeatLabel>,
    ) -> Option<Heard<Reply>> {
        let call = Call::Hold {
            user: self.name.to_string(),
            key: key.key.to_string(),
            showtime: showtime.to_string(),
            seats: seats.iter().map(ToString::to_string).collect(),
        };
        let keyed = keyed(key, "hold", &format!("{showtime} {seats:?}"));
        let request = HoldRequest { showtime, seats, key: keyed, render: pages::hold };
        let hold = |service: Arc<Service>| async move { service.hold(request).await };
        let heard = self.world.operate(call, hold, pages::seen_hold).await?;
        self.world.note_key(key, heard.is_promised_undone());
        Some(heard)
    }

    async fn ask_to_confirm(
        &self,
        key: &ClaimKey,
        booking: BookingId,
        method: PaymentMethod,
    ) -> Option<Heard<Reply>> {
        let call = Call::Confirm {
            user: self.name.to_string(),
            key: key.key.to_string(),
            booking: booking.to_string(),
        };
        let keyed = keyed(key, &format!("confirm {booking}"), method.as_str());
        let render = pages::session;
        let request = PayRequest { booking, method, return_url: None, key: keyed, render };
        let pay = |service: Arc<Service>| async move { service.pay(request).await };
        self.world.operate(call, pay, pages::seen_session).await
    }

    async fn ask_to_refund(&self, key: &ClaimKey, booking: BookingId) -> Option<Heard<Reply>> {
        let call = Call::Refund {
            user: self.name.to_string(),
            key: key.key.to_string(),
            booking: booking.to_string(),
        };
        let keyed = keyed(key, &format!("refund {booking}"), "");
        let request =
            RefundBooking { booking, viewer: self.viewer(), key: keyed, render: pages::refund };
        let refund = |service: Arc<Service>| async move { service.refund_booking(request).await };
        self.world.operate(call, refund, pages::seen_body).await
    }

    async fn hold(&mut self) {
        let Some(showtime) = self.showtime() else { return };
        let all = self.world.outside.around.plan.town.seats as u64;
        let count = self.dice.between(1, 3.min(all));
        // The first rows are the best, and everybody wants them.
        let best = if self.dice.chance(500) { all.min(6) } else { all };
        let mut seats: Vec<SeatLabel> = Vec::new();
        for _ in 0..count {
            let Ok(label) = pages::label(self.dice.below(best)) else { continue };
            if !seats.contains(&label) {
                seats.push(label);
            }
        }
        self.ask_anew(What::Hold(showtime, seats)).await;
    }

    async fn confirm(&mut self) {
        let Some(booking) = self.recent() else { return };
        let method = self.dice.pick(&PaymentMethod::ALL).copied().unwrap_or(PaymentMethod::Card);
        // Most stay with what they chose.
        let method = if self.dice.chance(700) { PaymentMethod::Momo } else { method };
        self.ask_anew(What::Confirm(booking, method)).await;
    }

    /// At the gateway's page.
    fn pay(&mut self) {
        let recent = self.payments.len().saturating_sub(3);
        let Some(payment) = self.dice.pick(&self.payments[recent..]).copied() else { return };
        let around = &self.world.outside.around;
        let op = self.world.begin_op(Call::Pay { payment: payment.to_string() }, None);
        let told = self.world.outside.books.pay(payment);
        let at = around.time.now().as_millis();
        around.saw(match told {
            Some(_) => Event::Ok { op, at, seen: Box::default() },
            None => Event::Unknown { op, at, why: "paid before".to_owned() },
        });
        for callback in told.into_iter().flatten() {
            tokio::spawn(self.world.clone().tell(callback));
        }
    }

    async fn cancel(&mut self) {
        let Some(booking) = self.recent() else { return };
        let call = Call::Cancel { user: self.name.to_string(), booking: booking.to_string() };
        let with_key = self.dice.chance(500);
        let key = ClaimKey { user: self.name.clone(), key: fresh_key(&self.dice) };
        let key = with_key.then(|| keyed(&key, &format!("cancel {booking}"), ""));
        let user = self.name.clone();
        for _ in 0..2 {
            let (user, key) = (user.clone(), key.clone());
            let request = CancelRequest { booking, user, key, render: pages::cancel };
            let cancel = |service: Arc<Service>| async move { service.cancel(request).await };
            let heard = self.world.operate(call.clone(), cancel, |_| Seen::default()).await;
            match heard {
                Some(heard) if !matches!(heard, Heard::Nothing(_)) => return,
                _ => sleep(Duration::from_millis(300)).await,
            }
        }
    }

    async fn refund(&mut self) {
        if let Some(booking) = self.recent() {
            self.ask_anew(What::Refund(booking)).await;
        }
    }

    async fn read_map(&self) {
        let Some(showtime) = self.showtime() else { return };
        let read = move |service: Arc<Service>| async move {
            service.seat_map(showtime, pages::map).await
        };
        let call = Call::ReadMap { showtime: showtime.to_string() };
        self.world.operate(call, read, |map| pages::seen_map(&map.body)).await;
    }

    async fn read_booking(&self) {
        let Some(booking) = self.recent() else { return };
        let viewer = self.viewer();
        let read =
            move |service: Arc<Service>| async move { service.booking(booking, &viewer).await };
        let call = Call::ReadBooking { user: self.name.to_string(), booking: booking.to_string() };
        self.world.operate(call, read, pages::seen_booking).await;
    }

    /// Not written down: it only writes off what has ended.
    async fn list(&self) {
        let page = PageRequest { skip: 0, limit: 20 };
        let filter = BookingFilter { user: self.name.clone(), status: None, showtime: None, page };
        let list = |service: Arc<Service>| async move { service.bookings(&filter).await };
        if let Some(instance) = self.world.any() {
            self.world.ask(&instance, list).await;
        }
    }

    /// One of the last bookings.
    fn recent(&self) -> Option<BookingId> {
        let from = self.bookings.len().saturating_sub(4);
        self.dice.pick(&self.bookings[from..]).copied()
    }

    fn showtime(&self) -> Option<ShowtimeId> {
        self.dice.pick(&self.world.showtimes).copied()
    }

    fn viewer(&self) -> Viewer {
        Viewer { user: self.name.clone(), admin: false }
    }
}

fn fresh_key(dice: &Dice) -> IdempotencyKey {
    let mut bytes = [0; 16];
    dice.fill(&mut bytes);
    let uuid = uuid::Builder::from_random_bytes(bytes).into_uuid();
    // It is one: made just so.
    uuid.to_string().parse().unwrap_or_else(|_| unreachable!("a version 4 UUID"))
}

fn keyed(key: &ClaimKey, route: &str, body: &str) -> Keyed {
    let fingerprint = Fingerprint::of(route.to_owned(), body.as_bytes());
    Keyed { key: key.clone(), fingerprint }
}
