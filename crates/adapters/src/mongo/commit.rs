//! The commit point: one versioned update of a showtime's document.

use std::time::Duration;

use bson::{Bson, Document, doc};
use mongodb::options::{Hint, ReadConcern};
use seathold_core::ShowtimeId;
use seathold_service::model::ShowtimeStatus;
use seathold_service::ports::{Commit, CommitOutcome, StoreError};

use super::collections::{Collections, date, oid};
use super::{failures, seats};

/// How long a server that may be the primary no more looks for a majority that
/// says it is.
const CONFIRMED_WITHIN: Duration = Duration::from_secs(2);

pub(super) async fn commit(db: Collections, commit: Commit) -> Result<CommitOutcome, StoreError> {
    let update = db.showtimes.update_one(filter(&commit, db.arbiter.now()), change(&commit));
    match update.hint(Hint::Keys(doc! {"_id": 1})).await.map_err(failures::write) {
        Ok(updated) if updated.matched_count == 0 => Ok(CommitOutcome::Conflict),
        Ok(_) => Ok(CommitOutcome::Applied),
        Err(error) => {
            if matches!(error, StoreError::Unknown(_)) {
                read_back(&db, commit.showtime).await;
            }
            Err(error)
        }
    }
}

/// Waits until the majority has whatever the showtime's document has now: what
/// is read from then on tells what became of a commit whose answer was lost. A
/// linearizable read takes as long as the server's journal waits for company,
/// 100 ms: too long for those who have nothing to be in doubt about.
async fn read_back(db: &Collections, id: ShowtimeId) {
    let find = db
        .showtimes
        .find_one(doc! {"_id": oid(id.bytes())})
        .projection(doc! {"_id": 1})
        .read_concern(ReadConcern::linearizable())
        .max_time(CONFIRMED_WITHIN);
    if let Err(error) = find.await {
        tracing::warn!(showtime = %id, error = %error.kind, "not read back");
    }
}

fn filter(commit: &Commit, now: Bson) -> Document {
    let mut filter = doc! {
        "_id": oid(commit.showtime.bytes()),
        "version": commit.at_version as i64,
        "$expr": window(commit, now),
    };
    if commit.only_scheduled {
        filter.insert("status", ShowtimeStatus::Scheduled.as_str());
    }
    for (label, _) in &commit.seats {
        filter.insert(seats::path(label), doc! {"$exists": true});
    }
    filter
}

/// It is before the deadline, and not before the window.
fn window(commit: &Commit, now: Bson) -> Document {
    let before = doc! {"$lt": [now.clone(), date(commit.deadline)]};
    match commit.not_before {
        Some(from) => doc! {"$and": [before, {"$gte": [now, date(from)]}]},
        None => before,
    }
}

/// Counters are set to what was computed, never incremented.
fn change(commit: &Commit) -> Document {
    let mut set = doc! {
        "version": commit.at_version as i64 + 1,
        "available_seats": i64::from(commit.available),
        "next_expiry": commit.next_expiry.map(date),
    };
    if let Some(at) = commit.cancelled_at {
        set.insert("status", ShowtimeStatus::Cancelled.as_str());
        set.insert("cancelled_at", date(at));
    }
    let mut unset = Document::new();
    for (label, state) in &commit.seats {
        let path = seats::path(label);
        for (field, value) in seats::fields(state) {
            let field = format!("{path}.{field}");
            match value {
                Some(value) => set.insert(field, value),
                None => unset.insert(field, Bson::Null),
            };
        }
    }
    let mut change = doc! {"$set": set};
    if !unset.is_empty() {
        change.insert("$unset", unset);
    }
    change
}
