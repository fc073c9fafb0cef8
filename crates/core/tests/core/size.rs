//! What a map takes of memory, as it says itself, beside what its parts must take.

use seathold_core::{
    BookingId, Command, Schedule, Seat, SeatLabel, SeatMap, SeatState, UserId, decide,
};

use crate::given::{at, label, seat, user};

const SIZES: [u32; 3] = [200, 2_000, 60_000];
/// A name of 16 bytes and a type; owner, next seat, and a link to find the name.
const SEAT: f64 = 17.0 + 3.0 * 2.0;
/// A state, its seats, and a link each by booking, user and end.
const OWNER: f64 = 48.0 + 3.0 * 2.0;
const USER: &str = "6f1a1a3e-0c8e-4a53-9d0b-3f1f8f3c2b10";
/// The text of a user id has two counters beside it.
const TEXT: f64 = 36.0 + 16.0;

fn labels(seats: u32) -> Vec<SeatLabel> {
    (0..seats).map(|n| label(&format!("{}{n}", ["A", "B", "C", "D"][n as usize % 4]))).collect()
}

/// A map on which each booking holds so many seats; none: nobody holds any.
fn map(seats: u32, per_booking: Option<u32>) -> SeatMap {
    let schedule = Schedule { start: at(100), end: at(200), cancelled_at: None };
    let state = |n: u32| match per_booking {
        None => SeatState::Available,
        Some(per) => {
            let booking = BookingId::from_parts(n / per, [0; 8]);
            SeatState::Held { booking, user: user(USER), until: at(50 + i64::from(n / per)) }
        }
    };
    let seats: Vec<Seat> =
        labels(seats).into_iter().zip(0..).map(|(label, n)| seat(label, state(n))).collect();
    SeatMap::new(schedule, 0, seats).expect("each seat once")
}

/// Of a map of so many available seats: beside the seats, a bucket for each to
/// find the names, and half of that to find bookings, and users.
fn available(seats: u32) -> f64 {
    let buckets = seats.next_power_of_two() + 2 * (seats / 2).next_power_of_two();
    let whole = f64::from(buckets) * 2.0 + size_of::<SeatMap>() as f64;
    SEAT + whole / f64::from(seats)
}

fn assert_about(bytes: f64, expected: f64) {
    let off = (bytes - expected).abs() / expected;
    assert!(off < 0.02, "{bytes}, not {expected}");
}

fn bytes_per_seat(map: &SeatMap) -> f64 {
    map.bytes() as f64 / map.seats().len() as f64
}

#[test]
fn an_available_seat_takes_less_than_30_bytes() {
    for seats in SIZES {
        let bytes = bytes_per_seat(&map(seats, None));
        assert_about(bytes, available(seats));
        assert!(bytes < 30.0, "{bytes} of {seats}");
    }
}

#[test]
fn an_owner_is_counted_once_for_all_its_seats() {
    for (seats, per_booking) in SIZES.into_iter().flat_map(|seats| [(seats, 1), (seats, 4)]) {
        let bytes = bytes_per_seat(&map(seats, Some(per_booking)));
        assert_about(bytes, available(seats) + (OWNER + TEXT) / f64::from(per_booking));
    }
}

#[test]
fn a_map_does_not_grow_with_the_bookings_that_come_and_go() {
    let mut map = map(200, None);
    let (seats, user): (_, UserId) = (labels(200), user(USER));
    let mut rounds = 0..1_000_u32;
    let mut round = |map: &mut SeatMap| {
        let number = rounds.next().expect("enough rounds");
        let booking = BookingId::from_parts(number, [0; 8]);
        let from = number as usize % 190;
        let seats = &seats[from..from + 10];
        let hold = Command::Hold { booking, user: &user, seats, until: at(90), max_per_user: 10 };
        let change = decide(map, hold, at(0)).expect("nobody else holds any");
        map.apply(&change);
        let change = decide(map, Command::Cancel { booking }, at(0)).expect("it is held");
        map.apply(&change);
        map.bytes()
    };
    let after_one = round(&mut map);
    for _ in 1..1_000 {
        assert_eq!(round(&mut map), after_one);
    }
}
