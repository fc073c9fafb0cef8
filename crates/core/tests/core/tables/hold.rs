use super::runner::check;

pub(super) const HOLD: &str = "
    available                                   | hold | ann/1 | 0 99     | held by ann/1 until 900
    available                                   | hold | ann/1 | 100 199  | refused: started
    available                                   | hold | ann/1 | 200 1000 | refused: not available
    available; showtime cancelled               | hold | ann/1 | 0 99     | refused: not available
    available; showtime cancelled               | hold | ann/1 | 100 200  | refused: not available

    # One's own live hold, under another booking.
    held by ann/1 until 50                      | hold | ann/2 | 0 49     | refused: held by you A1 as ann/1
    held by ann/1 until 150                     | hold | ann/2 | 100 149  | refused: started
    held by ann/1 until 250                     | hold | ann/2 | 200 249  | refused: not available
    held by ann/1 until 50; showtime cancelled  | hold | ann/2 | 0 49     | refused: not available

    # Another's live hold.
    held by ann/1 until 50                      | hold | bob/1 | 0 49     | refused: held by another A1
    held by ann/1 until 150                     | hold | bob/1 | 100 149  | refused: started
    held by ann/1 until 250                     | hold | bob/1 | 200 249  | refused: not available
    held by ann/1 until 50; showtime cancelled  | hold | bob/1 | 0 49     | refused: not available

    # A hold that is over, whoever had it.
    held by ann/1 until 50                      | hold | ann/2 | 50 99    | held by ann/2 until 900; not before 50
    held by ann/1 until 50                      | hold | ann/2 | 100 199  | refused: started
    held by ann/1 until 50                      | hold | ann/2 | 200      | refused: not available
    held by ann/1 until 50; showtime cancelled  | hold | ann/2 | 50 99    | refused: not available
    held by ann/1 until 50                      | hold | bob/1 | 50 99    | held by bob/1 until 900; not before 50
    held by ann/1 until 50                      | hold | bob/1 | 100 199  | refused: started
    held by ann/1 until 50                      | hold | bob/1 | 200      | refused: not available
    held by ann/1 until 50; showtime cancelled  | hold | bob/1 | 50 99    | refused: not available

    # Sold is sold, to oneself as to another.
    booked by ann/1                             | hold | ann/2 | 0 99     | refused: booked A1
    booked by ann/1                             | hold | ann/2 | 100 199  | refused: started
    booked by ann/1                             | hold | ann/2 | 200      | refused: not available
    booked by ann/1; showtime cancelled         | hold | ann/2 | 0 99     | refused: not available
    booked by ann/1                             | hold | bob/1 | 0 99     | refused: booked A1
    booked by ann/1                             | hold | bob/1 | 100 199  | refused: started
    booked by ann/1                             | hold | bob/1 | 200      | refused: not available
    booked by ann/1; showtime cancelled         | hold | bob/1 | 0 99     | refused: not available
";

#[test]
fn a_hold_takes_what_is_free_before_the_start() {
    check(HOLD);
}

#[test]
fn a_hold_that_is_decided_again_under_its_own_id_stands() {
    check(
        "
        held by ann/1 until 50                          | hold | ann/1 | 0 49    | no change
        held by ann/1 until 250                         | hold | ann/1 | 100 200 | no change
        booked by ann/1                                 | hold | ann/1 | 0 100   | no change
        booked by ann/1; showtime cancelled             | hold | ann/1 | 0 200   | no change
        held by ann/1 until 50; held by ann/1 until 50  | hold | ann/1 | 49      | no change

        # Once its time has passed it is a hold like any other.
        held by ann/1 until 50                          | hold | ann/1 | 50 99   | held by ann/1 until 900
        held by ann/1 until 50; available               | hold | ann/1 | 50      | held by ann/1 until 900; held by ann/1 until 900
        held by ann/1 until 50; held by bob/1 until 60  | hold | ann/1 | 50      | refused: held by another A2
        held by ann/1 until 50                          | hold | ann/1 | 100     | refused: started
        held by ann/1 until 50; showtime cancelled      | hold | ann/1 | 0       | refused: not available
        ",
    );
}

#[test]
fn a_hold_takes_all_its_seats_or_none() {
    check(
        "
        available; available; (available)                | hold | ann/1 | 0  | held by ann/1 until 900; held by ann/1 until 900; available
        available; held by bob/1 until 50; available     | hold | ann/1 | 0  | refused: held by another A2
        available; held by bob/1 until 50; available     | hold | ann/1 | 50 | held by ann/1 until 900; held by ann/1 until 900; held by ann/1 until 900; not before 50
        available; available; booked by bob/1            | hold | ann/1 | 0  | refused: booked A3
        missing; available                               | hold | ann/1 | 0  | refused: invalid A1
        ",
    );
}

#[test]
fn a_hold_waits_for_the_latest_of_the_holds_it_ends() {
    check(
        "
        held by bob/1 until 50; held by cat/1 until 70; held by ann/1 until 60  | hold | ann/2 | 70 | held by ann/2 until 900; held by ann/2 until 900; held by ann/2 until 900; not before 70
        held by bob/1 until 50; (held by cat/1 until 70)                        | hold | ann/1 | 80 | held by ann/1 until 900; held by cat/1 until 70; not before 50
        # It ends no hold but its own.
        held by bob/1 until 50; held by ann/1 until 70                          | hold | ann/1 | 80 | held by ann/1 until 900; held by ann/1 until 900; not before 50
        ",
    );
}

#[test]
fn a_hold_keeps_its_user_within_the_limit() {
    check(
        "
        available; available                                              | hold within 2 | ann/1 | 0  | held by ann/1 until 900; held by ann/1 until 900
        available; available; available                                   | hold within 2 | ann/1 | 0  | refused: limit 2, 0 owned
        available                                                         | hold within 0 | ann/1 | 0  | refused: limit 0, 0 owned
        available; (held by ann/1 until 50)                               | hold within 2 | ann/2 | 0  | held by ann/2 until 900; held by ann/1 until 50
        available; (held by ann/1 until 50); (booked by ann/2)            | hold within 2 | ann/3 | 0  | refused: limit 2, 2 owned
        available; (booked by ann/1); (booked by ann/2); (booked by ann/3) | hold within 2 | ann/4 | 0  | refused: limit 2, 3 owned

        # What is another's, or over, does not count.
        available; (held by bob/1 until 50); (booked by bob/2)            | hold within 1 | ann/1 | 0  | held by ann/1 until 900; held by bob/1 until 50; booked by bob/2
        available; (held by ann/1 until 50)                               | hold within 1 | ann/2 | 49 | refused: limit 1, 1 owned
        available; (held by ann/1 until 50)                               | hold within 1 | ann/2 | 50 | held by ann/2 until 900; held by ann/1 until 50
        held by ann/1 until 50; available                                 | hold within 2 | ann/2 | 50 | held by ann/2 until 900; held by ann/2 until 900; not before 50
        ",
    );
}
