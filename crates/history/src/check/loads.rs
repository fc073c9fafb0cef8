//! How much a user can have owned.

use super::facts::Facts;
use super::names::Map;

/// How many seats of a showtime each user may own at the most, at some time.
#[derive(Default)]
pub(super) struct Loads {
    by_user: Map<(usize, usize), (Vec<i64>, Vec<i64>)>,
}

impl Loads {
    /// Of all users.
    pub(super) fn of(facts: &Facts<'_>) -> Self {
        let mut loads = Self::default();
        for booking in &facts.bookings {
            let (Some(user), Some(showtime)) = (booking.user, booking.showtime) else { continue };
            let times = booking.maybe_owned(&facts.bounds, facts.cancellation(booking));
            let Some((from, to)) = times else { continue };
            let (begins, ends) = loads.by_user.entry((user, showtime)).or_default();
            begins.extend(booking.seats.iter().map(|_| from));
            ends.extend(booking.seats.iter().map(|_| to));
        }
        // The order does not matter: each is put in order by itself.
        for (begins, ends) in loads.by_user.values_mut() {
            begins.sort_unstable();
            ends.sort_unstable();
        }
        loads
    }

    /// Seats this user may have owned at some moment from then to then, or more.
    pub(super) fn at_most(&self, user: usize, showtime: usize, from: i64, to: i64) -> usize {
        self.by_user.get(&(user, showtime)).map_or(0, |(begins, ends)| {
            let begun = begins.partition_point(|begin| *begin <= to);
            begun - ends.partition_point(|end| *end < from)
        })
    }
}
