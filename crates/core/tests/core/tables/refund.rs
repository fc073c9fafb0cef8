use super::runner::check;

pub(super) const REFUND: &str = "
    available                                   | refund | ann/1 | 0 99 100 200  | refused: seats gone
    available; showtime cancelled               | refund | ann/1 | 0 99 100 200  | refused: seats gone

    held by ann/1 until 50                      | refund | ann/1 | 0 49          | refused: not confirmed
    held by ann/1 until 150                     | refund | ann/1 | 100 149       | refused: not confirmed
    held by ann/1 until 250                     | refund | ann/1 | 200 249       | refused: not confirmed
    held by ann/1 until 50; showtime cancelled  | refund | ann/1 | 0 49          | refused: seats gone
    held by ann/1 until 50                      | refund | ann/1 | 50 99 100 200 | refused: not confirmed
    held by ann/1 until 50; showtime cancelled  | refund | ann/1 | 50 99         | refused: seats gone

    held by ann/1 until 50                      | refund | bob/1 | 0 49          | refused: seats gone
    held by ann/1 until 150                     | refund | bob/1 | 100 149       | refused: seats gone
    held by ann/1 until 250                     | refund | bob/1 | 200 249       | refused: seats gone
    held by ann/1 until 50; showtime cancelled  | refund | bob/1 | 0 49          | refused: seats gone
    held by ann/1 until 50                      | refund | bob/1 | 50 99 100 200 | refused: seats gone
    held by ann/1 until 50; showtime cancelled  | refund | bob/1 | 50 99         | refused: seats gone

    # Until when is up to others: an admin may at any time.
    booked by ann/1                             | refund | ann/1 | 0 99 100 200  | available
    booked by ann/1; showtime cancelled         | refund | ann/1 | 0 99 100 200  | available; showtime cancelled
    booked by ann/1                             | refund | bob/1 | 0 99 100 200  | refused: seats gone
    booked by ann/1; showtime cancelled         | refund | bob/1 | 0 99 100 200  | refused: seats gone
";

#[test]
fn a_sold_booking_can_be_refunded_once() {
    check(REFUND);
}

#[test]
fn a_refund_frees_all_seats_of_its_booking_and_no_other() {
    check(
        "
        booked by ann/1; booked by ann/1; booked by ann/2          | refund | ann/1 | 0 | available; available; booked by ann/2
        booked by bob/1; held by cat/1 until 50; booked by ann/1   | refund | ann/1 | 0 | booked by bob/1; held by cat/1 until 50; available

        # No history leads here, but an answer there is.
        booked by ann/1; held by ann/1 until 50                    | refund | ann/1 | 0 | refused: not confirmed
        ",
    );
}
