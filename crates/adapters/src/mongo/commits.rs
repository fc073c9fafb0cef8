//! Commits of several showtimes in one command, and what became of each.

use std::collections::BTreeMap;
use std::time::Duration;

use bson::doc;
use mongodb::options::ReadConcern;
use seathold_core::ShowtimeId;
use seathold_service::model::Version;
use seathold_service::ports::{Commit, CommitOutcome, StoreError};
use uuid::Uuid;

use super::bulk::{self, Statements, Verb};
use super::clock::Arbiter;
use super::collections::{Documents, oid};
use super::gather::Kind;
use super::shared::versions;
use super::{commit, failures};

/// How long a server that may be the primary no more looks for a majority that
/// says it is.
const CONFIRMED_WITHIN: Duration = Duration::from_secs(2);

/// A commit, ready to be sent.
pub(super) struct Ready {
    showtime: ShowtimeId,
    id: Uuid,
    at: Version,
    statement: Statements,
}

impl Ready {
    pub(super) fn new(commit: &Commit, arbiter: &Arbiter) -> Self {
        let Commit { showtime, id, at, .. } = *commit;
        Self { showtime, id, at, statement: commit::statement(commit, arbiter) }
    }
}

/// Makes commits. The server tells only how many were applied: if not all were,
/// the ids in the documents tell which.
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
            None => versions(&self.0, asks.iter().map(|ask| ask.showtime)).await,
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
fn became(commit: &Ready, found: Option<&Version>, retried: bool) -> Outcome {
    let unknown = |why: &str| Err(StoreError::Unknown(why.to_owned()));
    match found {
        Some(version) if version.made_by == Some(commit.id) => Ok(CommitOutcome::Applied),
        // Another commit has followed on its version, in its stead.
        Some(version) if version.number == commit.at.number + 1 => Ok(CommitOutcome::Conflict),
        Some(version) if version.number > commit.at.number => {
            unknown("others were applied since: one of them, or this, at its version")
        }
        _ if retried => unknown("the first try may yet arrive"),
        _ => Ok(CommitOutcome::Conflict),
    }
}

impl Commits {
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
