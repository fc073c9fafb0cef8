//! What looks odd, and is right: a service that does this is not accused.

use seathold_history::{Misrecorded, Promises, check};

use crate::table::history;

fn is_clean(table: &str) {
    let report = check(&history(table), &Promises::default()).expect("a history");
    assert!(report.violations.is_empty(), "{table}\n{:#?}", report.violations);
}

#[test]
fn a_sale_from_hold_to_end() {
    is_clean(
        "start hold=500 limit=10
        10 > 1 hold ann k1 A1 A2
        12 > 2 hold bob k2 A2
        18 < 2 refused SEAT_HELD_BY_ANOTHER A2
        20 < 1 ok b1 until=515 amount=20 body=x
        25 > 3 map
        28 < 3 ok version=2 A1=held A2=held
        30 > 4 confirm ann k3 b1
        40 < 4 ok p1
        50 > 5 pay p1
        60 < 5 ok
        70 > 6 booking ann b1
        80 < 6 ok confirmed A1 A2
        90 > 7 hold bob k4 A1
        95 < 7 refused SEAT_ALREADY_BOOKED A1
        900 final booking b1 ann confirmed A1 A2
        900 final bookings_of ann
        900 final map version=3 A1=booked A2=booked
        900 final payment p1 b1 20 0",
    );
}

#[test]
fn equal_times_are_at_once() {
    is_clean(
        "start
        10 > 1 hold ann k1 A1
        20 < 1 ok b1 until=510
        30 > 2 cancel ann b1
        40 < 2 ok
        40 > 3 hold bob k2 A1
        40 < 3 refused SEAT_HELD_BY_ANOTHER A1
        40 > 4 booking ann b1
        40 < 4 ok pending
        20 > 5 map
        20 < 5 ok",
    );
}

#[test]
fn a_hold_ends_anywhere_within_the_tolerance() {
    is_clean(
        "start
        10 > 1 hold ann k1 A1
        20 < 1 ok b1 until=100
        89 > 2 hold bob k2 A1
        90 < 2 ok b2 until=600
        100 > 3 booking ann b1
        110 < 3 ok pending
        91 > 4 booking ann b1
        95 < 4 ok expired
        100 > 5 hold cid k3 A1
        110 < 5 refused SEAT_HELD_BY_ANOTHER A1",
    );
}

#[test]
fn an_extension_is_seen_by_all_only_once_it_is_known() {
    is_clean(
        "start
        10 > 1 hold ann k1 A1
        20 < 1 ok b1 until=100
        80 > 2 confirm ann k2 b1
        92 > 3 map
        93 < 3 ok
        92 > 4 booking ann b1
        93 < 4 ok expired
        110 < 2 ok p1
        120 > 5 booking ann b1
        130 < 5 ok pending until=600",
    );
}

#[test]
fn a_key_that_was_used_for_two_things_may_have_done_either() {
    is_clean(
        "start
        10 > 1 hold ann k1 A1
        20 ? 1
        30 > 2 hold ann k1 A2
        40 ? 2
        900 final booking b1 ann expired A2
        900 final bookings_of ann",
    );
}

#[test]
fn what_was_not_answered_may_have_happened_at_any_time_or_not() {
    let hold = "start
        10 > 1 hold ann k1 A1
        20 ? 1
        ";
    is_clean(&format!("{hold} 900 > 2 hold bob k2 A1\n 910 < 2 refused SEAT_HELD_BY_ANOTHER A1"));
    is_clean(&format!("{hold} 900 > 2 hold bob k2 A1\n 910 < 2 ok b2 until=999"));
    is_clean(&format!("{hold} 900 > 2 map\n 910 < 2 ok A1=held"));
    is_clean(&format!("{hold} 900 > 2 map\n 910 < 2 ok"));
    is_clean(&format!(
        "{hold} 100 final booking b1 ann pending until=510 A1
        100 final bookings_of ann
        100 final map A1=held"
    ));
}

#[test]
fn a_cancellation_that_was_not_answered_leaves_all_open() {
    let begin = "start
        10 > 1 hold ann k1 A1
        20 < 1 ok b1 until=510
        30 > 2 cancel ann b1
        40 ? 2
        ";
    is_clean(&format!("{begin} 50 > 3 map\n 60 < 3 ok A1=held\n 70 > 4 map\n 80 < 4 ok"));
    is_clean(&format!("{begin} 50 > 3 hold bob k2 A1\n 60 < 3 ok b2 until=560"));
    is_clean(&format!("{begin} 50 > 3 booking ann b1\n 60 < 3 ok cancelled"));
    is_clean(&format!("{begin} 50 > 3 booking ann b1\n 60 < 3 ok pending"));
}

