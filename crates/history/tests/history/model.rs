//! A small service that keeps its promises, and clients who write down what they see.
//! Each request takes effect at one moment between its beginning and its answer; one that
//! is not answered does so at any time, or never. Clocks are off by up to the tolerance.

use std::collections::{BTreeMap, BTreeSet};

use seathold_history::{
    Call, Event, Final, Promises, Seen, SeenBooking, SeenMap, SeenSeat, Status,
};

use crate::dice::Dice;

/// How far clocks may be off, in ms.
pub(crate) const TOLERANCE: i64 = 20;
const HOLD: i64 = 300;
const LENGTH: i64 = 2000;
const SLOWEST: i64 = 60;
const LATEST: i64 = 500;
const LIMIT: usize = 3;
const PRICE: i64 = 10;
const SEATS: [&str; 5] = ["A1", "A2", "A3", "B1", "B2"];
const USERS: [&str; 4] = ["ann", "bob", "cid", "dee"];

/// Whether something is true of a booking.
type Is<'i> = &'i dyn Fn(&Booking) -> bool;

#[derive(Clone)]
struct Booking {
    id: String,
    user: String,
    seats: Vec<String>,
    until: i64,
    sold: bool,
    cancelled: bool,
    paid: bool,
}

enum Step {
    Begin,
    Effect(u64, Call, bool),
    Answer(Event),
    Settle(usize),
}

struct Model {
    dice: Dice,
    events: Vec<Event>,
    agenda: BTreeMap<(i64, u64), Step>,
    bookings: Vec<Booking>,
    keys: BTreeMap<(String, String), usize>,
    /// What was answered to the keys of other calls, once it was granted.
    granted: BTreeMap<(String, String), Seen>,
    /// What clients know: bookings and payments they were told of.
    known: Vec<usize>,
    confirmed: BTreeSet<usize>,
    lost: Vec<Call>,
    refunded: BTreeSet<usize>,
    steps: u64,
    /// The one clock that arbitrates.
    skew: i64,
    version: u64,
}

/// A history of about this many operations.
pub(crate) fn history(seed: u64, operations: u64) -> Vec<Event> {
    let mut dice = Dice(seed);
    let skew = dice.skew(TOLERANCE);
    let mut model = Model {
        dice,
        events: vec![Event::Start(Promises {
            tolerance_ms: Some(TOLERANCE),
            stale_ms: Some(0),
            hold_ms: Some(HOLD),
            seats_per_user: Some(LIMIT as u64),
            ..Promises::default()
        })],
        agenda: BTreeMap::new(),
        bookings: Vec::new(),
        keys: BTreeMap::new(),
        granted: BTreeMap::new(),
        known: Vec::new(),
        confirmed: BTreeSet::new(),
        lost: Vec::new(),
        refunded: BTreeSet::new(),
        steps: 0,
        skew,
        version: 0,
    };
    for _ in 0..operations {
        let at = model.dice.time(LENGTH);
        model.plan(at, Step::Begin);
    }
    let mut last = 0;
    while let Some(((at, number), step)) = model.agenda.pop_first() {
        last = at;
        model.step(at, number, step);
    }
    model.end(last + 1);
    model.events
}

impl Model {
    fn plan(&mut self, at: i64, step: Step) {
        self.steps += 1;
        self.agenda.insert((at, self.steps), step);
    }

    fn step(&mut self, at: i64, number: u64, step: Step) {
        match step {
            Step::Begin => self.begin(at, number),
            Step::Effect(op, call, answered) => {
                let answer = self.effect(at, op, &call);
                if answered {
                    let later = at + self.dice.time(SLOWEST);
                    self.plan(later, Step::Answer(answer));
                }
            }
            Step::Answer(event) => self.answer(at, event),
            Step::Settle(booking) => self.settle(at, booking),
        }
    }

    fn begin(&mut self, at: i64, op: u64) {
        let call = self.wish(op);
        self.events.push(Event::Invoke { op, at, call: call.clone() });
        let (soon, later) = (self.dice.time(SLOWEST), self.dice.time(LATEST));
        match self.dice.below(20) {
            0 | 1 => {
                self.lost.push(call.clone());
                self.plan(at + later, Step::Effect(op, call, false));
            }
            2 => self.lost.push(call),
            _ => return self.plan(at + soon, Step::Effect(op, call, true)),
        }
        if self.dice.below(2) == 0 {
            self.plan(at + soon, Step::Answer(Event::Unknown { op, at: 0, why: String::new() }));
        }
    }

