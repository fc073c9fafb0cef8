//! A seat has one owner at a time.

use seathold_history::Rule;

use super::finds;

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
