use super::index::NONE;
use super::owners::{Owner, Owners};
use crate::{BookingId, SeatState, Timestamp, UserId};

static AVAILABLE: SeatState = SeatState::Available;

/// Who owns which seat; seats go by their places on the map.
#[derive(Clone, Debug)]
pub(super) struct Places {
    places: Vec<Place>,
    owners: Owners,
    available: u32,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    /// Nobody: the seat is available.
    owner: u16,
    /// The owner's next place.
    next: u16,
}

const FREE: Place = Place { owner: NONE, next: NONE };

impl Places {
    pub(super) fn new(states: impl ExactSizeIterator<Item = SeatState>) -> Self {
        let seats = states.len();
        let owners = Owners::new(seats);
        let mut map = Self { places: vec![FREE; seats], owners, available: seats as u32 };
        for (place, state) in (0..).zip(states) {
            map.take(place, &state);
        }
        map.owners.shrink_to_fit();
        map
    }

    /// How many are available.
    pub(super) const fn available(&self) -> u32 {
        self.available
    }

    pub(super) fn state(&self, place: u16) -> &SeatState {
        match self.places[usize::from(place)].owner {
            NONE => &AVAILABLE,
            owner => &self.owners.get(owner).state,
        }
    }

    pub(super) fn set(&mut self, place: u16, state: &SeatState) {
        self.free(place);
        self.take(place, state);
    }

    /// The places under this booking's id, in the map's order.
    pub(super) fn of_booking(&self, booking: BookingId) -> Vec<u16> {
        let owners = self.owners.of_booking(booking);
        let mut places: Vec<_> = owners.flat_map(|owner| self.of_owner(owner)).collect();
        places.sort_unstable();
        places
    }

    /// How many of this user's are not free at `now`.
    pub(super) fn live(&self, user: &UserId, now: Timestamp) -> u32 {
        let owners = self.owners.of_user(user).filter(|owner| !owner.state.is_free(now));
        owners.map(|owner| u32::from(owner.seats)).sum()
    }

    /// The end of the hold that ends first.
    pub(super) fn next_end(&self) -> Option<Timestamp> {
        self.owners.next_end()
    }

    /// The end of the hold that ends first after `now`.
    pub(super) fn next_end_after(&self, now: Timestamp) -> Option<Timestamp> {
        self.owners.next_end_after(now)
    }

    /// How many have a hold that is over at `now`.
    pub(super) fn count_ended(&self, now: Timestamp) -> u32 {
        self.owners.ended(now).map(|owner| u32::from(self.owners.get(owner).seats)).sum()
    }

    /// Those that have one, the longest over first, then in the map's order.
    pub(super) fn ended(&self, now: Timestamp) -> Vec<u16> {
        let owners = self.owners.ended(now);
        let mut places: Vec<_> = owners.flat_map(|owner| self.of_owner(owner)).collect();
        places.sort_by_key(|place| (self.state(*place).until(), *place));
        places
    }

    /// Bytes on the heap.
    pub(super) fn bytes(&self) -> usize {
        self.places.capacity() * size_of::<Place>() + self.owners.bytes()
    }

    fn of_owner(&self, owner: u16) -> impl Iterator<Item = u16> {
        let real = |place: u16| (place != NONE).then_some(place);
        std::iter::successors(real(self.owners.get(owner).first), move |place| {
            real(self.places[usize::from(*place)].next)
        })
    }

    /// Gives an available seat this state.
    fn take(&mut self, place: u16, state: &SeatState) {
        let (Some(booking), Some(user)) = (state.booking(), state.user()) else { return };
        self.available -= 1;
        let number = self.owners.obtain(booking, user, state);
        let before = self.before(number, place);
        let owner = self.owners.get_mut(number);
        owner.seats += 1;
        let link = match before {
            None => &mut owner.first,
            Some(before) => &mut self.places[usize::from(before)].next,
        };
        let next = std::mem::replace(link, place);
        if next == NONE {
            owner.last = place;
        }
        self.places[usize::from(place)] = Place { owner: number, next };
    }

    /// Makes a seat available.
    fn free(&mut self, place: u16) {
        let Place { owner: number, next } = self.places[usize::from(place)];
        if number == NONE {
            return;
        }
        self.available += 1;
        let before = self.before(number, place);
        let owner = self.owners.get_mut(number);
        owner.seats -= 1;
        match before {
            None => owner.first = next,
            Some(before) => self.places[usize::from(before)].next = next,
        }
        if next == NONE {
            owner.last = before.unwrap_or(NONE);
        }
        self.places[usize::from(place)] = FREE;
        if owner.seats == 0 {
            self.owners.remove(number);
        }
    }

    /// The last of the owner's places that stands before this one on the map.
    fn before(&self, owner: u16, place: u16) -> Option<u16> {
        let Owner { first, last, seats, .. } = self.owners.get(owner);
        if *seats == 0 || *first >= place {
            return None;
        }
        if *last < place {
            return Some(*last);
        }
        self.of_owner(owner).take_while(|other| *other < place).last()
    }
}
