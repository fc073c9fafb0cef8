use seathold_core::{
    BookingId, InvalidSeatMap, MAX_SEATS_PER_SHOWTIME, Schedule, Seat, SeatMap, SeatState,
};

use crate::given::{at, label, seat, user};

const SCHEDULE: Schedule = Schedule { start: at(100), end: at(200), cancelled_at: None };
const BOOKING: BookingId = BookingId::from_bytes([7; 12]);

fn available(name: &str) -> Seat {
    seat(label(name), SeatState::Available)
}

fn numbered(count: usize) -> Vec<Seat> {
    (0..count).map(|n| available(&format!("A{n}"))).collect()
}

fn new(seats: Vec<Seat>) -> Result<SeatMap, InvalidSeatMap> {
    SeatMap::new(SCHEDULE, 3, seats)
}

#[test]
fn a_map_has_1_to_60_000_seats() {
    assert_eq!(new(vec![]).err(), Some(InvalidSeatMap::Size(0)));
    assert_eq!(new(numbered(1)).map(|map| map.available()), Ok(1));
    assert_eq!(MAX_SEATS_PER_SHOWTIME, 60_000);
    assert_eq!(new(numbered(60_000)).map(|map| map.available()), Ok(60_000));
    assert_eq!(new(numbered(60_001)).err(), Some(InvalidSeatMap::Size(60_001)));
}

#[test]
fn a_map_names_each_seat_once() {
    let seats = ["A1", "B1", "A2", "B1", "A1"].map(available).to_vec();
    assert_eq!(new(seats).err(), Some(InvalidSeatMap::Repeated(label("B1"))));
    assert!(new(["A1", "a1"].map(available).to_vec()).is_ok());
}

#[test]
fn each_seat_of_a_stadium_is_found_by_its_name_and_no_other() {
    let map = new(numbered(60_000)).expect("no more than there may be");
    for seat in map.seats() {
        assert_eq!(map.seat(&seat.label), Some(seat));
    }
    for n in 0..60_000 {
        assert_eq!(map.seat(&label(&format!("B{n}"))), None);
    }
}

#[test]
fn what_is_wrong_with_a_map_is_said_in_words() {
    let size = InvalidSeatMap::Size(60_001).to_string();
    assert_eq!(size, "must have 1 to 60000 seats, has 60001");
    assert_eq!(InvalidSeatMap::Repeated(label("B1")).to_string(), "has seat B1 twice");
}

#[test]
fn a_map_keeps_the_order_of_its_seats_and_counts_what_it_is_given() {
    let ann = user("ann");
    let held = |until| SeatState::Held { booking: BOOKING, user: ann.clone(), until: at(until) };
    let booked = SeatState::Booked { booking: BOOKING, user: ann.clone() };
    let map = new(vec![
        seat(label("B2"), held(50)),
        seat(label("A1"), booked),
        available("C9"),
        seat(label("A2"), held(40)),
    ])
    .expect("four seats");

    let order: Vec<_> = map.seats().map(|seat| seat.label.to_string()).collect();
    assert_eq!(order, ["B2", "A1", "C9", "A2"]);
    assert_eq!(map.seat(&label("A2")).map(|seat| seat.state), Some(&held(40)));
    assert_eq!(map.seat(&label("Z1")), None);
    assert_eq!((map.version(), map.schedule()), (3, &SCHEDULE));
    assert_eq!((map.available(), map.next_expiry()), (1, Some(at(40))));
    assert_eq!([39, 40, 49, 50].map(|now| map.available_at(at(now))), [1, 2, 2, 3]);
    assert_eq!([39, 40, 49, 50].map(|now| map.live_seats_of(&ann, at(now))), [3, 2, 2, 1]);
    let under: Vec<_> = map.seats_of(BOOKING).map(|seat| seat.label.to_string()).collect();
    assert_eq!(under, ["B2", "A1", "A2"]);
    let over: Vec<_> = map.expired(at(50)).map(|seat| seat.label.to_string()).collect();
    assert_eq!(over, ["A2", "B2"], "the longest over first");
}

#[test]
fn the_version_rises_by_one_with_each_commit() {
    let mut map = new(numbered(1)).expect("one seat");
    map.committed();
    map.committed();
    assert_eq!(map.version(), 5);
}
