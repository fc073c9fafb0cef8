//! Showtimes and their seat maps: see [`Showtimes`](seathold_service::ports::Showtimes).

use std::sync::Arc;

use seathold_core::{Change, SeatChange, SeatMap, SeatState, ShowtimeId};
use seathold_service::model::{Showtime, ShowtimeSummary, Version};
use seathold_service::ports::{Commit, CommitOutcome, SeatsNow, StoreError};

use super::samples::{at, booked, held, label, map, showtime, showtime_id, uuid};
use super::{Checked, StoreKit};
use crate::placed;

#[doc(hidden)]
#[macro_export]
macro_rules! showtimes_contract {
    ($make:path) => {
        $crate::contract_tests! { $make:
            a_showtime_loads_as_it_was_added_in_the_order_of_its_map
            seats_may_be_taken_when_a_showtime_is_added
            a_showtime_that_is_not_there_reads_as_none
            a_commit_changes_its_seats_and_raises_the_version_by_one
            a_commit_stores_the_counters_it_was_given
            a_commit_at_another_version_changes_nothing
            a_commit_on_a_version_of_another_history_changes_nothing
            a_commit_at_its_deadline_changes_nothing
            a_commit_before_its_window_changes_nothing
            a_commit_within_its_window_is_applied
            a_showtime_stays_cancelled
            a_cancelled_showtime_takes_only_commits_that_hold_nothing_anew
            a_commit_for_a_showtime_that_is_not_there_changes_nothing
            of_many_commits_at_one_version_exactly_one_is_applied
            seats_read_in_the_order_asked_for
            showtimes_with_expired_holds_come_earliest_first
            cancelled_showtimes_of_which_something_is_sold_come_in_order
            ids_come_in_order
        }
    };
}

/// A commit at version 0 that is always in its window.
fn commit(kit: &StoreKit, n: u32, seats: &[(&str, SeatState)]) -> Commit {
    let map = map(&showtime(n));
    Commit {
        showtime: showtime_id(n),
        id: uuid(n),
        at: Version::first(0),
        seats: seats.iter().map(|(label, state)| placed(&map, label, state.clone())).collect(),
        available: 4 - seats.len() as u32,
        next_expiry: None,
        cancelled_at: None,
        only_scheduled: false,
        not_before: None,
        deadline: kit.clock.now().plus_millis(60_000),
    }
}

async fn add(kit: &StoreKit, showtime: &Showtime) -> Checked {
    kit.store.insert_showtime(showtime, &map(showtime)).await
}

async fn loaded(kit: &StoreKit, id: ShowtimeId) -> Result<(ShowtimeSummary, SeatMap), StoreError> {
    let stored = kit.store.load(id).await?.expect("the showtime was added");
    Ok((stored.summary, stored.map))
}

/// That the commit is refused and the showtime is as it was.
async fn assert_conflict(kit: &StoreKit, commit: &Commit) -> Checked {
    let (summary, map) = loaded(kit, commit.showtime).await?;
    assert_eq!(kit.store.commit(commit).await?, CommitOutcome::Conflict);
    let (summary_after, map_after) = loaded(kit, commit.showtime).await?;
    assert_eq!(summary_after, summary);
    assert_eq!(map_after.seats(), map.seats());
    Ok(())
}

pub async fn a_showtime_loads_as_it_was_added_in_the_order_of_its_map(kit: &StoreKit) -> Checked {
    let showtime = showtime(1);
    add(kit, &showtime).await?;
    let (summary, loaded) = loaded(kit, showtime.id).await?;
    let expected = ShowtimeSummary {
        showtime,
        cancelled_at: None,
        available: 4,
        next_expiry: None,
        version: 0,
        commit_id: None,
    };
    assert_eq!(summary, expected);
    assert_eq!(loaded.seats(), map(&expected.showtime).seats());
    assert_eq!(loaded.schedule(), &expected.schedule());
    assert_eq!(loaded.version(), 0);
    assert_eq!(kit.store.summary(expected.showtime.id).await?, Some(expected));
    Ok(())
}

