use super::runner::check;

pub(super) const SELL: &str = "
    available                                   | sell | ann/1 | 0 99 100      | refused: seats gone
    available                                   | sell | ann/1 | 200           | refused: not available
    available; showtime cancelled               | sell | ann/1 | 0 99 100 200  | refused: not available

    # One's own hold, live or over, as long as its seats stand under it; once it is
    # over, as long as the showtime is not.
    held by ann/1 until 50                      | sell | ann/1 | 0 49          | booked by ann/1
    held by ann/1 until 150                     | sell | ann/1 | 100 149       | booked by ann/1
    held by ann/1 until 250                     | sell | ann/1 | 200 249       | booked by ann/1
    held by ann/1 until 50; showtime cancelled  | sell | ann/1 | 0 49          | refused: not available
    held by ann/1 until 50                      | sell | ann/1 | 50 99 100 199 | booked by ann/1
    held by ann/1 until 50                      | sell | ann/1 | 200           | refused: not available
    held by ann/1 until 200                     | sell | ann/1 | 200           | refused: not available
    held by ann/1 until 50; showtime cancelled  | sell | ann/1 | 50 99         | refused: not available

    held by ann/1 until 50                      | sell | bob/1 | 0 49          | refused: seats gone
    held by ann/1 until 150                     | sell | bob/1 | 100 149       | refused: seats gone
    held by ann/1 until 250                     | sell | bob/1 | 200 249       | refused: not available
    held by ann/1 until 50; showtime cancelled  | sell | bob/1 | 0 49          | refused: not available
    held by ann/1 until 50                      | sell | bob/1 | 50 99 100     | refused: seats gone
    held by ann/1 until 50                      | sell | bob/1 | 200           | refused: not available
    held by ann/1 until 50; showtime cancelled  | sell | bob/1 | 50 99         | refused: not available

    # Sold already.
    booked by ann/1                             | sell | ann/1 | 0 99 100 200  | no change
    booked by ann/1; showtime cancelled         | sell | ann/1 | 0 99 100 200  | no change
    booked by ann/1                             | sell | bob/1 | 0 99 100      | refused: seats gone
    booked by ann/1                             | sell | bob/1 | 200           | refused: not available
    booked by ann/1; showtime cancelled         | sell | bob/1 | 0 99 100 200  | refused: not available
";

pub(super) const TAKE_BACK: &str = "
    available                                   | sell take-back | ann/1 | 0 99 100 199  | booked by ann/1
    available                                   | sell take-back | ann/1 | 200           | refused: not available
    available; showtime cancelled               | sell take-back | ann/1 | 0 99 100 200  | refused: not available

    held by ann/1 until 50                      | sell take-back | ann/1 | 0 49          | booked by ann/1
    held by ann/1 until 150                     | sell take-back | ann/1 | 100 149       | booked by ann/1
    held by ann/1 until 250                     | sell take-back | ann/1 | 200 249       | booked by ann/1
    held by ann/1 until 50; showtime cancelled  | sell take-back | ann/1 | 0 49          | refused: not available
    held by ann/1 until 50                      | sell take-back | ann/1 | 50 99 100 199 | booked by ann/1
    held by ann/1 until 50                      | sell take-back | ann/1 | 200           | refused: not available
    held by ann/1 until 50; showtime cancelled  | sell take-back | ann/1 | 50 99         | refused: not available

    # Another's hold is in the way until it is over; so is one's own second.
    held by ann/1 until 50                      | sell take-back | bob/1 | 0 49          | refused: seats gone
    held by ann/1 until 50                      | sell take-back | ann/2 | 0 49          | refused: seats gone
    held by ann/1 until 150                     | sell take-back | bob/1 | 100 149       | refused: seats gone
    held by ann/1 until 250                     | sell take-back | bob/1 | 200 249       | refused: not available
    held by ann/1 until 50; showtime cancelled  | sell take-back | bob/1 | 0 49          | refused: not available
    held by ann/1 until 50                      | sell take-back | bob/1 | 50 99 100     | booked by bob/1; not before 50
    held by ann/1 until 50                      | sell take-back | bob/1 | 200           | refused: not available
    held by ann/1 until 50                      | sell take-back | ann/2 | 50            | booked by ann/2; not before 50
    held by ann/1 until 50; showtime cancelled  | sell take-back | bob/1 | 50 99         | refused: not available

    booked by ann/1                             | sell take-back | ann/1 | 0 99 100 200  | no change
    booked by ann/1; showtime cancelled         | sell take-back | ann/1 | 0 99 100 200  | no change
    booked by ann/1                             | sell take-back | bob/1 | 0 99 100      | refused: seats gone
    booked by ann/1                             | sell take-back | ann/2 | 0 99 100      | refused: seats gone
    booked by ann/1                             | sell take-back | bob/1 | 200           | refused: not available
    booked by ann/1; showtime cancelled         | sell take-back | bob/1 | 0 99 100 200  | refused: not available
";

#[test]
fn a_sale_takes_what_stands_under_its_booking() {
    check(SELL);
}

#[test]
fn a_late_sale_takes_its_seats_back_if_nobody_has_them_and_the_show_is_not_over() {
    check(TAKE_BACK);
}

#[test]
fn a_sale_takes_all_its_seats_or_none() {
    check(
        "
        held by ann/1 until 50; held by ann/1 until 50  | sell           | ann/1 | 0  | booked by ann/1; booked by ann/1
        held by ann/1 until 50; available               | sell           | ann/1 | 60 | refused: seats gone
        held by ann/1 until 50; available               | sell take-back | ann/1 | 60 | booked by ann/1; booked by ann/1
        held by ann/1 until 50; held by bob/1 until 70  | sell           | ann/1 | 60 | refused: seats gone
        held by ann/1 until 50; held by bob/1 until 70  | sell take-back | ann/1 | 60 | refused: seats gone
        held by ann/1 until 50; held by bob/1 until 70  | sell take-back | ann/1 | 70 | booked by ann/1; booked by ann/1; not before 70
        held by ann/1 until 50; booked by bob/1         | sell take-back | ann/1 | 60 | refused: seats gone
        available; missing                              | sell take-back | ann/1 | 0  | refused: invalid A2

        # No history leads here, but an answer there is.
        held by ann/1 until 50; available               | sell           | ann/1 | 0  | refused: seats gone
        held by ann/1 until 50; available               | sell take-back | ann/1 | 0  | booked by ann/1; booked by ann/1
        booked by ann/1; available                      | sell take-back | ann/1 | 0  | booked by ann/1; booked by ann/1
        ",
    );
}

#[test]
fn a_sale_leaves_other_bookings_of_the_user_alone() {
    check(
        "
        held by ann/1 until 50; (held by ann/2 until 50); (available)  | sell           | ann/1 | 0 | booked by ann/1; held by ann/2 until 50; available
        available; (held by ann/2 until 50)                            | sell take-back | ann/1 | 0 | booked by ann/1; held by ann/2 until 50
        ",
    );
}
