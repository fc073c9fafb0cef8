use std::collections::VecDeque;

use super::index::{Index, NONE, hash};
use crate::{BookingId, SeatState, Timestamp, UserId};

/// A state, once for all seats that are in it: as a rule those of a booking.
#[derive(Clone, Debug)]
pub(super) struct Owner {
    /// Held or booked.
    pub(super) state: SeatState,
    /// Its places are linked in the map's order.
    pub(super) first: u16,
    pub(super) last: u16,
    pub(super) seats: u16,
}

/// The owners of seats, by numbers that are used again.
#[derive(Clone, Debug)]
pub(super) struct Owners {
    owners: Vec<Owner>,
    /// The first number to be used again; the others are linked by `first`.
    vacant: u16,
    by_booking: Index,
    by_user: Index,
    /// Those of holds, in the order of their ends.
    by_end: VecDeque<u16>,
    /// Bytes of the user ids.
    texts: usize,
}

impl Owners {
    /// No owners yet, of so many seats.
    pub(super) fn new(seats: usize) -> Self {
        Self {
            owners: Vec::new(),
            vacant: NONE,
            by_booking: Index::new(seats.div_ceil(2)),
            by_user: Index::new(seats.div_ceil(2)),
            by_end: VecDeque::new(),
            texts: 0,
        }
    }

    pub(super) fn get(&self, number: u16) -> &Owner {
        &self.owners[usize::from(number)]
    }

    pub(super) fn get_mut(&mut self, number: u16) -> &mut Owner {
        &mut self.owners[usize::from(number)]
    }

    /// Those of a booking: more than one if its seats differ.
    pub(super) fn of_booking(&self, booking: BookingId) -> impl Iterator<Item = u16> {
        let candidates = self.by_booking.candidates(hash(&booking.bytes()));
        candidates.filter(move |number| self.get(*number).state.booking() == Some(booking))
    }

    pub(super) fn of_user(&self, user: &UserId) -> impl Iterator<Item = &Owner> {
        let candidates = self.by_user.candidates(hash(user.as_str().as_bytes()));
        let owners = candidates.map(|number| self.get(number));
        owners.filter(move |owner| owner.state.user() == Some(user))
    }

    /// Those of holds that are over at `now`, the longest over first.
    pub(super) fn ended(&self, now: Timestamp) -> impl Iterator<Item = u16> {
        let over = move |number: &u16| self.get(*number).state.is_free(now);
        self.by_end.iter().copied().take_while(over)
    }

    pub(super) fn next_end(&self) -> Option<Timestamp> {
        self.by_end.front().and_then(|number| self.get(*number).state.until())
    }

    pub(super) fn next_end_after(&self, now: Timestamp) -> Option<Timestamp> {
        let over = |number: &u16| self.get(*number).state.is_free(now);
        let live = self.by_end.get(self.by_end.partition_point(over));
        live.and_then(|number| self.get(*number).state.until())
    }

    /// The number of the owner in this state, which is a new one if need be.
    pub(super) fn obtain(&mut self, booking: BookingId, user: &UserId, state: &SeatState) -> u16 {
        let known = self.of_booking(booking).find(|number| self.get(*number).state == *state);
        known.unwrap_or_else(|| self.add(booking, user, state.clone()))
    }

    fn add(&mut self, booking: BookingId, user: &UserId, state: SeatState) -> u16 {
        let held = state.until().is_some();
        let owner = Owner { state, first: NONE, last: NONE, seats: 0 };
        let number = match self.vacant {
            NONE => {
                self.owners.push(owner);
                (self.owners.len() - 1) as u16
            }
            vacant => {
                self.vacant = std::mem::replace(self.get_mut(vacant), owner).first;
                vacant
            }
        };
        self.by_booking.insert(hash(&booking.bytes()), number);
        self.by_user.insert(hash(user.as_str().as_bytes()), number);
        if held {
            self.by_end.insert(self.rank(number), number);
        }
        self.texts += text_bytes(user);
        number
    }

    /// Forgets an owner without seats.
    pub(super) fn remove(&mut self, number: u16) {
        if self.get(number).state.until().is_some() {
            self.by_end.remove(self.rank(number));
        }
        let vacant =
            Owner { state: SeatState::Available, first: self.vacant, last: NONE, seats: 0 };
        let Owner { state, .. } = std::mem::replace(self.get_mut(number), vacant);
        self.vacant = number;
        if let (Some(booking), Some(user)) = (state.booking(), state.user()) {
            self.by_booking.remove(hash(&booking.bytes()), number);
            self.by_user.remove(hash(user.as_str().as_bytes()), number);
            self.texts -= text_bytes(user);
        }
    }

    /// Where among the holds this one stands, or should.
    fn rank(&self, number: u16) -> usize {
        let end = |number: u16| (self.get(number).state.until(), number);
        let this = end(number);
        self.by_end.partition_point(|other| end(*other) < this)
    }

    /// Gives spare room back.
    pub(super) fn shrink_to_fit(&mut self) {
        self.owners.shrink_to_fit();
        self.by_booking.shrink_to_fit();
        self.by_user.shrink_to_fit();
        self.by_end.shrink_to_fit();
    }

    /// Bytes on the heap.
    pub(super) fn bytes(&self) -> usize {
        self.owners.capacity() * size_of::<Owner>()
            + self.by_booking.bytes()
            + self.by_user.bytes()
            + self.by_end.capacity() * size_of::<u16>()
            + self.texts
    }
}

/// The text of a user id, and the two counters beside it.
fn text_bytes(user: &UserId) -> usize {
    user.as_str().len() + 2 * size_of::<usize>()
}