pub async fn seats_may_be_taken_when_a_showtime_is_added(kit: &StoreKit) -> Checked {
    let showtime = showtime(1);
    let mut map = map(&showtime);
    let take = |text, to| SeatChange { label: label(text), from: SeatState::Available, to };
    let seats = vec![take("B10", held(1, at(60))), take("A1", booked(2))];
    map.apply(&Change { seats, ..Change::default() });
    kit.store.insert_showtime(&showtime, &map).await?;
    let (summary, loaded) = loaded(kit, showtime.id).await?;
    assert_eq!((summary.available, summary.next_expiry), (2, Some(at(60))));
    assert_eq!(loaded.seats(), map.seats());
    assert_eq!(kit.store.expiring_showtimes(at(60), 10).await?, [showtime.id]);
    Ok(())
}

pub async fn a_showtime_that_is_not_there_reads_as_none(kit: &StoreKit) -> Checked {
    let missing = showtime_id(404);
    assert!(kit.store.load(missing).await?.is_none());
    assert_eq!(kit.store.version(missing).await?, None);
    assert_eq!(kit.store.summary(missing).await?, None);
    assert_eq!(kit.store.seats_now(missing, &[label("A1")]).await?, None);
    Ok(())
}

pub async fn a_commit_changes_its_seats_and_raises_the_version_by_one(kit: &StoreKit) -> Checked {
    let (first, other) = (showtime(1), showtime(2));
    add(kit, &first).await?;
    add(kit, &other).await?;
    let hold = commit(kit, 1, &[("A1", held(1, at(60))), ("B2", held(1, at(60)))]);
    assert_eq!(kit.store.commit(&hold).await?, CommitOutcome::Applied);
    assert_eq!(kit.store.version(first.id).await?, Some(hold.makes()));
    let sell = commit(kit, 1, &[("A1", booked(1)), ("B2", SeatState::Available)]);
    let sell = Commit { id: uuid(9), at: hold.makes(), ..sell };
    assert_eq!(kit.store.commit(&sell).await?, CommitOutcome::Applied);
    let (summary, after) = loaded(kit, first.id).await?;
    assert_eq!((summary.version, after.version()), (2, 2));
    let mut seats = map(&first).seats().to_vec();
    seats[2].state = booked(1);
    assert_eq!(after.seats().to_vec(), seats);
    assert_eq!(loaded(kit, other.id).await?.1.seats(), map(&other).seats());
    assert_eq!(kit.store.version(other.id).await?, Some(Version::first(0)));
    Ok(())
}

pub async fn a_commit_stores_the_counters_it_was_given(kit: &StoreKit) -> Checked {
    add(kit, &showtime(1)).await?;
    let hold = commit(kit, 1, &[("A1", held(1, at(60)))]);
    let hold = Commit { available: 3, next_expiry: Some(at(60)), ..hold };
    kit.store.commit(&hold).await?;
    let summary = kit.store.summary(showtime_id(1)).await?.expect("it was added");
    assert_eq!((summary.available, summary.next_expiry), (3, Some(at(60))));
    let free = commit(kit, 1, &[("A1", SeatState::Available)]);
    kit.store.commit(&Commit { id: uuid(9), at: hold.makes(), available: 4, ..free }).await?;
    let summary = kit.store.summary(showtime_id(1)).await?.expect("it was added");
    assert_eq!((summary.available, summary.next_expiry), (4, None));
    Ok(())
}

pub async fn a_commit_at_another_version_changes_nothing(kit: &StoreKit) -> Checked {
    add(kit, &showtime(1)).await?;
    let first = commit(kit, 1, &[("A1", booked(1))]);
    let second = Commit { id: uuid(8), at: first.makes(), ..first.clone() };
    assert_conflict(kit, &second).await?;
    assert_eq!(kit.store.commit(&first).await?, CommitOutcome::Applied);
    let other = Commit { id: uuid(9), ..commit(kit, 1, &[("B2", booked(2))]) };
    assert_conflict(kit, &other).await
}

