use async_trait::async_trait;
use seathold_core::{Seat, SeatLabel, SeatMap, SeatRef, SeatState, ShowtimeId, Timestamp};

use super::{Page, PageRequest, StoreError};
use crate::model::{Showtime, ShowtimeSummary, StoredShowtime, Version};
use uuid::Uuid;

/// By what a list of showtimes is sorted; ties go by id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShowtimeSort {
    /// By the start.
    StartTime,
    /// By the standard price.
    Price,
    /// By the title, as bytes.
    Title,
}

/// Which showtimes to list, and in which order.
#[derive(Clone, Debug)]
pub struct ShowtimeFilter {
    /// Part of the title, whatever its case.
    pub search: Option<String>,
    /// This movie only.
    pub movie_id: Option<String>,
    /// Starting at this moment or later.
    pub from: Option<Timestamp>,
    /// Starting at this moment or earlier.
    pub to: Option<Timestamp>,
    /// The order.
    pub sort: ShowtimeSort,
    /// The other way round, ties too.
    pub descending: bool,
    /// Which page.
    pub page: PageRequest,
}

/// One versioned update of a seat map: the commit point of everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Of which showtime.
    pub showtime: ShowtimeId,
    /// Its own id, never used before: the version that it makes is known by it.
    pub id: Uuid,
    /// The version it was decided on; any other is a conflict.
    pub at: Version,
    /// The seats that change, each once; all of them are on the map of that version.
    pub seats: Vec<PlacedSeat>,
    /// The counter to store: seats available after this commit.
    pub available: u32,
    /// The end of the hold that ends first after this commit, to store.
    pub next_expiry: Option<Timestamp>,
    /// When the showtime becomes cancelled, if this does it.
    pub cancelled_at: Option<Timestamp>,
    /// Whether it is refused as a conflict on a cancelled showtime: it holds
    /// seats anew.
    pub only_scheduled: bool,
    /// By the store's clock, not before this moment.
    pub not_before: Option<Timestamp>,
    /// By the store's clock, only before this moment: a delayed write does nothing.
    pub deadline: Timestamp,
}

/// A seat as a commit leaves it, with all that is known of it: a store may write its
/// entry anew in place of changing it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedSeat {
    /// Where it stands on its map, from 0.
    pub position: u16,
    /// Its name, its kind, which never change, and its new state.
    pub seat: Seat,
}

impl From<SeatRef<'_>> for PlacedSeat {
    fn from(seat: SeatRef<'_>) -> Self {
        Self { position: seat.position, seat: seat.to_seat() }
    }
}

impl Commit {
    /// The version that it makes.
    #[must_use]
    pub const fn makes(&self) -> Version {
        Version { number: self.at.number + 1, made_by: Some(self.id) }
    }
}

/// What became of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitOutcome {
    /// It is durable; the version is one higher.
    Applied,
    /// It was not applied: another version, outside the window, or no such
    /// showtime. Read again.
    Conflict,
}

/// Some seats as they are now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatsNow {
    /// Their states, one for each label asked for, in that order; a label that
    /// is not on the map reads as available.
    pub states: Vec<SeatState>,
    /// When the showtime was cancelled, if it was.
    pub cancelled_at: Option<Timestamp>,
}

/// Showtimes and their seat maps.
#[async_trait]
pub trait Showtimes: Send + Sync {
    /// Adds a showtime.
    async fn insert_showtime(&self, showtime: &Showtime, map: &SeatMap) -> Result<(), StoreError>;

    /// Everything about a showtime, as settled by the majority.
    async fn load(&self, id: ShowtimeId) -> Result<Option<StoredShowtime>, StoreError>;

    /// The version alone.
    async fn version(&self, id: ShowtimeId) -> Result<Option<Version>, StoreError>;

    /// The showtime without its seats.
    async fn summary(&self, id: ShowtimeId) -> Result<Option<ShowtimeSummary>, StoreError>;

    /// Some of its seats.
    async fn seats_now(
        &self,
        id: ShowtimeId,
        labels: &[SeatLabel],
    ) -> Result<Option<SeatsNow>, StoreError>;

    /// Makes one versioned update. Durable when it returns.
    async fn commit(&self, commit: &Commit) -> Result<CommitOutcome, StoreError>;

    /// A page of showtimes.
    async fn list_showtimes(
        &self,
        filter: &ShowtimeFilter,
    ) -> Result<Page<ShowtimeSummary>, StoreError>;

    /// Showtimes whose stored `next_expiry` is at or before `before`, the
    /// earliest first.
    async fn expiring_showtimes(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<ShowtimeId>, StoreError>;

    /// Cancelled showtimes after `after`, in order of ids, whose stored counter
    /// says that not all seats are available: some are sold.
    async fn cancelled_with_sales(
        &self,
        after: Option<ShowtimeId>,
        limit: u32,
    ) -> Result<Vec<ShowtimeId>, StoreError>;

    /// The ids after `after`, in order of ids, for `verify`.
    async fn showtime_ids(
        &self,
        after: Option<ShowtimeId>,
        limit: u32,
    ) -> Result<Vec<ShowtimeId>, StoreError>;
}