    fn wish(&mut self, op: u64) -> Call {
        let user = USERS[self.dice.below(4) as usize].to_owned();
        let key = format!("k{op}");
        let known = self.known.len() as u64;
        match self.dice.below(12) {
            0 if !self.lost.is_empty() => {
                let which = self.dice.below(self.lost.len() as u64) as usize;
                self.lost[which].clone()
            }
            kind @ 1..6 if known > 0 => {
                // Mostly the latest.
                let back = self.dice.below(known.min(3)) as usize;
                let number = self.known[self.known.len() - 1 - back];
                let Booking { id: booking, user, .. } = self.bookings[number].clone();
                match kind {
                    1 | 2 if self.confirmed.contains(&number) => {
                        Call::Pay { payment: format!("p-{booking}") }
                    }
                    1 | 2 => Call::Confirm { user, key, booking },
                    3 => Call::Cancel { user, booking },
                    4 => Call::Refund { user, key, booking },
                    _ => Call::ReadBooking { user, booking },
                }
            }
            6 | 7 => Call::ReadMap { showtime: "s".into() },
            _ => {
                let first = self.dice.below(SEATS.len() as u64) as usize;
                let seats = SEATS[first..].iter().take(1 + self.dice.below(2) as usize);
                let seats = seats.map(|seat| (*seat).to_owned()).collect();
                Call::Hold { user, key, showtime: "s".into(), seats }
            }
        }
    }

    /// The owner of a seat by a clock that shows `now`.
    fn owner(&self, seat: &str, now: i64) -> Option<&Booking> {
        self.bookings.iter().find(|it| {
            let live = it.sold || (!it.cancelled && now < it.until);
            live && it.seats.iter().any(|own| own == seat)
        })
    }

    fn number(&self, id: &str) -> usize {
        self.bookings.iter().position(|it| it.id == id).expect("a booking that was told")
    }

    /// A key that was granted something is answered the same again.
    fn effect(&mut self, at: i64, op: u64, call: &Call) -> Event {
        let key = match call {
            Call::Confirm { user, key, .. } | Call::Refund { user, key, .. } => {
                (user.clone(), key.clone())
            }
            _ => return self.execute(at, op, call),
        };
        if let Some(seen) = self.granted.get(&key) {
            return Event::Ok { op, at: 0, seen: Box::new(seen.clone()) };
        }
        let event = self.execute(at, op, call);
        if let Event::Ok { seen, .. } = &event {
            self.granted.insert(key, (**seen).clone());
        }
        event
    }

    fn execute(&mut self, at: i64, op: u64, call: &Call) -> Event {
        let (now, seen) = (at + self.skew, Seen::default());
        let ok = |seen: Seen| Event::Ok { op, at: 0, seen: Box::new(seen) };
        let refused = |code: &str, seats: Vec<String>| Event::Refused {
            op,
            at: 0,
            code: code.to_owned(),
            seats,
            booking: None,
        };
        match call {
            Call::Hold { user, key, seats, .. } => match self.hold(now, (user, key), seats) {
                Ok(number) => {
                    let booking = &self.bookings[number];
                    ok(Seen {
                        booking: Some(booking.id.clone()),
                        until: Some(booking.until),
                        amount: Some(PRICE),
                        body: Some(booking.id.clone()),
                        ..seen
                    })
                }
                Err((code, seats)) => refused(code, seats),
            },
            Call::Confirm { booking, .. } => {
                let it = &self.bookings[self.number(booking)];
                let payment = Some(format!("p-{booking}"));
                match () {
                    () if it.sold || it.cancelled => refused("BOOKING_NOT_PENDING", vec![]),
                    () if now >= it.until => refused("BOOKING_HOLD_EXPIRED", vec![]),
                    () => ok(Seen { payment, ..seen }),
                }
            }
            Call::Pay { payment } => {
                let number = self.number(payment.trim_start_matches("p-"));
                if !std::mem::replace(&mut self.bookings[number].paid, true) {
                    let later = at + self.dice.time(LATEST);
                    self.plan(later, Step::Settle(number));
                }
                ok(seen)
            }
            Call::Cancel { booking, .. } => {
                let number = self.number(booking);
                let it = &mut self.bookings[number];
                if it.sold || (!it.cancelled && now >= it.until) {
                    return refused("BOOKING_NOT_PENDING", vec![]);
                }
                it.cancelled = true;
                self.version += 1;
                ok(seen)
            }
            Call::Refund { booking, .. } => {
                let number = self.number(booking);
                let it = &mut self.bookings[number];
                if !it.sold {
                    return refused("BOOKING_NOT_CONFIRMED", vec![]);
                }
                (it.sold, it.cancelled) = (false, true);
                self.refunded.insert(number);
                self.version += 1;
                ok(seen)
            }
            Call::ReadMap { .. } => ok(Seen { map: Some(self.map(at)), ..seen }),
            Call::ReadBooking { booking, .. } => {
                let read = self.reading(at, self.number(booking));
                ok(Seen { read: Some(read), ..seen })
            }
            Call::CancelShowtime { .. } => ok(seen),
        }
    }

