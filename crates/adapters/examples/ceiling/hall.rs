//! One client, who sells one showtime after the other.

use std::iter::Cycle;
use std::sync::Arc;
use std::vec::IntoIter;

use seathold_adapters::{SystemClock, SystemRandom, TokioTasks};
use seathold_core::{SeatLabel, SeatMap};
use seathold_service::model::{Showtime, Version};
use seathold_service::ports::{Commit, CommitOutcome, Env, Preparation, Prepared, Store};

use super::Failure;
use super::records::{self, HOLD_MS, LEASE_MS};

pub(super) struct Hall {
    store: Arc<dyn Store>,
    env: Env,
    showtime: Showtime,
    map: SeatMap,
    version: Version,
    seats: Cycle<IntoIter<SeatLabel>>,
    /// How often a seat was held.
    held: usize,
}

impl Hall {
    /// A showtime of its own.
    pub(super) async fn open(store: Arc<dyn Store>) -> Result<Self, Failure> {
        let clock = Arc::new(SystemClock);
        let env = Env { clock, random: Arc::new(SystemRandom), tasks: Arc::new(TokioTasks) };
        let showtime = records::showtime(&env)?;
        let labels = records::labels()?;
        let map = records::map(&showtime, &labels)?;
        store.insert_showtime(&showtime, &map).await?;
        let seats = labels.into_iter().cycle();
        Ok(Self { store, env, showtime, map, version: Version::first(0), seats, held: 0 })
    }

    /// Whether each seat was held once.
    pub(super) fn is_sold_out(&self) -> bool {
        self.held >= self.showtime.total_seats as usize
    }

    /// Holds one seat, two, one, two: as if they were free again each time all are
    /// held.
    pub(super) async fn hold(&mut self, batch: usize) -> Result<(), Failure> {
        let Self { store, env, showtime, map, .. } = self;
        let wanted = (0..batch).map(|n| self.seats.by_ref().take(1 + n % 2).collect::<Vec<_>>());
        let wanted: Vec<_> = wanted.collect();
        let records = wanted.iter().map(|seats| records::hold(env, showtime, seats));
        let preparation =
            Preparation { holds: records.collect::<Result<_, _>>()?, ..Preparation::default() };
        let outcomes = store.prepare(&preparation).await?;
        let states =
            preparation.holds.iter().flat_map(|(_, row)| records::held(map, row)).collect();
        let commit = Commit {
            showtime: showtime.id,
            id: env.uuid(),
            at: self.version,
            seats: states,
            available: 0,
            next_expiry: Some(env.now().plus_millis(HOLD_MS)),
            cancelled_at: None,
            only_scheduled: true,
            not_before: None,
            deadline: env.now().plus_millis(LEASE_MS / 2),
        };
        let opened = outcomes.iter().all(|outcome| *outcome == Prepared::Opened);
        if !opened || store.commit(&commit).await? != CommitOutcome::Applied {
            return Err("a batch was not taken".into());
        }
        self.version = commit.makes();
        self.held += wanted.iter().map(Vec::len).sum::<usize>();
        Ok(())
    }
}