pub async fn a_commit_on_a_version_of_another_history_changes_nothing(kit: &StoreKit) -> Checked {
    add(kit, &showtime(1)).await?;
    let first = commit(kit, 1, &[("A1", booked(1))]);
    assert_eq!(kit.store.commit(&first).await?, CommitOutcome::Applied);
    let next = Commit { id: uuid(8), ..commit(kit, 1, &[("B2", booked(2))]) };
    let lost = Commit { id: uuid(9), ..first.clone() };
    for elsewhere in [lost.makes(), Version::first(1)] {
        assert_conflict(kit, &Commit { at: elsewhere, ..next.clone() }).await?;
    }
    let next = Commit { at: first.makes(), ..next };
    assert_eq!(kit.store.commit(&next).await?, CommitOutcome::Applied);
    Ok(())
}

pub async fn a_commit_at_its_deadline_changes_nothing(kit: &StoreKit) -> Checked {
    add(kit, &showtime(1)).await?;
    let late = commit(kit, 1, &[("A1", booked(1))]);
    assert_conflict(kit, &Commit { deadline: kit.clock.now(), ..late }).await
}

pub async fn a_commit_before_its_window_changes_nothing(kit: &StoreKit) -> Checked {
    add(kit, &showtime(1)).await?;
    let early = commit(kit, 1, &[("A1", booked(1))]);
    let not_before = Some(kit.clock.now().plus_millis(30_000));
    assert_conflict(kit, &Commit { not_before, ..early }).await
}

pub async fn a_commit_within_its_window_is_applied(kit: &StoreKit) -> Checked {
    add(kit, &showtime(1)).await?;
    let timely = commit(kit, 1, &[("A1", booked(1))]);
    let timely = Commit { not_before: Some(kit.clock.now()), ..timely };
    assert_eq!(kit.store.commit(&timely).await?, CommitOutcome::Applied);
    Ok(())
}

pub async fn a_showtime_stays_cancelled(kit: &StoreKit) -> Checked {
    add(kit, &showtime(1)).await?;
    let cancel = Commit { cancelled_at: Some(at(5)), ..commit(kit, 1, &[]) };
    assert_eq!(kit.store.commit(&cancel).await?, CommitOutcome::Applied);
    let next = Commit { id: uuid(9), at: cancel.makes(), ..commit(kit, 1, &[]) };
    assert_eq!(kit.store.commit(&next).await?, CommitOutcome::Applied);
    let (summary, map) = loaded(kit, showtime_id(1)).await?;
    assert_eq!(summary.cancelled_at, Some(at(5)));
    assert_eq!(map.schedule().cancelled_at, Some(at(5)));
    let seats = kit.store.seats_now(showtime_id(1), &[]).await?;
    assert_eq!(seats, Some(SeatsNow { states: vec![], cancelled_at: Some(at(5)) }));
    Ok(())
}

pub async fn a_cancelled_showtime_takes_only_commits_that_hold_nothing_anew(
    kit: &StoreKit,
) -> Checked {
    add(kit, &showtime(1)).await?;
    let cancel = Commit { cancelled_at: Some(at(5)), ..commit(kit, 1, &[]) };
    let cancel = Commit { only_scheduled: true, ..cancel };
    assert_eq!(kit.store.commit(&cancel).await?, CommitOutcome::Applied);
    let other = commit(kit, 1, &[("A1", booked(1))]);
    let other = Commit { id: uuid(9), at: cancel.makes(), ..other };
    assert_conflict(kit, &Commit { only_scheduled: true, ..other.clone() }).await?;
    assert_eq!(kit.store.commit(&other).await?, CommitOutcome::Applied);
    Ok(())
}

pub async fn a_commit_for_a_showtime_that_is_not_there_changes_nothing(kit: &StoreKit) -> Checked {
    let nowhere = commit(kit, 1, &[("A1", booked(1))]);
    assert_eq!(kit.store.commit(&nowhere).await?, CommitOutcome::Conflict);
    assert!(kit.store.load(showtime_id(1)).await?.is_none());
    Ok(())
}