    fn hold(
        &mut self,
        now: i64,
        (user, key): (&str, &str),
        seats: &[String],
    ) -> Result<usize, (&'static str, Vec<String>)> {
        let key = (user.to_owned(), key.to_owned());
        if let Some(before) = self.keys.get(&key) {
            return Ok(*before);
        }
        let among = |is: Is<'_>| -> Vec<String> {
            seats.iter().filter(|seat| self.owner(seat, now).is_some_and(is)).cloned().collect()
        };
        let reasons: [(_, Is<'_>); 3] = [
            ("SEAT_ALREADY_BOOKED", &|it| it.sold),
            ("SEAT_HELD_BY_ANOTHER", &|it| it.user != user),
            ("SEAT_HELD_BY_YOU", &|_| true),
        ];
        for (code, is) in reasons {
            let at_fault = among(is);
            if !at_fault.is_empty() {
                return Err((code, at_fault));
            }
        }
        let mine = |seat: &&&str| self.owner(seat, now).is_some_and(|it| it.user == user);
        if SEATS.iter().filter(mine).count() + seats.len() > LIMIT {
            return Err(("SEAT_LIMIT_REACHED", vec![]));
        }
        let number = self.bookings.len();
        self.bookings.push(Booking {
            id: format!("b{number}"),
            user: user.to_owned(),
            seats: seats.to_vec(),
            until: now + HOLD,
            sold: false,
            cancelled: false,
            paid: false,
        });
        self.keys.insert(key, number);
        self.version += 1;
        Ok(number)
    }

    /// Money has come: the seats are sold if that is still possible, else it goes back.
    fn settle(&mut self, at: i64, number: usize) {
        let (now, it) = (at + self.skew, self.bookings[number].clone());
        let free = |seat: &String| self.owner(seat, now).is_none_or(|owner| owner.id == it.id);
        if !it.cancelled && it.seats.iter().all(free) {
            self.bookings[number].sold = true;
            self.version += 1;
        } else {
            self.refunded.insert(number);
        }
    }

    fn answer(&mut self, now: i64, mut event: Event) {
        match &mut event {
            Event::Ok { at, seen, .. } => {
                *at = now;
                if let Some(id) = seen.booking.as_deref() {
                    let number = self.number(id);
                    self.known.push(number);
                }
                if let Some(payment) = seen.payment.as_deref() {
                    let number = self.number(payment.trim_start_matches("p-"));
                    self.confirmed.insert(number);
                }
            }
            Event::Refused { at, .. } | Event::Unknown { at, .. } => *at = now,
            _ => {}
        }
        self.events.push(event);
    }

    fn map(&mut self, at: i64) -> SeenMap {
        let now = at + self.dice.skew(TOLERANCE);
        let taken: BTreeMap<_, _> = SEATS
            .iter()
            .filter_map(|seat| {
                let owner = self.owner(seat, now)?;
                let seen = if owner.sold { SeenSeat::Booked } else { SeenSeat::Held };
                Some(((*seat).to_owned(), seen))
            })
            .collect();
        let total = SEATS.len() as u64;
        SeenMap { version: self.version, total, available: total - taken.len() as u64, taken }
    }

    fn reading(&mut self, at: i64, number: usize) -> SeenBooking {
        let now = at + self.dice.skew(TOLERANCE);
        let it = &self.bookings[number];
        let status = match () {
            () if it.sold => Status::Confirmed,
            () if it.cancelled => Status::Cancelled,
            () if now >= it.until => Status::Expired,
            () => Status::Pending,
        };
        SeenBooking { status, seats: it.seats.clone(), until: Some(it.until) }
    }

    fn end(&mut self, at: i64) {
        for number in 0..self.bookings.len() {
            let (read, it) = (self.reading(at, number), self.bookings[number].clone());
            let (booking, showtime) = (it.id.clone(), "s".to_owned());
            let what = Final::Booking { booking, user: it.user, showtime, amount: PRICE, read };
            self.events.push(Event::Final { at, what });
            if it.paid {
                let (payment, booking) = (format!("p-{}", it.id), Some(it.id));
                let refunded = if self.refunded.contains(&number) { PRICE } else { 0 };
                let what = Final::Payment { payment, booking, charged: PRICE, refunded };
                self.events.push(Event::Final { at, what });
            }
        }
        for user in USERS {
            if self.dice.below(2) == 0 {
                let what = Final::BookingsOf { user: user.into(), showtime: "s".into() };
                self.events.push(Event::Final { at, what });
            }
        }
        let map = self.map(at);
        self.events.push(Event::Final { at, what: Final::Map { showtime: "s".into(), map } });
    }
}
