//! One key, one answer; a refusal has its reason.

use seathold_history::Rule;

use super::finds;

#[test]
fn a_key_with_two_bookings() {
    finds(
        "start
        10 > 1 hold ann k1 A1
        15 ? 1
        20 > 2 hold ann k1 A1
        25 < 2 ok b1 until=510
        30 > 3 hold ann k1 A1
        35 < 3 ok b2 until=510",
        &[(Rule::OneOwner, Some("A1"), &[5, 7]), (Rule::Key, None, &[5, 7])],
    );
}

#[test]
fn a_key_with_two_bookings_one_of_which_nobody_was_told_of() {
    finds(
        "start
        10 > 1 hold ann k1 A1
        15 ? 1
        20 > 2 hold ann k1 A1
        25 < 2 ok b1 until=110
        900 final booking b1 ann expired A1
        900 final booking b2 ann expired A1
        900 final bookings_of ann",
        &[(Rule::Key, None, &[5, 7])],
    );
}

#[test]
fn a_key_with_two_answers_or_two_payments() {
    finds(
        "start
        10 > 1 hold ann k1 A1
        20 < 1 ok b1 until=510 body=x
        30 > 2 hold ann k1 A1
        40 < 2 ok b1 until=510 body=y
        50 > 3 confirm ann k2 b1
        55 < 3 ok p1
        60 > 4 confirm ann k2 b1
        65 < 4 ok p2",
        &[(Rule::Key, None, &[3, 5]), (Rule::Key, None, &[7, 9])],
    );
}

#[test]
fn a_repeat_that_is_refused_after_it_was_granted() {
    finds(
        "start
        10 > 1 hold ann k1 A1
        20 < 1 ok b1 until=510
        30 > 2 hold ann k1 A1
        40 < 2 refused SEAT_HELD_BY_YOU A1
        50 > 3 hold ann k1 A1
        60 < 3 refused BOOKING_LOCK_FAILED",
        &[(Rule::Key, None, &[3, 4, 5])],
    );
}

#[test]
fn two_keys_with_one_booking() {
    finds(
        "start
        10 > 1 hold ann k1 A1
        20 < 1 ok b1 until=510
        30 > 2 hold ann k2 A1
        40 < 2 ok b1 until=510",
        &[(Rule::Key, None, &[3, 5])],
    );
}

#[test]
fn refusals_without_a_reason() {
    finds(
        "start limit=4
        10 > 1 hold ann k1 A1 A2
        20 < 1 ok b1 until=510
        30 > 2 hold bob k2 A1
        40 < 2 refused SEAT_ALREADY_BOOKED A1
        50 > 3 hold bob k3 A3
        60 < 3 refused SEAT_HELD_BY_ANOTHER A3
        70 > 4 hold ann k4 A1
        80 < 4 refused SEAT_HELD_BY_ANOTHER A1
        90 > 5 hold bob k5 A1
        92 < 5 refused SEAT_HELD_BY_YOU A1
        93 > 6 hold ann k6 A4 A5
        94 < 6 refused SEAT_LIMIT_REACHED
        95 > 7 hold ann k7 A4
        96 < 7 refused IDEMPOTENCY_KEY_REUSED",
        &[
            (Rule::Refusal, Some("A1"), &[4, 5]),
            (Rule::Refusal, Some("A3"), &[6, 7]),
            (Rule::Refusal, Some("A1"), &[8, 9]),
            (Rule::Refusal, Some("A1"), &[10, 11]),
            (Rule::Refusal, None, &[12, 13]),
            (Rule::Refusal, None, &[14, 15]),
        ],
    );
}
