//! Each fault that a service may have, as a small history that shows it.

use seathold_history::{Promises, Rule, check};

use crate::table::history;

/// Exactly this is found: the rules that are broken, with seat and lines.
fn finds(table: &str, expected: &[(Rule, Option<&str>, &[usize])]) {
    let report = check(&history(table), &Promises::default()).expect("a history");
    let found: Vec<_> = report.violations.iter().collect();
    let brief: Vec<_> = found
        .iter()
        .map(|it| (it.rule, it.seat.as_ref().map(|seat| seat.1.as_str()), it.lines.as_slice()))
        .collect();
    assert_eq!(brief, expected, "{table}\n{found:#?}");
}

#[test]
fn a_seat_that_two_were_granted_at_one_time() {
    finds(
        "start
        10 > 1 hold ann k1 A1
        20 < 1 ok b1 until=510
        30 > 2 hold bob k2 A1 A2
        40 < 2 ok b2 until=540",
        &[(Rule::OneOwner, Some("A1"), &[3, 5])],
    );
}

#[test]
fn a_seat_granted_to_another_and_cancelled_at_once() {
    finds(
        "start
        10 > 1 hold ann k1 A1
        20 < 1 ok b1 until=510
        30 > 2 hold bob k2 A1
        40 > 3 cancel bob b2
        50 < 2 ok b2 until=540
        60 < 3 ok",
        &[(Rule::OneOwner, Some("A1"), &[3, 6])],
    );
}

#[test]
fn a_seat_sold_to_two() {
    finds(
        "start
        10 > 1 hold ann k1 A1
        20 < 1 ok b1 until=110
        30 > 2 confirm ann k2 b1
        40 < 2 ok p1
        200 > 3 hold bob k3 A1
        210 < 3 ok b2 until=310
        220 > 4 confirm bob k4 b2
        230 < 4 ok p2
        800 final booking b1 ann confirmed A1
        800 final booking b2 bob confirmed A1
        800 final payment p1 b1 20 0
        800 final payment p2 b2 20 0
        800 final map A1=booked",
        &[(Rule::OneOwner, Some("A1"), &[3, 7, 10, 11])],
    );
}

#[test]
fn an_expired_hold_that_is_sold_while_another_holds_its_seat() {
    finds(
        "start
        10 > 1 hold ann k1 A1
        20 < 1 ok b1 until=110
        30 > 2 confirm ann k2 b1
        40 < 2 ok p1
        130 > 3 hold bob k3 A1
        140 < 3 ok b2 until=640
        150 > 4 pay p1
        160 < 4 ok
        170 > 5 booking ann b1
        180 < 5 ok confirmed",
        &[(Rule::OneOwner, Some("A1"), &[3, 7, 11])],
    );
}

#[test]
fn a_hold_that_is_lost() {
    finds(
        "start
        10 > 1 hold ann k1 A1 A2
        20 < 1 ok b1 until=510
        30 > 2 map
        40 < 2 ok A1=held
        50 > 3 booking ann b1
        60 < 3 refused BOOKING_NOT_FOUND",
        &[(Rule::HoldLasts, Some("A2"), &[3, 5]), (Rule::HoldLasts, None, &[3, 6, 7])],
    );
}

#[test]
fn a_hold_that_is_gone_before_its_time() {
    finds(
        "start
        10 > 1 hold ann k1 A1
        20 < 1 ok b1 until=510
        480 > 2 booking ann b1
        490 < 2 ok expired
        491 > 3 confirm ann k2 b1
        492 < 3 refused BOOKING_HOLD_EXPIRED",
        &[(Rule::HoldLasts, None, &[3, 5]), (Rule::HoldLasts, None, &[3, 6, 7])],
    );
}

#[test]
fn a_hold_that_is_shorter_than_promised_or_gets_shorter() {
    finds(
        "start hold=500
        10 > 1 hold ann k1 A1
        20 < 1 ok b1 until=490
        30 > 2 hold ann k2 A2
        40 < 2 ok b2 until=540
        50 > 3 booking ann b2
        60 < 3 ok pending until=530 A2",
        &[(Rule::HoldLasts, None, &[2, 3]), (Rule::HoldLasts, None, &[5, 7])],
    );
}

#[test]
fn a_hold_that_outlives_its_end() {
    finds(
        "start
        10 > 1 hold ann k1 A1
        20 < 1 ok b1 until=510
        521 > 2 booking ann b1
        530 < 2 ok pending
        540 > 3 map
        550 < 3 ok A1=held",
        &[(Rule::Over, None, &[3, 5]), (Rule::Over, Some("A1"), &[3, 7])],
    );
}

#[test]
fn a_cancelled_hold_that_stays() {
    finds(
        "start
        10 > 1 hold ann k1 A1
        20 < 1 ok b1 until=510
        30 > 2 cancel ann b1
        40 < 2 ok
        50 > 3 map
        60 < 3 ok A1=held
        70 > 4 hold bob k2 A1
        80 < 4 refused SEAT_HELD_BY_ANOTHER A1",
        &[(Rule::Over, Some("A1"), &[3, 7]), (Rule::Refusal, Some("A1"), &[8, 9])],
    );
}

