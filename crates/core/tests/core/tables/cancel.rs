use super::runner::check;

pub(super) const CANCEL: &str = "
    available                                   | cancel | ann/1 | 0 99 100 200  | refused: seats gone
    available; showtime cancelled               | cancel | ann/1 | 0 99 100 200  | refused: seats gone

    held by ann/1 until 50                      | cancel | ann/1 | 0 49          | available
    held by ann/1 until 150                     | cancel | ann/1 | 100 149       | available
    held by ann/1 until 250                     | cancel | ann/1 | 200 249       | available
    held by ann/1 until 50; showtime cancelled  | cancel | ann/1 | 0 49          | refused: seats gone
    held by ann/1 until 50                      | cancel | ann/1 | 50 99 100 200 | refused: hold expired
    held by ann/1 until 50; showtime cancelled  | cancel | ann/1 | 50 99         | refused: seats gone

    held by ann/1 until 50                      | cancel | bob/1 | 0 49          | refused: seats gone
    held by ann/1 until 150                     | cancel | bob/1 | 100 149       | refused: seats gone
    held by ann/1 until 250                     | cancel | bob/1 | 200 249       | refused: seats gone
    held by ann/1 until 50; showtime cancelled  | cancel | bob/1 | 0 49          | refused: seats gone
    held by ann/1 until 50                      | cancel | bob/1 | 50 99 100 200 | refused: seats gone
    held by ann/1 until 50; showtime cancelled  | cancel | bob/1 | 50 99         | refused: seats gone

    booked by ann/1                             | cancel | ann/1 | 0 99 100 200  | refused: not pending
    booked by ann/1; showtime cancelled         | cancel | ann/1 | 0 99 100 200  | refused: not pending
    booked by ann/1                             | cancel | bob/1 | 0 99 100 200  | refused: seats gone
    booked by ann/1; showtime cancelled         | cancel | bob/1 | 0 99 100 200  | refused: seats gone
";

pub(super) const CANCEL_SHOWTIME: &str = "
    available                                   | cancel showtime | - | 0 99 100 200  | available; showtime cancelled
    held by ann/1 until 50                      | cancel showtime | - | 0 49          | available; showtime cancelled
    held by ann/1 until 150                     | cancel showtime | - | 100 149       | available; showtime cancelled
    held by ann/1 until 250                     | cancel showtime | - | 200 249       | available; showtime cancelled
    held by ann/1 until 50                      | cancel showtime | - | 50 99 100 200 | available; showtime cancelled
    booked by ann/1                             | cancel showtime | - | 0 99 100 200  | booked by ann/1; showtime cancelled

    available; showtime cancelled               | cancel showtime | - | 0 99 100 200  | no change
    held by ann/1 until 50; showtime cancelled  | cancel showtime | - | 0 49 50       | no change
    booked by ann/1; showtime cancelled         | cancel showtime | - | 0 99 100 200  | no change
";

#[test]
fn a_booking_can_be_cancelled_while_its_hold_lasts() {
    check(CANCEL);
}

#[test]
fn a_showtime_can_be_cancelled_once_at_any_time() {
    check(CANCEL_SHOWTIME);
}

#[test]
fn a_cancellation_frees_all_seats_of_its_booking_and_no_other() {
    check(
        "
        held by ann/1 until 50; held by ann/1 until 50; held by ann/2 until 50  | cancel          | ann/1 | 0  | available; available; held by ann/2 until 50
        held by bob/1 until 50; booked by ann/2; held by ann/1 until 50         | cancel          | ann/1 | 0  | held by bob/1 until 50; booked by ann/2; available
        held by bob/1 until 50; booked by ann/1; held by ann/2 until 70         | cancel showtime | -     | 60 | available; booked by ann/1; available; showtime cancelled
        ",
    );
}