#[test]
fn a_late_payment_takes_its_seats_back() {
    is_clean(
        "start
        10 > 1 hold ann k1 A1
        20 < 1 ok b1 until=110
        30 > 2 confirm ann k2 b1
        40 < 2 ok p1
        130 > 3 booking ann b1
        140 < 3 ok expired
        150 > 4 hold bob k3 A1
        160 < 4 ok b2 until=660
        170 > 5 cancel bob b2
        180 < 5 ok
        190 > 6 pay p1
        200 < 6 ok
        210 > 7 booking ann b1
        220 < 7 ok confirmed
        900 final booking b1 ann confirmed A1
        900 final booking b2 bob cancelled A1
        900 final map A1=booked
        900 final payment p1 b1 20 0",
    );
}

#[test]
fn a_payment_makes_a_hold_last_longer() {
    is_clean(
        "start hold=100 extended=300
        10 > 1 hold ann k1 A1
        20 < 1 ok b1 until=115
        30 > 2 confirm ann k2 b1
        40 < 2 ok p1
        200 > 3 booking ann b1
        210 < 3 ok pending until=310
        220 > 4 hold bob k3 A1
        230 < 4 refused SEAT_HELD_BY_ANOTHER A1",
    );
}

#[test]
fn a_refund_frees_its_seats_and_a_showtime_that_is_cancelled_all_of_them() {
    is_clean(
        "start
        10 > 1 hold ann k1 A1
        20 < 1 ok b1 until=510
        30 > 2 confirm ann k2 b1
        40 < 2 ok p1
        50 > 3 booking ann b1
        60 < 3 ok confirmed
        70 > 4 refund ann k3 b1
        75 > 5 hold bob k4 A1
        80 < 5 ok b2 until=580
        90 < 4 ok
        100 > 6 cancel_showtime
        110 < 6 ok
        120 > 7 booking bob b2
        130 < 7 ok cancelled
        140 > 8 map
        150 < 8 ok
        900 final booking b1 ann cancelled A1
        900 final booking b2 bob cancelled A1
        900 final payment p1 b1 20 20",
    );
}

#[test]
fn a_map_may_be_as_old_as_is_promised() {
    is_clean(
        "start stale=50
        10 > 1 hold ann k1 A1
        20 < 1 ok b1 until=510
        70 > 2 map
        80 < 2 ok version=1
        60 > 3 map
        65 < 3 ok version=2 A1=held",
    );
}

#[test]
fn a_booking_that_costs_nothing_is_sold_at_once() {
    is_clean(
        "start
        10 > 1 hold ann k1 A1
        20 < 1 ok b1 until=510 amount=0
        30 > 2 confirm ann k2 b1
        40 < 2 ok
        900 final booking b1 ann confirmed amount=0 A1
        900 final map A1=booked
        900 final payment p9 - 0 0",
    );
}

#[test]
fn a_key_may_be_refused_first_and_granted_then() {
    is_clean(
        "start
        10 > 1 hold ann k1 A1
        20 < 1 ok b1 until=510
        30 > 2 hold bob k2 A1
        40 < 2 refused SEAT_HELD_BY_ANOTHER A1
        50 > 3 cancel ann b1
        60 < 3 ok
        70 > 4 hold bob k2 A1
        80 < 4 ok b2 until=580
        90 > 5 hold bob k2 A2
        95 < 5 refused IDEMPOTENCY_KEY_REUSED",
    );
}

#[test]
fn lines_that_make_no_history_are_named() {
    let misrecorded = |table: &str| check(&history(table), &Promises::default()).unwrap_err();
    assert_eq!(misrecorded("10 > 1 map\n20 > 1 map"), Misrecorded::InvokedTwice(2, 1, 1));
    assert_eq!(misrecorded("10 ? 1"), Misrecorded::NeverInvoked(1, 1));
    assert_eq!(misrecorded("10 > 1 map\n20 ? 1\n21 ? 1"), Misrecorded::AnsweredTwice(3, 1));
    assert_eq!(misrecorded("10 > 1 map\n9 ? 1"), Misrecorded::AnsweredBefore(2, 1));
    assert_eq!(misrecorded("10 > 1 map\nstart"), Misrecorded::LateStart(2));
}
