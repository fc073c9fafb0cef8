//! All that a history tells, put in order by what it is about.

use std::collections::BTreeSet;

use super::Misrecorded;
use super::booking::{Booking, Cancellation, Reading, Time};
use super::bounds::Bounds;
use super::cover::{Cover, Span};
use super::ghosts;
use super::names::{Map, Names};
use super::ops::{Mark, Op, Outcome, gather};
use super::payments::{Payments, Sums};
use crate::{Call, Event, Final, Line, Promises, SeenBooking, SeenMap};

/// All that a history tells.
pub(super) struct Facts<'h> {
    /// What is promised.
    pub(super) bounds: Bounds,
    /// The operations, in order of their first lines.
    pub(super) ops: Vec<Op<'h>>,
    /// Those with one user and key, in order of the first of each.
    pub(super) keys: Vec<Vec<usize>>,
    /// The numbers of their users and keys.
    pub(super) key_groups: Names<(&'h str, &'h str)>,
    /// Users by name.
    pub(super) users: Names<&'h str>,
    /// Showtimes by name.
    pub(super) showtimes: Names<&'h str>,
    /// Seats by showtime and label.
    pub(super) seats: Names<(usize, &'h str)>,
    /// Bookings.
    pub(super) bookings: Vec<Booking<'h>>,
    /// Their numbers by id.
    pub(super) by_name: Map<&'h str, usize>,
    /// When showtimes were cancelled.
    pub(super) cancellations: Vec<Cancellation>,
    /// Maps that were read.
    pub(super) maps: Vec<MapRead<'h>>,
    /// Money.
    pub(super) payments: Payments<'h>,
    /// Bookings at the end that nobody can have asked for.
    pub(super) unasked: Vec<usize>,
    /// By seat: who owned it, and when.
    pub(super) owners: Vec<Owners>,
}

/// A map that was read.
pub(super) struct MapRead<'h> {
    /// Of which showtime.
    pub(super) showtime: usize,
    /// When the read began.
    pub(super) from: i64,
    /// When it was answered.
    pub(super) to: i64,
    /// The line of the answer.
    pub(super) line: usize,
    /// The map.
    pub(super) map: &'h SeenMap,
    /// Whether it is what the map is at the end.
    pub(super) is_final: bool,
}

/// Who owned a seat, and when.
#[derive(Debug, Default)]
pub(super) struct Owners {
    /// For certain, by booking.
    pub(super) surely: Cover,
    /// For certain, and everybody sees it; by booking.
    pub(super) surely_seen: Cover,
    /// Sold for certain, by booking.
    pub(super) surely_sold: Cover,
    /// Held, perhaps, by user.
    pub(super) maybe_held: Cover,
    /// Sold, perhaps, by user.
    pub(super) maybe_sold: Cover,
}

impl<'h> Facts<'h> {
    /// What these lines tell.
    pub(super) fn of(lines: &'h [Line], insisted: &Promises) -> Result<Self, Misrecorded> {
        let mut facts = Self {
            bounds: Bounds::of(lines, insisted)?,
            ops: gather(lines)?,
            keys: Vec::new(),
            key_groups: Names::default(),
            users: Names::default(),
            showtimes: Names::default(),
            seats: Names::default(),
            bookings: Vec::new(),
            by_name: Map::default(),
            cancellations: Vec::new(),
            maps: Vec::new(),
            payments: Payments::default(),
            unasked: Vec::new(),
            owners: Vec::new(),
        };
        facts.group_by_key();
        facts.note_holds();
        let ops = std::mem::take(&mut facts.ops);
        ops.iter().for_each(|op| facts.note(op));
        facts.ops = ops;
        lines.iter().for_each(|line| facts.note_line(line));
        ghosts::settle(&mut facts, lines);
        facts.name_owners();
        Ok(facts)
    }

    fn group_by_key(&mut self) {
        for (index, op) in self.ops.iter().enumerate() {
            if let Some(key) = key_of(op.call) {
                let group = self.key_groups.number(key);
                self.keys.resize_with(self.key_groups.len(), Vec::new);
                self.keys[group].push(index);
            }
        }
    }

