use seathold_core::{Change, SeatChange, SeatLabel, SeatMap, SeatState, ShowtimeId, Timestamp};

use async_trait::async_trait;
use uuid::Uuid;

use super::Commit;
use crate::model::Version;

/// A commit that was acknowledged, as told to other instances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// Of which showtime.
    pub showtime: ShowtimeId,
    /// Its id.
    pub id: Uuid,
    /// The version it was decided on. It made the next one.
    pub at: Version,
    /// The new states, each seat once.
    pub seats: Vec<(SeatLabel, SeatState)>,
    /// Seats available since.
    pub available: u32,
    /// When the showtime became cancelled, if this did it.
    pub cancelled_at: Option<Timestamp>,
}

impl News {
    /// What there is to tell of a commit that was applied.
    #[must_use]
    pub fn of(commit: Commit) -> Self {
        let Commit { showtime, id, at, seats, available, cancelled_at, .. } = commit;
        let seats = seats.into_iter().map(|it| (it.seat.label, it.seat.state)).collect();
        Self { showtime, id, at, seats, available, cancelled_at }
    }

    /// What it changes on the map of the version before. `None`: the map has no
    /// such seat.
    pub(crate) fn change_on(&self, map: &SeatMap) -> Option<Change> {
        let change = |(label, to): &(SeatLabel, SeatState)| {
            let from = map.seat(label)?.state.clone();
            Some(SeatChange { label: *label, from, to: to.clone() })
        };
        let seats = self.seats.iter().map(change).collect::<Option<_>>()?;
        Some(Change { seats, cancelled_at: self.cancelled_at, not_before: None, before: None })
    }
}

/// What instances tell each other of their commits, so that whoever has the lease
/// next need not load the whole map. A help and no more: what is decided on it is
/// verified by the commit, like everything.
#[async_trait]
pub trait Feed: Send + Sync {
    /// Tells of a commit that was applied: before this process gives the lease on.
    fn publish(&self, news: News);

    /// What was told of commits on this version, by its number, and later ones, in
    /// order; without those that were lost, and none at all when in doubt.
    async fn since(&self, showtime: ShowtimeId, version: u64) -> Vec<News>;
}

/// Nobody to tell: one process is all there is.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFeed;

#[async_trait]
impl Feed for NoFeed {
    fn publish(&self, _: News) {}

    async fn since(&self, _: ShowtimeId, _: u64) -> Vec<News> {
        Vec::new()
    }
}
