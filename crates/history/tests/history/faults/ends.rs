//! Nothing happens that nobody asked for, and what has happened is whole.

use seathold_history::Rule;

use super::finds;

#[test]
fn a_sale_that_nobody_paid_for() {
    finds(
        "start
        10 > 1 hold ann k1 A1
        20 < 1 ok b1 until=510
        30 > 2 map
        40 < 2 ok A1=booked",
        &[(Rule::Asked, Some("A1"), &[5])],
    );
    finds(
        "start
        10 > 1 hold ann k1 A1
        20 < 1 ok b1 until=510
        50 > 3 booking ann b1
        60 < 3 ok confirmed",
        &[(Rule::Asked, None, &[3, 5])],
    );
}

#[test]
fn a_cancellation_that_nobody_asked_for() {
    finds(
        "start
        10 > 1 hold ann k1 A1
        20 < 1 ok b1 until=510
        30 > 2 booking ann b1
        40 < 2 ok cancelled",
        &[(Rule::Asked, None, &[3, 5])],
    );
}

#[test]
fn a_seat_that_is_taken_and_nobody_ever_asked_for_it() {
    finds(
        "start
        10 > 1 map
        20 < 1 ok A9=held",
        &[(Rule::Asked, None, &[3])],
    );
}

#[test]
fn an_unanswered_hold_of_which_half_happened() {
    finds(
        "start
        10 > 1 hold ann k1 A1 A2
        20 ? 1
        100 final map A1=held
        100 final booking b1 ann pending until=510 A1 A2
        100 final bookings_of ann",
        &[(Rule::HoldLasts, Some("A2"), &[4, 5])],
    );
}

#[test]
fn an_unanswered_hold_whose_seat_is_taken_though_no_booking_was_made() {
    finds(
        "start
        10 > 1 hold ann k1 A1
        20 ? 1
        100 final map A1=held
        100 final bookings_of ann",
        &[(Rule::Over, Some("A1"), &[4])],
    );
}

#[test]
fn a_map_that_does_not_add_up_and_one_that_goes_back() {
    finds(
        "start
        10 > 1 map
        20 < 1 ok version=5 available=9
        30 > 2 map
        40 < 2 ok version=4",
        &[(Rule::Map, None, &[3]), (Rule::Map, None, &[3, 5])],
    );
}
