mod index;
mod owners;
mod places;
mod view;

use std::fmt;

use index::{Index, NONE, hash};
use places::Places;
pub use view::{SeatRef, Seats};

use crate::{BookingId, Change, Seat, SeatLabel, SeatState, SeatType, Timestamp, UserId};

/// Seats one showtime may have: a stadium. A document of that size is still
/// well below what a store takes.
pub const MAX_SEATS_PER_SHOWTIME: usize = 60_000;

// Seats go by numbers of 16 bits.
const _: () = assert!(MAX_SEATS_PER_SHOWTIME <= NONE as usize);

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
/// Kept small, for many are cached: an available seat takes less than 30 bytes.
#[derive(Clone, Debug)]
pub struct SeatMap {
    version: u64,
    schedule: Schedule,
    seats: Vec<Named>,
    by_label: Index,
    places: Places,
}

/// What never changes about a seat.
#[derive(Clone, Copy, Debug)]
struct Named {
    label: SeatLabel,
    seat_type: SeatType,
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
        let mut by_label = Index::new(seats.len());
        let mut named: Vec<Named> = Vec::with_capacity(seats.len());
        for (place, Seat { label, seat_type, .. }) in (0..).zip(&seats) {
            let key = hash(label.bytes());
            if by_label.candidates(key).any(|other| named[usize::from(other)].label == *label) {
                return Err(InvalidSeatMap::Repeated(*label));
            }
            by_label.insert(key, place);
            named.push(Named { label: *label, seat_type: *seat_type });
        }
        by_label.shrink_to_fit();
        let places = Places::new(seats.into_iter().map(|seat| seat.state));
        Ok(Self { version, schedule, seats: named, by_label, places })
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
    pub const fn seats(&self) -> Seats<'_> {
        Seats { map: self, places: 0..self.seats.len() as u16 }
    }

    /// The seat of this name.
    #[must_use]
    pub fn seat(&self, label: &SeatLabel) -> Option<SeatRef<'_>> {
        self.place(label).map(|place| self.at(place))
    }

    /// Seats whose state is available: the counter that is stored. Expired
    /// holds that no commit has freed yet are not in it.
    #[must_use]
    pub const fn available(&self) -> u32 {
        self.places.available()
    }

    /// Seats anybody may take at `now`, expired holds among them.
    #[must_use]
    pub fn available_at(&self, now: Timestamp) -> u32 {
        self.available() + self.places.count_ended(now)
    }

    /// The end of the hold that ends first, over or not.
    #[must_use]
    pub fn next_expiry(&self) -> Option<Timestamp> {
        self.places.next_end()
    }

    /// The end of the hold that ends next, of those that are live at `now`.
    #[must_use]
    pub fn next_end(&self, now: Timestamp) -> Option<Timestamp> {
        self.places.next_end_after(now)
    }

    /// Seats whose hold is over at `now`, the longest over first.
    pub fn expired(&self, now: Timestamp) -> impl Iterator<Item = SeatRef<'_>> {
        self.places.ended(now).into_iter().map(|place| self.at(place))
    }

    /// Seats under this booking's id, held or booked, live or not, in the map's
    /// order.
    pub fn seats_of(&self, booking: BookingId) -> impl Iterator<Item = SeatRef<'_>> {
        self.places.of_booking(booking).into_iter().map(|place| self.at(place))
    }

    /// Live seats of this user at `now`: unexpired holds and sold ones.
    #[must_use]
    pub fn live_seats_of(&self, user: &UserId, now: Timestamp) -> u32 {
        self.places.live(user, now)
    }

    /// About how many bytes of memory the map takes: its own, and what it has
    /// reserved on the heap. An estimate: what an allocator adds is not in it, and
    /// a user id counts for each booking, whoever else refers to it.
    #[must_use]
    pub fn bytes(&self) -> usize {
        size_of::<Self>()
            + self.seats.capacity() * size_of::<Named>()
            + self.by_label.bytes()
            + self.places.bytes()
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

    fn set(&mut self, label: &SeatLabel, state: &SeatState) {
        if let Some(place) = self.place(label) {
            self.places.set(place, state);
        }
    }

    fn place(&self, label: &SeatLabel) -> Option<u16> {
        let mut candidates = self.by_label.candidates(hash(label.bytes()));
        candidates.find(|place| self.seats[usize::from(*place)].label == *label)
    }

    fn at(&self, place: u16) -> SeatRef<'_> {
        let Named { label, seat_type } = self.seats[usize::from(place)];
        SeatRef { position: place, label, seat_type, state: self.places.state(place) }
    }
}
