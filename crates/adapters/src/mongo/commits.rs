//! Commits of several showtimes in one command, and what became of each.

use std::collections::BTreeMap;
use std::time::Duration;

use bson::doc;
use mongodb::options::ReadConcern;
use seathold_core::ShowtimeId;
use seathold_service::ports::{Commit, CommitOutcome, Random, StoreError};

use super::bulk::{self, Statements, Verb};
use super::clock::Arbiter;
use super::collections::{Documents, oid, some_of};
use super::commit::{self, STAMP, Stamp};
use super::failures;
use super::gather::Kind;
use crate::SystemRandom;

/// How long a server that may be the primary no more looks for a majority that
/// says it is.
const CONFIRMED_WITHIN: Duration = Duration::from_secs(2);

/// A commit, ready to be sent.
pub(super) struct Ready {
    showtime: ShowtimeId,
    at_version: u64,
    stamp: Stamp,
    statement: Statements,
}

impl Ready {
    pub(super) fn new(commit: &Commit, arbiter: &Arbiter) -> Self {
        let mut stamp = Stamp::default();
        SystemRandom.fill(&mut stamp);
        let statement = commit::statement(commit, &stamp, arbiter);
        Self { showtime: commit.showtime, at_version: commit.at_version, stamp, statement }
    }
}

/// Makes commits. The server tells only how many were applied: if not all were,
/// the stamps in the documents tell which.
pub(super) struct Commits(pub(super) Documents);

type Outcome = Result<CommitOutcome, StoreError>;

impl Kind for Commits {
    type Ask = Ready;
    type Answer = CommitOutcome;

    fn bytes(ask: &Ready) -> usize {
        ask.statement.bytes()
    }

    async fn send(&self, asks: Vec<Ready>) -> Vec<Outcome> {
        let statements: Vec<_> = asks.iter().map(|ask| &ask.statement).collect();
        let answer = match bulk::run(Verb::Update, &self.0, &statements).await {
            Ok(answer) => answer,
            Err(error) => {
                if matches!(error, StoreError::Unknown(_)) {
                    self.read_back(asks[0].showtime).await;
                }
                return vec![Err(error); asks.len()];
            }
        };
        let mut failed: BTreeMap<usize, String> =
            answer.write_errors.into_iter().map(|error| (error.index, error.reason)).collect();
        let others = asks.len() - failed.len();
        let same = match usize::try_from(answer.n) {
            Ok(n) if n == others => Some(CommitOutcome::Applied),
            Ok(0) if !answer.retried => Some(CommitOutcome::Conflict),
            _ => None,
        };
        let found = match same {
            Some(_) => Ok(BTreeMap::new()),
            None => self.stamps(&asks).await,
        };
        let became = |(at, ask): (usize, &Ready)| match (failed.remove(&at), same, &found) {
            (Some(reason), ..) if answer.retried => Err(StoreError::Unknown(reason)),
            (Some(reason), ..) => Err(StoreError::Unavailable(reason)),
            (None, Some(outcome), _) => Ok(outcome),
            (None, None, Ok(found)) => became(ask, found.get(&ask.showtime), answer.retried),
            (None, None, Err(error)) => Err(failures::halfway(error.clone())),
        };
        asks.iter().enumerate().map(became).collect()
    }
}

/// What became of a commit, by what stands in its showtime's document after it
/// was tried.
fn became(commit: &Ready, found: Option<&(u64, Option<Stamp>)>, retried: bool) -> Outcome {
    let unknown = |why: &str| Err(StoreError::Unknown(why.to_owned()));
    match found {
        Some((_, Some(stamp))) if *stamp == commit.stamp => Ok(CommitOutcome::Applied),
        // Another commit has followed on its version, in its stead.
        Some((version, _)) if *version == commit.at_version + 1 => Ok(CommitOutcome::Conflict),
        Some((version, _)) if *version > commit.at_version => {
            unknown("others were applied since: one of them, or this, at its version")
        }
        _ if retried => unknown("the first try may yet arrive"),
        _ => Ok(CommitOutcome::Conflict),
    }
}

impl Commits {
    /// Versions and stamps, as the majority has them.
    async fn stamps(
        &self,
        asks: &[Ready],
    ) -> Result<BTreeMap<ShowtimeId, (u64, Option<Stamp>)>, StoreError> {
        let ids: Vec<_> = asks.iter().map(|ask| oid(ask.showtime.bytes())).collect();
        let find = self.0.find(doc! {"_id": {"$in": ids}});
        let find = find.projection(doc! {"version": 1, STAMP: 1});
        let found = some_of(find, asks.len() as u32, |document| {
            let id = document.get_object_id("_id").map_err(failures::document)?;
            let version = document.get_i64("version").map_err(failures::document)?;
            let stamp = document.get_binary(STAMP).ok().and_then(|id| id.bytes.try_into().ok());
            Ok((ShowtimeId::from_bytes(id.bytes()), (version.unsigned_abs(), stamp)))
        });
        Ok(found.await?.into_iter().collect())
    }

    /// Waits until the majority has all that this server has now, of whatever
    /// showtimes: what is read from then on tells what became of commits whose
    /// answer was lost. A linearizable read takes as long as the server's journal
    /// waits for company, 100 ms: too long for those who have nothing to be in
    /// doubt about.
    async fn read_back(&self, any: ShowtimeId) {
        let find = self
            .0
            .find_one(doc! {"_id": oid(any.bytes())})
            .projection(doc! {"_id": 1})
            .read_concern(ReadConcern::linearizable())
            .max_time(CONFIRMED_WITHIN);
        if let Err(error) = find.await {
            tracing::warn!(showtime = %any, error = %error.kind, "not read back");
        }
    }
}
