//! Short names for what the tests are made of.

use seathold_core::{Seat, SeatLabel, SeatState, SeatType, Timestamp, UserId};

pub(crate) fn label(text: &str) -> SeatLabel {
    text.parse().expect("the test names a seat as it should")
}

pub(crate) fn user(name: &str) -> UserId {
    name.parse().expect("the test names a user as it should")
}

pub(crate) const fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

pub(crate) const fn seat(label: SeatLabel, state: SeatState) -> Seat {
    Seat { label, seat_type: SeatType::Standard, state }
}
