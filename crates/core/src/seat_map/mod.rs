use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::hash::{BuildHasherDefault, DefaultHasher, Hash};

use crate::{BookingId, Change, Seat, SeatLabel, SeatState, Timestamp, UserId};

/// Seats one showtime may have: a stadium. A document of that size is still
/// well below what a store takes.
pub const MAX_SEATS_PER_SHOWTIME: usize = 60_000;

/// A hash map without random state: the same order in every run.
type Map<K, V> = HashMap<K, V, BuildHasherDefault<DefaultHasher>>;

/// When a showtime plays, and whether it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// No new hold from this instant on.
    pub start: Timestamp,
    /// Completed from this instant on.
    pub end: Timestamp,
    /// When it was cancelled, if it was.
    pub cancelled_at: Option<Timestamp>,
}

/// The seats of one showtime at one version: the only truth about who owns what.
#[derive(Clone, Debug)]
pub struct SeatMap {
    version: u64,
    schedule: Schedule,
    seats: Vec<Seat>,
    by_label: Map<SeatLabel, u32>,
    by_booking: Map<BookingId, Vec<u32>>,
    by_user: Map<UserId, Vec<u32>>,
    by_expiry: BTreeSet<(Timestamp, u32)>,
    available: u32,
}

/// Seats that do not make a map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvalidSeatMap {
    /// No seat, or more than [`MAX_SEATS_PER_SHOWTIME`].
    Size(usize),
    /// Two seats of this name.
    Repeated(SeatLabel),
}

impl fmt::Display for InvalidSeatMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Size(n) => write!(f, "must have 1 to {MAX_SEATS_PER_SHOWTIME} seats, has {n}"),
            Self::Repeated(label) => write!(f, "has seat {label} twice"),
        }
    }
}

impl std::error::Error for InvalidSeatMap {}

impl SeatMap {
    /// The map of these seats, in this order.
    ///
    /// # Errors
    /// No seat, too many, or two of one name.
    pub fn new(schedule: Schedule, version: u64, seats: Vec<Seat>) -> Result<Self, InvalidSeatMap> {
        if !(1..=MAX_SEATS_PER_SHOWTIME).contains(&seats.len()) {
            return Err(InvalidSeatMap::Size(seats.len()));
        }
        let mut map = Self {
            version,
            schedule,
            by_label: Map::with_capacity_and_hasher(seats.len(), BuildHasherDefault::default()),
            by_booking: Map::default(),
            by_user: Map::default(),
            by_expiry: BTreeSet::new(),
            available: 0,
            seats,
        };
        for at in 0..map.seats.len() as u32 {
            let label = map.seat_at(at).label;
            if map.by_label.insert(label, at).is_some() {
                return Err(InvalidSeatMap::Repeated(label));
            }
            map.enter(at);
        }
        Ok(map)
    }

    /// The number of commits since the showtime was made.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// When the showtime plays, and whether it does.
    #[must_use]
    pub const fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// All seats, in the map's order.
    #[must_use]
    pub fn seats(&self) -> &[Seat] {
        &self.seats
    }

    /// The seat of this name.
    #[must_use]
    pub fn seat(&self, label: &SeatLabel) -> Option<&Seat> {
        self.by_label.get(label).map(|at| self.seat_at(*at))
    }

    /// Seats whose state is available: the counter that is stored. Expired
    /// holds that no commit has freed yet are not in it.
    #[must_use]
    pub const fn available(&self) -> u32 {
        self.available
    }

    /// Seats anybody may take at `now`, expired holds among them.
    #[must_use]
    pub fn available_at(&self, now: Timestamp) -> u32 {
        self.available + self.expired(now).count() as u32
    }

    /// The end of the hold that ends first, over or not.
    #[must_use]
    pub fn next_expiry(&self) -> Option<Timestamp> {
        self.by_expiry.first().map(|(until, _)| *until)
    }

    /// Seats whose hold is over at `now`, the longest over first.
    pub fn expired(&self, now: Timestamp) -> impl Iterator<Item = &Seat> {
        self.by_expiry.range(..=(now, u32::MAX)).map(|(_, at)| self.seat_at(*at))
    }

    /// Seats under this booking's id, held or booked, live or not, in the map's
    /// order.
    pub fn seats_of(&self, booking: BookingId) -> impl Iterator<Item = &Seat> {
        let places = self.by_booking.get(&booking).map_or(&[][..], Vec::as_slice);
        places.iter().map(|at| self.seat_at(*at))
    }

    /// Live seats of this user at `now`: unexpired holds and sold ones.
    #[must_use]
    pub fn live_seats_of(&self, user: &UserId, now: Timestamp) -> u32 {
        let places = self.by_user.get(user).map_or(&[][..], Vec::as_slice);
        places.iter().filter(|at| !self.seat_at(**at).state.is_free(now)).count() as u32
    }

    /// Makes a change that was decided on this very map. The version stays:
    /// it rises when a store has committed, see [`SeatMap::committed`].
    pub fn apply(&mut self, change: &Change) {
        for seat in &change.seats {
            self.set(&seat.label, &seat.to);
        }
        if let Some(at) = change.cancelled_at {
            self.schedule.cancelled_at = Some(at);
        }
    }

    /// Takes back a change made by [`SeatMap::apply`]; the last made goes first.
    pub fn revert(&mut self, change: &Change) {
        for seat in change.seats.iter().rev() {
            self.set(&seat.label, &seat.from);
        }
        if change.cancelled_at.is_some() {
            self.schedule.cancelled_at = None;
        }
    }

    /// A store has committed what was applied: the next version begins.
    pub const fn committed(&mut self) {
        self.version += 1;
    }

    fn seat_at(&self, at: u32) -> &Seat {
        &self.seats[at as usize]
    }

    fn set(&mut self, label: &SeatLabel, state: &SeatState) {
        if let Some(at) = self.by_label.get(label).copied() {
            self.leave(at);
            self.seats[at as usize].state = state.clone();
            self.enter(at);
        }
    }

    fn enter(&mut self, at: u32) {
        match self.seats[at as usize].state.clone() {
            SeatState::Available => self.available += 1,
            SeatState::Held { booking, user, until } => {
                self.by_expiry.insert((until, at));
                insert(&mut self.by_booking, booking, at);
                insert(&mut self.by_user, user, at);
            }
            SeatState::Booked { booking, user } => {
                insert(&mut self.by_booking, booking, at);
                insert(&mut self.by_user, user, at);
            }
        }
    }

    fn leave(&mut self, at: u32) {
        match self.seats[at as usize].state.clone() {
            SeatState::Available => self.available -= 1,
            SeatState::Held { booking, user, until } => {
                self.by_expiry.remove(&(until, at));
                remove(&mut self.by_booking, &booking, at);
                remove(&mut self.by_user, &user, at);
            }
            SeatState::Booked { booking, user } => {
                remove(&mut self.by_booking, &booking, at);
                remove(&mut self.by_user, &user, at);
            }
        }
    }
}

/// Keeps the map's order, so that the lists are the same however they came about.
fn insert<K: Eq + Hash>(places: &mut Map<K, Vec<u32>>, key: K, at: u32) {
    let list = places.entry(key).or_default();
    list.insert(list.partition_point(|place| *place < at), at);
}

fn remove<K: Eq + Hash>(places: &mut Map<K, Vec<u32>>, key: &K, at: u32) {
    if let Some(list) = places.get_mut(key) {
        list.retain(|place| *place != at);
        if list.is_empty() {
            places.remove(key);
        }
    }
}
