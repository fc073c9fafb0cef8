//! The commit point: one versioned update of a showtime's document, as a statement.

use seathold_service::model::ShowtimeStatus;
use seathold_service::ports::Commit;

use super::bulk::Statements;
use super::clock::Arbiter;
use super::collections::date;
use super::seats;
use crate::documents::Writer;

/// The field with the id of the commit that was applied last.
pub(super) const COMMIT_ID: &str = "commit_id";

/// The update that makes this commit.
pub(super) fn statement(commit: &Commit, arbiter: &Arbiter) -> Statements {
    Statements::one(|bytes| {
        let mut statement = Writer::new(bytes);
        filter(commit, arbiter, &mut statement.document("q"));
        change(commit, &mut statement.document("u"));
        // Found by its id, whatever else must hold.
        statement.document("hint").int("_id", 1);
    })
}

fn filter(commit: &Commit, arbiter: &Arbiter, filter: &mut Writer<'_>) {
    filter.oid("_id", commit.showtime.bytes());
    filter.long("version", commit.at.number as i64);
    // The number alone may come again after a backup was brought back.
    match commit.at.made_by {
        Some(id) => filter.binary(COMMIT_ID, &[id.as_bytes()]),
        None => filter.null(COMMIT_ID),
    }
    if commit.only_scheduled {
        filter.text("status", ShowtimeStatus::Scheduled.as_str());
    }
    window(commit, arbiter, &mut filter.document("$expr"));
}

/// It is before the deadline, and not before the window.
fn window(commit: &Commit, arbiter: &Arbiter, window: &mut Writer<'_>) {
    let mut both = window.array("$and");
    let mut before = both.document("0");
    compare(&mut before.array("$lt"), arbiter, date(commit.deadline));
    drop(before);
    if let Some(from) = commit.not_before {
        compare(&mut both.document("1").array("$gte"), arbiter, date(from));
    }
}

fn compare(pair: &mut Writer<'_>, arbiter: &Arbiter, with: bson::DateTime) {
    arbiter.write("0", pair);
    pair.date("1", with);
}

/// Counters are set to what was computed, never incremented.
fn change(commit: &Commit, change: &mut Writer<'_>) {
    let mut set = change.document("$set");
    set.long("version", commit.at.number as i64 + 1);
    set.binary(COMMIT_ID, &[commit.id.as_bytes()]);
    set.long("available_seats", commit.available.into());
    match commit.next_expiry {
        Some(at) => set.date("next_expiry", date(at)),
        None => set.null("next_expiry"),
    }
    if let Some(at) = commit.cancelled_at {
        set.text("status", ShowtimeStatus::Cancelled.as_str());
        set.date("cancelled_at", date(at));
    }
    for placed in &commit.seats {
        seats::set(placed, &mut set);
    }
}
