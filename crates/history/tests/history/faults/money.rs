//! Every charge ends sold or given back.

use seathold_history::Rule;

use super::finds;

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
