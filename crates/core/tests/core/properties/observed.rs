//! All that can be seen of a map at one moment.

use seathold_core::{BookingId, Seat, SeatLabel, SeatMap, Timestamp, UserId};

#[derive(Debug, PartialEq)]
pub(super) struct Observed {
    pub(super) cancelled_at: Option<Timestamp>,
    pub(super) seats: Vec<Seat>,
    pub(super) available: u32,
    pub(super) available_now: u32,
    pub(super) next_expiry: Option<Timestamp>,
    /// The longest over first.
    pub(super) expired: Vec<SeatLabel>,
    /// By user.
    pub(super) live: Vec<u32>,
    /// By booking, in the map's order.
    pub(super) under: Vec<Vec<SeatLabel>>,
}

impl Observed {
    /// What the map says of itself, and of these users and bookings.
    pub(super) fn of(
        map: &SeatMap,
        users: &[UserId],
        bookings: &[BookingId],
        now: Timestamp,
    ) -> Self {
        let by_name = map.seats().filter_map(|s| map.seat(&s.label));
        assert!(by_name.eq(map.seats()), "each seat is found by its name");
        Self {
            cancelled_at: map.schedule().cancelled_at,
            seats: map.seats().to_vec(),
            available: map.available(),
            available_now: map.available_at(now),
            next_expiry: map.next_expiry(),
            expired: map.expired(now).map(|seat| seat.label).collect(),
            live: users.iter().map(|user| map.live_seats_of(user, now)).collect(),
            under: bookings
                .iter()
                .map(|booking| map.seats_of(*booking).map(|seat| seat.label).collect())
                .collect(),
        }
    }
}