#[test]
fn a_booking_that_is_sold_after_it_was_cancelled() {
    finds(
        "start
        10 > 1 hold ann k1 A1
        20 < 1 ok b1 until=510
        30 > 2 confirm ann k2 b1
        40 < 2 ok p1
        50 > 3 cancel ann b1
        60 < 3 ok
        70 > 4 booking ann b1
        80 < 4 ok confirmed",
        &[(Rule::Status, None, &[7, 9])],
    );
}

#[test]
fn a_booking_that_reads_booked_after_its_refund() {
    finds(
        "start
        10 > 1 hold ann k1 A1
        20 < 1 ok b1 until=510
        30 > 2 confirm ann k2 b1
        40 < 2 ok p1
        50 > 3 booking ann b1
        60 < 3 ok confirmed
        70 > 4 refund ann k3 b1
        80 < 4 ok
        90 > 5 booking ann b1
        95 < 5 ok confirmed
        96 > 6 map
        99 < 6 ok A1=booked",
        &[(Rule::Asked, Some("A1"), &[3, 7, 13]), (Rule::Status, None, &[9, 11])],
    );
}

#[test]
fn a_sale_that_is_lost() {
    finds(
        "start
        10 > 1 hold ann k1 A1
        20 < 1 ok b1 until=110
        30 > 2 confirm ann k2 b1
        40 < 2 ok p1
        50 > 3 booking ann b1
        60 < 3 ok confirmed
        200 > 4 map
        210 < 4 ok
        220 > 5 booking ann b1
        230 < 5 ok expired",
        &[(Rule::SaleLasts, Some("A1"), &[3, 7, 9]), (Rule::SaleLasts, None, &[7, 11])],
    );
}

#[test]
fn a_sold_seat_that_reads_held_and_a_sold_booking_that_is_cancelled() {
    finds(
        "start
        10 > 1 hold ann k1 A1
        20 < 1 ok b1 until=510
        30 > 2 confirm ann k2 b1
        40 < 2 ok p1
        50 > 3 booking ann b1
        60 < 3 ok confirmed
        70 > 4 map
        80 < 4 ok A1=held
        90 > 5 cancel ann b1
        95 < 5 ok",
        &[(Rule::SaleLasts, Some("A1"), &[3, 7, 9]), (Rule::SaleLasts, None, &[3, 7, 10, 11])],
    );
}

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
fn a_charge_that_is_neither_sold_nor_given_back() {
    finds(
        "start
        10 > 1 hold ann k1 A1
        20 < 1 ok b1 until=110
        30 > 2 confirm ann k2 b1
        40 < 2 ok p1
        900 final booking b1 ann expired A1
        900 final payment p1 b1 20 0",
        &[(Rule::Money, None, &[3, 6, 7])],
    );
}

#[test]
fn a_charge_that_is_both_sold_and_given_back() {
    finds(
        "start
        10 > 1 hold ann k1 A1
        20 < 1 ok b1 until=110
        30 > 2 confirm ann k2 b1
        40 < 2 ok p1
        50 charge p1 20
        60 refunded p1 20
        900 final booking b1 ann confirmed A1",
        &[(Rule::Money, None, &[3, 6, 7, 8])],
    );
}

#[test]
fn a_second_charge_that_is_kept_and_a_refund_of_more_than_was_taken() {
    finds(
        "start
        10 > 1 hold ann k1 A1
        20 < 1 ok b1 until=110
        30 > 2 confirm ann k2 b1
        40 < 2 ok p1
        900 final booking b1 ann confirmed A1
        901 final payment p1 b1 20 0
        902 final payment p2 b1 20 0
        903 final payment p3 - 20 40
        904 final payment p4 - 20 0",
        &[
            (Rule::Money, None, &[3, 6, 7, 8]),
            (Rule::Money, None, &[9]),
            (Rule::Money, None, &[10]),
        ],
    );
}

#[test]
fn a_sale_without_a_charge() {
    finds(
        "start
        10 > 1 hold ann k1 A1
        20 < 1 ok b1 until=110
        30 > 2 confirm ann k2 b1
        40 < 2 ok p1
        900 final booking b1 ann confirmed A1
        901 final payment p1 b1 0 0",
        &[(Rule::Money, None, &[3, 6, 7])],
    );
}

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

#[test]
fn a_payment_that_is_begun_after_the_booking_was_cancelled() {
    finds(
        "start
        10 > 1 hold ann k1 A1
        20 < 1 ok b1 until=510
        30 > 2 cancel ann b1
        40 < 2 ok
        50 > 3 confirm ann k2 b1
        60 < 3 ok p1",
        &[(Rule::Status, None, &[5, 6, 7])],
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