    /// Bookings that holds were answered with: each answer of a key tells of one that
    /// any request with this key can have made.
    fn note_holds(&mut self) {
        let (ops, keys) = (std::mem::take(&mut self.ops), std::mem::take(&mut self.keys));
        for op in &ops {
            if let Call::Hold { user, showtime, seats, .. } = op.call {
                self.users.number(user);
                self.seats_of(showtime, seats);
            }
        }
        for op in keys.iter().flatten().map(|index| &ops[*index]) {
            let Call::Hold { user, key: _, showtime, seats } = op.call else { continue };
            let Outcome::Ok { at, line, seen } = op.outcome else { continue };
            let Some(name) = seen.booking.as_deref() else { continue };
            let (user, seats) = (self.users.number(user), self.seats_of(showtime, seats));
            let showtime = self.showtime(showtime);
            let booking = self.booking(name);
            booking.user = Some(user);
            booking.showtime = Some(showtime);
            booking.seats = seats;
            booking.amount = booking.amount.or(seen.amount);
            booking.held_until = booking.held_until.max(seen.until);
            booking.until = booking.until.max(seen.until);
            Mark::note_first(&mut booking.told, Mark { at, line });
        }
        for group in &keys {
            let group = || group.iter().map(|index| &ops[*index]);
            let first = group().filter(|op| op.may_have_happened()).map(Op::begun).min();
            let Some(first) = first else { continue };
            for op in group().filter(|op| matches!(op.call, Call::Hold { .. })) {
                let Outcome::Ok { seen, .. } = op.outcome else { continue };
                if let Some(name) = seen.booking.as_deref() {
                    Mark::note_first(&mut self.booking(name).asked, first);
                }
            }
        }
        (self.ops, self.keys) = (ops, keys);
    }

    fn note(&mut self, op: &Op<'h>) {
        let begun = op.may_have_happened().then(|| op.begun());
        match op.call {
            Call::Hold { .. } | Call::Pay { .. } => {}
            Call::Confirm { user, booking, .. } => self.note_confirm(op, user, booking),
            Call::Cancel { booking, .. } => {
                let booking = self.booking(booking);
                begun.into_iter().for_each(|mark| Mark::note_first(&mut booking.cancel, mark));
                op.done()
                    .into_iter()
                    .for_each(|mark| Mark::note_first(&mut booking.cancelled, mark));
            }
            Call::Refund { booking, .. } => {
                let booking = self.booking(booking);
                begun.into_iter().for_each(|mark| Mark::note_first(&mut booking.refund, mark));
                op.done()
                    .into_iter()
                    .for_each(|mark| Mark::note_first(&mut booking.refunded, mark));
            }
            Call::CancelShowtime { showtime } => {
                let showtime = self.showtime(showtime);
                let known = &mut self.cancellations[showtime];
                begun.into_iter().for_each(|mark| Mark::note_first(&mut known.asked, mark));
                op.done().into_iter().for_each(|mark| Mark::note_first(&mut known.done, mark));
            }
            Call::ReadMap { showtime } => {
                let showtime = self.showtime(showtime);
                if let Outcome::Ok { at, line, seen } = op.outcome
                    && let Some(map) = &seen.map
                {
                    self.maps.push(MapRead {
                        showtime,
                        from: op.from,
                        to: at,
                        line,
                        map,
                        is_final: false,
                    });
                }
            }
            Call::ReadBooking { booking, .. } => {
                if let Outcome::Ok { at, line, seen } = op.outcome
                    && let Some(read) = &seen.read
                {
                    self.note_reading(booking, read, (op.from, at), line);
                }
            }
        }
    }

    fn note_confirm(&mut self, op: &Op<'h>, user: &'h str, booking: &'h str) {
        let user = self.users.number(user);
        let known = self.booking(booking);
        known.user = known.user.or(Some(user));
        known.extended = true;
        if op.may_have_happened() {
            Mark::note_first(&mut known.confirm, op.begun());
        }
        if let Outcome::Ok { at, line, seen } = op.outcome {
            match &seen.payment {
                Some(payment) => self.payments.of_booking(payment, booking),
                None => Mark::note_first(&mut known.sold, Mark { at, line }),
            }
        }
    }

    fn note_reading(&mut self, name: &'h str, read: &'h SeenBooking, time: Time, line: usize) {
        let SeenBooking { status, seats, until } = read;
        let ((from, to), (status, until)) = (time, (*status, *until));
        self.booking(name).read(Reading { from, to, line, status, until, seats });
    }

    fn note_line(&mut self, Line { number, event }: &'h Line) {
        match event {
            Event::Charge(money) => self.payments.charged(*number, money),
            Event::Refund(money) => self.payments.refunded(*number, money),
            Event::Final { at, what } => self.note_final(*number, *at, what),
            Event::Start(_)
            | Event::Invoke { .. }
            | Event::Ok { .. }
            | Event::Refused { .. }
            | Event::Unknown { .. } => {}
        }
    }

