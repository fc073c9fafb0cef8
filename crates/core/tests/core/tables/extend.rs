use super::runner::check;

pub(super) const EXTEND: &str = "
    available                                   | extend | ann/1 | 0 99 100 200  | refused: seats gone
    available; showtime cancelled               | extend | ann/1 | 0 99 100 200  | refused: seats gone

    # A hold made before the start stays payable until it expires.
    held by ann/1 until 50                      | extend | ann/1 | 0 49          | held by ann/1 until 900; before 50
    held by ann/1 until 150                     | extend | ann/1 | 100 149       | held by ann/1 until 900; before 150
    held by ann/1 until 250                     | extend | ann/1 | 200 249       | held by ann/1 until 900; before 250
    held by ann/1 until 50; showtime cancelled  | extend | ann/1 | 0 49          | refused: seats gone
    held by ann/1 until 50                      | extend | ann/1 | 50 99 100 200 | refused: hold expired
    held by ann/1 until 50; showtime cancelled  | extend | ann/1 | 50 99         | refused: seats gone

    held by ann/1 until 50                      | extend | bob/1 | 0 49          | refused: seats gone
    held by ann/1 until 150                     | extend | bob/1 | 100 149       | refused: seats gone
    held by ann/1 until 250                     | extend | bob/1 | 200 249       | refused: seats gone
    held by ann/1 until 50; showtime cancelled  | extend | bob/1 | 0 49          | refused: seats gone
    held by ann/1 until 50                      | extend | bob/1 | 50 99 100 200 | refused: seats gone
    held by ann/1 until 50; showtime cancelled  | extend | bob/1 | 50 99         | refused: seats gone

    booked by ann/1                             | extend | ann/1 | 0 99 100 200  | refused: not pending
    booked by ann/1; showtime cancelled         | extend | ann/1 | 0 99 100 200  | refused: not pending
    booked by ann/1                             | extend | bob/1 | 0 99 100 200  | refused: seats gone
    booked by ann/1; showtime cancelled         | extend | bob/1 | 0 99 100 200  | refused: seats gone
";

#[test]
fn a_hold_is_extended_while_it_lasts() {
    check(EXTEND);
}

#[test]
fn an_extension_never_shortens_a_hold_and_extends_all_its_seats() {
    check(
        "
        held by ann/1 until 50                                                    | extend to 51 | ann/1 | 10 | held by ann/1 until 51; before 50
        held by ann/1 until 50                                                    | extend to 50 | ann/1 | 10 | no change
        held by ann/1 until 50                                                    | extend to 49 | ann/1 | 10 | no change
        held by ann/1 until 50; held by ann/1 until 50; (held by ann/2 until 50)  | extend to 70 | ann/1 | 10 | held by ann/1 until 70; held by ann/1 until 70; held by ann/2 until 50; before 50

        # No history leads here, but an answer there is.
        held by ann/1 until 50; held by ann/1 until 90                            | extend to 70 | ann/1 | 10 | held by ann/1 until 70; held by ann/1 until 90; before 50
        held by ann/1 until 50; held by ann/1 until 90                            | extend to 95 | ann/1 | 60 | refused: hold expired
        ",
    );
}
