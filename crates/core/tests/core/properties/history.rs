//! Random histories of a small map: few seats, few users, short holds, so that
//! they get in each other's way, and moments fall on the very ends of holds.

use proptest::prelude::*;
use proptest::sample::subsequence;
use seathold_core::{
    BookingId, Change, Command, Refusal, Schedule, SeatLabel, SeatMap, SeatState, Timestamp,
    UserId, decide,
};

use crate::given::{at, label, seat, user};

pub(super) const SEATS_PER_USER: u32 = 5;
const USERS: [&str; 3] = ["ann", "bob", "cat"];
const ROWS: [&str; 3] = ["A", "B", "C"];
const SEATS_PER_ROW: usize = 5;
const BOOKINGS: usize = 16;

/// A booking that somebody may make: the same seats whenever it is held anew.
#[derive(Clone, Debug)]
pub(super) struct Booking {
    pub(super) id: BookingId,
    pub(super) user: UserId,
    pub(super) seats: Vec<SeatLabel>,
}

/// What happens next; bookings go by their number.
#[derive(Clone, Debug)]
enum Step {
    Hold { booking: usize, lasts: i64 },
    Sell { booking: usize, take_back: bool },
    Extend { booking: usize, lasts: i64 },
    Cancel { booking: usize },
    Refund { booking: usize },
    Expire { grace: i64 },
    CancelShowtime,
}

/// Bookings that compete for seats, and what happens after which wait.
#[derive(Clone, Debug)]
pub(super) struct History {
    pub(super) bookings: Vec<Booking>,
    start: i64,
    steps: Vec<(i64, Step)>,
}

/// A command decided, and the map before and after it.
pub(super) struct Moment<'a> {
    pub(super) before: &'a SeatMap,
    pub(super) after: &'a SeatMap,
    pub(super) command: Command<'a>,
    pub(super) now: Timestamp,
    pub(super) decided: &'a Result<Change, Refusal>,
}

impl History {
    /// Plays the history from a map without owners, and checks each moment.
    pub(super) fn play(
        &self,
        mut check: impl FnMut(&Moment<'_>) -> Result<(), TestCaseError>,
    ) -> Result<(), TestCaseError> {
        let mut map = self.map();
        let mut now = at(0);
        for (wait, step) in &self.steps {
            now = now.plus_millis(*wait);
            let command = self.command(step, now);
            let decided = decide(&map, command, now);
            let mut after = map.clone();
            if let Ok(change) = &decided {
                after.apply(change);
            }
            check(&Moment { before: &map, after: &after, command, now, decided: &decided })?;
            map = after;
        }
        Ok(())
    }

    /// The map before anything happens.
    pub(super) fn map(&self) -> SeatMap {
        empty_map(self.start)
    }

    fn command(&self, step: &Step, now: Timestamp) -> Command<'_> {
        match *step {
            Step::Hold { booking, lasts } => {
                let Booking { id: booking, user, seats } = &self.bookings[booking];
                let until = now.plus_millis(lasts);
                let max_per_user = SEATS_PER_USER;
                Command::Hold { booking: *booking, user, seats, until, max_per_user }
            }
            Step::Sell { booking, take_back } => {
                let Booking { id: booking, user, seats } = &self.bookings[booking];
                Command::Sell { booking: *booking, user, seats, take_back }
            }
            Step::Extend { booking, lasts } => {
                let until = now.plus_millis(lasts);
                Command::Extend { booking: self.bookings[booking].id, until }
            }
            Step::Refund { booking } => Command::Refund { booking: self.bookings[booking].id },
            Step::Cancel { booking } => Command::Cancel { booking: self.bookings[booking].id },
            Step::Expire { grace } => Command::Expire { before: now.plus_millis(-grace) },
            Step::CancelShowtime => Command::CancelShowtime,
        }
    }
}

pub(super) fn users() -> [UserId; 3] {
    USERS.map(user)
}

/// A map without owners, of a showtime that starts then.
pub(super) fn empty_map(start: i64) -> SeatMap {
    let schedule = Schedule { start: at(start), end: at(start + 15), cancelled_at: None };
    let seats = labels().into_iter().map(|label| seat(label, SeatState::Available)).collect();
    SeatMap::new(schedule, 0, seats).expect("a few seats, each once")
}

pub(super) fn labels() -> Vec<SeatLabel> {
    let row = |row| (1..=SEATS_PER_ROW).map(move |number| label(&format!("{row}{number}")));
    ROWS.into_iter().flat_map(row).collect()
}

pub(super) fn histories() -> impl Strategy<Value = History> {
    let bookings: Vec<_> = (0..BOOKINGS).map(booking).collect();
    let steps = prop::collection::vec((0..5_i64, step()), 1..80);
    // Some showtimes are over before the last step, some never begin.
    (bookings, 10..300_i64, steps).prop_map(|(bookings, start, steps)| History {
        bookings,
        start,
        steps,
    })
}

fn booking(number: usize) -> impl Strategy<Value = Booking> {
    let mut on_offer = labels();
    on_offer.push(label("Z1")); // which is not on the map
    let seats = subsequence(on_offer, 1..=4).prop_shuffle();
    seats.prop_map(move |seats| Booking {
        id: BookingId::from_parts(number as u32, [0; 8]),
        user: user(USERS[number % USERS.len()]),
        seats,
    })
}

fn step() -> impl Strategy<Value = Step> {
    let number = || 0..BOOKINGS;
    prop_oneof![
        100 => (number(), 1..30_i64).prop_map(|(booking, lasts)| Step::Hold { booking, lasts }),
        40 => (number(), any::<bool>())
            .prop_map(|(booking, take_back)| Step::Sell { booking, take_back }),
        20 => (number(), 1..30_i64).prop_map(|(booking, lasts)| Step::Extend { booking, lasts }),
        30 => number().prop_map(|booking| Step::Cancel { booking }),
        15 => number().prop_map(|booking| Step::Refund { booking }),
        15 => (-3..5_i64).prop_map(|grace| Step::Expire { grace }),
        1 => Just(Step::CancelShowtime),
    ]
}
