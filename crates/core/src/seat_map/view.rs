use std::fmt;
use std::ops::Range;

use super::SeatMap;
use crate::{Seat, SeatLabel, SeatState, SeatType};

/// One seat, lent by its map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeatRef<'m> {
    /// Where it stands on its map, from 0.
    pub position: u16,
    /// Its name.
    pub label: SeatLabel,
    /// Its kind.
    pub seat_type: SeatType,
    /// Its owner.
    pub state: &'m SeatState,
}

impl SeatRef<'_> {
    /// The seat as one of its own.
    #[must_use]
    pub fn to_seat(self) -> Seat {
        Seat { label: self.label, seat_type: self.seat_type, state: self.state.clone() }
    }
}

/// The seats of a map, in its order. Each is put together as it is read: the map
/// keeps a state once for all seats that are in it.
#[derive(Clone)]
pub struct Seats<'m> {
    pub(super) map: &'m SeatMap,
    pub(super) places: Range<u16>,
}

impl Seats<'_> {
    /// The seats as some of their own.
    #[must_use]
    pub fn to_vec(self) -> Vec<Seat> {
        self.map(SeatRef::to_seat).collect()
    }
}

impl<'m> Iterator for Seats<'m> {
    type Item = SeatRef<'m>;

    fn next(&mut self) -> Option<SeatRef<'m>> {
        self.places.next().map(|place| self.map.at(place))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.places.size_hint()
    }
}

impl ExactSizeIterator for Seats<'_> {}

impl PartialEq for Seats<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.clone().eq(other.clone())
    }
}

impl fmt::Debug for Seats<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}
