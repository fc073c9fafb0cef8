use super::runner::check;

#[test]
fn of_several_refusals_the_first_is_given_with_its_own_seats_alone() {
    check(
        "
        # Seats that are not on the map come first, in the order asked for.
        booked by bob/1; missing; held by bob/2 until 50; missing                           | hold within 0 | ann/9 | 10 150 200 | refused: invalid A2 A4
        available; missing; showtime cancelled                                              | hold within 0 | ann/9 | 10 150 200 | refused: invalid A2

        # Then the showtime: cancelled or completed before begun.
        booked by bob/1; held by bob/2 until 250; held by ann/1 until 250; showtime cancelled | hold within 0 | ann/9 | 10 150 200 | refused: not available
        booked by bob/1; held by bob/2 until 250; held by ann/1 until 250                   | hold within 0 | ann/9 | 200        | refused: not available
        booked by bob/1; held by bob/2 until 250; held by ann/1 until 250                   | hold within 0 | ann/9 | 100 199    | refused: started

        # Then the seats: booked, held by another, held by the caller.
        held by ann/1 until 50; held by bob/2 until 50; booked by bob/1; booked by ann/2    | hold within 0 | ann/9 | 10         | refused: booked A3 A4
        available; booked by bob/1; held by bob/2 until 50                                  | hold within 0 | ann/9 | 10         | refused: booked A2
        held by ann/1 until 50; held by bob/2 until 50; available; held by cat/1 until 50   | hold within 0 | ann/9 | 10         | refused: held by another A2 A4
        held by bob/2 until 10; held by ann/1 until 50; available; held by ann/1 until 50   | hold within 0 | ann/9 | 10         | refused: held by you A2 A4 as ann/1
        available; held by ann/2 until 50; held by ann/1 until 50                           | hold within 0 | ann/9 | 10         | refused: held by you A2 A3 as ann/2

        # The limit comes last.
        available; held by bob/2 until 10; (held by ann/1 until 50)                         | hold within 2 | ann/9 | 10         | refused: limit 2, 1 owned
        ",
    );
}

#[test]
fn a_sale_is_refused_for_the_showtime_before_its_seats() {
    check(
        "
        booked by bob/1; missing; showtime cancelled  | sell take-back | ann/1 | 10 | refused: not available
        booked by bob/1; missing                      | sell           | ann/1 | 10 | refused: seats gone
        booked by bob/1; missing                      | sell take-back | ann/1 | 10 | refused: invalid A2
        ",
    );
}
