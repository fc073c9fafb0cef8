//! Holds and sales last as long as promised, and no longer.

use seathold_history::Rule;

use super::finds;

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
fn an_extended_hold_that_is_gone_before_its_time() {
    finds(
        "start
        10 > 1 hold ann k1 A1
        20 < 1 ok b1 until=100
        30 > 2 booking ann b1
        40 < 2 ok pending until=600
        120 > 3 map
        130 < 3 ok
        120 > 4 booking ann b1
        130 < 4 ok expired",
        &[(Rule::HoldLasts, Some("A1"), &[3, 7]), (Rule::HoldLasts, None, &[3, 9])],
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
