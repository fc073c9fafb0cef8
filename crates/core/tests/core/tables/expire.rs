use super::runner::check;

pub(super) const EXPIRE: &str = "
    available                                   | expire | - | 0 99 100 200  | no change
    available; showtime cancelled               | expire | - | 0 99 100 200  | no change
    held by ann/1 until 50                      | expire | - | 0 49          | no change
    held by ann/1 until 150                     | expire | - | 100 149       | no change
    held by ann/1 until 250                     | expire | - | 200 249       | no change
    held by ann/1 until 50; showtime cancelled  | expire | - | 0 49          | no change
    held by ann/1 until 50                      | expire | - | 50 99 100 200 | available; not before 50
    held by ann/1 until 50; showtime cancelled  | expire | - | 50 99         | no change
    booked by ann/1                             | expire | - | 0 99 100 200  | no change
    booked by ann/1; showtime cancelled         | expire | - | 0 99 100 200  | no change
";

#[test]
fn a_sweep_frees_the_seats_of_holds_that_are_over() {
    check(EXPIRE);
}

#[test]
fn a_sweep_goes_by_its_own_moment_but_never_ahead_of_time() {
    check(
        "
        held by ann/1 until 50; held by bob/1 until 60  | expire           | - | 59 | available; held by bob/1 until 60; not before 50
        held by ann/1 until 50; held by bob/1 until 60  | expire           | - | 60 | available; available; not before 60
        held by ann/1 until 50; held by bob/1 until 60  | expire before 49 | - | 60 | no change
        held by ann/1 until 50; held by bob/1 until 60  | expire before 50 | - | 60 | available; held by bob/1 until 60; not before 50
        held by ann/1 until 50; held by bob/1 until 60  | expire before 90 | - | 59 | available; held by bob/1 until 60; not before 50
        held by ann/1 until 50; held by bob/1 until 60  | expire before 90 | - | 49 | no change
        ",
    );
}
