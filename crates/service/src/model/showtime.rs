use seathold_core::{Currency, PriceTable, Schedule, SeatMap, ShowtimeId, Timestamp};
use uuid::Uuid;

/// What is fixed about a showtime once it is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Showtime {
    /// Its id.
    pub id: ShowtimeId,
    /// What people call it.
    pub title: String,
    /// The caller's own name of the movie.
    pub movie_id: String,
    /// The caller's own name of the cinema.
    pub cinema_id: String,
    /// The caller's own name of the screen.
    pub screen_id: String,
    /// When it starts; no new hold from then on.
    pub start_time: Timestamp,
    /// When it ends; completed from then on.
    pub end_time: Timestamp,
    /// The currency of all its prices.
    pub currency: Currency,
    /// What each type of seat costs.
    pub price: PriceTable,
    /// How many seats it has.
    pub total_seats: u32,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What a showtime is at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShowtimeStatus {
    /// It will play, or plays.
    Scheduled,
    /// It was cancelled.
    Cancelled,
    /// It is over.
    Completed,
}

impl ShowtimeStatus {
    /// The status of a showtime with this schedule at `now`.
    #[must_use]
    pub fn of(schedule: &Schedule, now: Timestamp) -> Self {
        match schedule.cancelled_at {
            Some(_) => Self::Cancelled,
            None if schedule.end <= now => Self::Completed,
            None => Self::Scheduled,
        }
    }

    /// The status's name for clients and stores.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Cancelled => "cancelled",
            Self::Completed => "completed",
        }
    }
}

/// A showtime without its seats: what lists need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShowtimeSummary {
    /// What is fixed.
    pub showtime: Showtime,
    /// When it was cancelled, if it was.
    pub cancelled_at: Option<Timestamp>,
    /// The stored counter of available seats; expired holds that nobody freed
    /// yet are not in it.
    pub available: u32,
    /// The stored end of the hold that ends first.
    pub next_expiry: Option<Timestamp>,
    /// The number of commits so far.
    pub version: u64,
    /// The commit that made this version; none has made the first.
    pub commit_id: Option<Uuid>,
}

/// One state of a showtime's seats. Its number alone tells it from those before;
/// with the commit that made it, from those of another history, as of a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    /// The number of commits so far.
    pub number: u64,
    /// The commit that made it; none has made the first.
    pub made_by: Option<Uuid>,
}

impl Version {
    /// That of a showtime that was just made with this number.
    #[must_use]
    pub const fn first(number: u64) -> Self {
        Self { number, made_by: None }
    }
}

impl ShowtimeSummary {
    /// Which state this is.
    #[must_use]
    pub const fn version(&self) -> Version {
        Version { number: self.version, made_by: self.commit_id }
    }

    /// When it plays, and whether it does.
    #[must_use]
    pub const fn schedule(&self) -> Schedule {
        Schedule {
            start: self.showtime.start_time,
            end: self.showtime.end_time,
            cancelled_at: self.cancelled_at,
        }
    }
}

/// A showtime as loaded from a store: the map, and the counters beside it as
/// they are stored, for `verify` to compare.
#[derive(Clone, Debug)]
pub struct StoredShowtime {
    /// What is stored beside the seats.
    pub summary: ShowtimeSummary,
    /// The seats, and the version they are of.
    pub map: SeatMap,
}