    fn note_final(&mut self, line: usize, at: i64, what: &'h Final) {
        match what {
            Final::Map { showtime, map } => {
                let showtime = self.showtime(showtime);
                self.maps.push(MapRead { showtime, from: at, to: at, line, map, is_final: true });
            }
            Final::Booking { booking, user, showtime, amount, read } => {
                let (user, seats) = (self.users.number(user), self.seats_of(showtime, &read.seats));
                let showtime = self.showtime(showtime);
                let known = self.booking(booking);
                known.user = known.user.or(Some(user));
                known.showtime = known.showtime.or(Some(showtime));
                known.amount = known.amount.or(Some(*amount));
                known.last = Some(read.status);
                if known.seats.is_empty() {
                    known.seats = seats;
                }
                self.note_reading(booking, read, (at, at), line);
            }
            Final::Payment { payment, booking, charged, refunded } => {
                let sums = Sums { charged: *charged, refunded: *refunded };
                self.payments.closed(line, payment, booking.as_deref(), sums);
            }
            Final::BookingsOf { .. } => {}
        }
    }

    /// The number of a showtime.
    pub(super) fn showtime(&mut self, name: &'h str) -> usize {
        let number = self.showtimes.number(name);
        self.cancellations.resize_with(self.showtimes.len(), Cancellation::default);
        number
    }

    /// The numbers of these seats, in order.
    pub(super) fn seats_of(&mut self, showtime: &'h str, labels: &'h [String]) -> Vec<usize> {
        let showtime = self.showtime(showtime);
        let seats = labels.iter().map(|label| self.seats.number((showtime, label.as_str())));
        let mut seats: Vec<_> = seats.collect();
        seats.sort_unstable();
        seats.dedup();
        seats
    }

    fn booking(&mut self, name: &'h str) -> &mut Booking<'h> {
        let bookings = &mut self.bookings;
        let number = *self.by_name.entry(name).or_insert_with(|| {
            bookings.push(Booking { name: Some(name), ..Booking::default() });
            bookings.len() - 1
        });
        &mut bookings[number]
    }

    /// When this booking's showtime was cancelled, if ever.
    pub(super) fn cancellation(&self, booking: &Booking<'_>) -> Cancellation {
        booking.showtime.map_or_else(Cancellation::default, |showtime| self.cancellations[showtime])
    }

    /// Whether it tells what bookings are at the end.
    pub(super) fn is_closed(&self) -> bool {
        self.bookings.iter().any(|booking| booking.last.is_some())
    }

    fn name_owners(&mut self) {
        let mut spans: Vec<[Vec<Span>; 5]> = vec![Default::default(); self.seats.len()];
        for (number, booking) in self.bookings.iter().enumerate() {
            let showtime = self.cancellation(booking);
            let held = booking.surely_held(&self.bounds, showtime);
            let sold = booking.surely_sold(showtime);
            // Somebody without a name is nobody else's.
            let user = booking.user.unwrap_or(usize::MAX);
            let times = [
                (0, held, number),
                (0, sold, number),
                (1, sold, number),
                (2, booking.maybe_held(&self.bounds, showtime), user),
                (3, booking.maybe_sold(showtime), user),
                (4, sold, number),
            ];
            let seen = booking.surely_seen(&self.bounds, showtime);
            let seen = seen.map(|time| (4, Some(time), number));
            for (kind, time, who) in times.into_iter().chain(seen) {
                let Some((from, to)) = time else { continue };
                let span = Span { from, to, who, booking: number };
                booking.seats.iter().for_each(|seat| spans[*seat][kind].push(span));
            }
        }
        self.owners = spans
            .into_iter()
            .map(|[surely, surely_sold, maybe_held, maybe_sold, surely_seen]| Owners {
                surely: Cover::new(surely),
                surely_seen: Cover::new(surely_seen),
                surely_sold: Cover::new(surely_sold),
                maybe_held: Cover::new(maybe_held),
                maybe_sold: Cover::new(maybe_sold),
            })
            .collect();
    }
}

/// The user and the key of a call that has one.
pub(super) fn key_of(call: &Call) -> Option<(&str, &str)> {
    match call {
        Call::Hold { user, key, .. }
        | Call::Confirm { user, key, .. }
        | Call::Refund { user, key, .. } => Some((user, key)),
        Call::Pay { .. }
        | Call::Cancel { .. }
        | Call::CancelShowtime { .. }
        | Call::ReadMap { .. }
        | Call::ReadBooking { .. } => None,
    }
}

/// Users and showtimes whose bookings were all listed at the end.
pub(super) fn listed(lines: &[Line]) -> BTreeSet<(&str, &str)> {
    let listed = lines.iter().filter_map(|line| match &line.event {
        Event::Final { what: Final::BookingsOf { user, showtime }, .. } => {
            Some((user.as_str(), showtime.as_str()))
        }
        _ => None,
    });
    listed.collect()
}