pub async fn of_many_commits_at_one_version_exactly_one_is_applied(kit: &StoreKit) -> Checked {
    add(kit, &showtime(1)).await?;
    let racers = (1..=50).map(|n| {
        let store = Arc::clone(&kit.store);
        let commit = Commit { id: uuid(n), ..commit(kit, 1, &[("A1", booked(n))]) };
        tokio::spawn(async move { (n, store.commit(&commit).await) })
    });
    let mut winners = Vec::new();
    for racer in racers.collect::<Vec<_>>() {
        let (n, outcome) = racer.await.expect("a commit does not panic");
        if outcome? == CommitOutcome::Applied {
            winners.push(n);
        }
    }
    let (summary, map) = loaded(kit, showtime_id(1)).await?;
    assert_eq!((winners.len(), summary.version), (1, 1));
    assert_eq!(map.seat(&label("A1")).map(|seat| seat.state), Some(&booked(winners[0])));
    Ok(())
}

pub async fn seats_read_in_the_order_asked_for(kit: &StoreKit) -> Checked {
    add(kit, &showtime(1)).await?;
    let states = [("A1", booked(1)), ("B2", held(2, at(60)))];
    kit.store.commit(&commit(kit, 1, &states)).await?;
    let labels = ["B2", "not-there", "B10", "A1"].map(label);
    let seats = kit.store.seats_now(showtime_id(1), &labels).await?;
    let states = vec![held(2, at(60)), SeatState::Available, SeatState::Available, booked(1)];
    assert_eq!(seats, Some(SeatsNow { states, cancelled_at: None }));
    Ok(())
}

pub async fn showtimes_with_expired_holds_come_earliest_first(kit: &StoreKit) -> Checked {
    for (n, until) in [(1, Some(at(30))), (2, Some(at(10))), (3, None), (4, Some(at(20)))] {
        add(kit, &showtime(n)).await?;
        let hold = Commit { next_expiry: until, ..commit(kit, n, &[]) };
        kit.store.commit(&hold).await?;
    }
    let held = commit(kit, 2, &[]).makes();
    let due = async |before, limit| kit.store.expiring_showtimes(before, limit).await;
    assert_eq!(due(at(9), 10).await?, []);
    assert_eq!(due(at(20), 10).await?, [2, 4].map(showtime_id));
    assert_eq!(due(at(99), 10).await?, [2, 4, 1].map(showtime_id));
    assert_eq!(due(at(99), 1).await?, [showtime_id(2)]);
    let freed = Commit { id: uuid(9), at: held, ..commit(kit, 2, &[]) };
    kit.store.commit(&freed).await?;
    assert_eq!(due(at(20), 10).await?, [showtime_id(4)]);
    Ok(())
}

pub async fn cancelled_showtimes_of_which_something_is_sold_come_in_order(
    kit: &StoreKit,
) -> Checked {
    for n in [4, 1, 3, 2] {
        add(kit, &showtime(n)).await?;
    }
    // Sold and cancelled; sold; cancelled; sold and cancelled.
    for (n, sold, is_cancelled) in
        [(1, &[("A1", booked(1))][..], true), (2, &[("A1", booked(2))], false), (3, &[], true)]
    {
        let cancelled_at = is_cancelled.then(|| at(5));
        kit.store.commit(&Commit { cancelled_at, ..commit(kit, n, sold) }).await?;
    }
    let last = Commit { cancelled_at: Some(at(5)), ..commit(kit, 4, &[("B2", booked(4))]) };
    kit.store.commit(&last).await?;
    let ids = async |after, limit| kit.store.cancelled_with_sales(after, limit).await;
    assert_eq!(ids(None, 9).await?, [1, 4].map(showtime_id));
    assert_eq!(ids(None, 1).await?, [showtime_id(1)]);
    assert_eq!(ids(Some(showtime_id(1)), 9).await?, [showtime_id(4)]);
    assert_eq!(ids(Some(showtime_id(4)), 9).await?, []);
    Ok(())
}

pub async fn ids_come_in_order(kit: &StoreKit) -> Checked {
    for n in [5, 1, 300, 2] {
        add(kit, &showtime(n)).await?;
    }
    assert_eq!(kit.store.showtime_ids(None, 3).await?, [1, 2, 5].map(showtime_id));
    assert_eq!(kit.store.showtime_ids(Some(showtime_id(2)), 9).await?, [5, 300].map(showtime_id));
    assert_eq!(kit.store.showtime_ids(Some(showtime_id(300)), 9).await?, []);
    Ok(())
}
