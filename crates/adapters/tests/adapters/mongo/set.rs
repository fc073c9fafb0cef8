//! A replica set of three that loses its primary: what was acknowledged is there, and
//! the next commit is made as soon as there is another.

use std::time::Duration;

use seathold_adapters::MongoStore;
use seathold_service::model::Version;
use seathold_service::ports::{Commit, CommitOutcome, Showtimes, Store};
use seathold_testkit::servers::OwnMongoSet;
use tokio::time::{Instant, sleep};

use super::records::{FIRST, booked, commit, hall, showtime, showtime_id};

/// How long a set without a primary may be waited for: elections, members that leave
/// the one that hangs, and calls that hang, on a busy machine.
const SOON: Duration = Duration::from_secs(45);

/// Commits on the version that is there, again and again, until it is applied; gives
/// the version it made, and how long that took.
async fn sell(store: &MongoStore, on: Version, seat: &str, by: u32) -> (Version, Duration) {
    let begun = Instant::now();
    let commit = commit(1, on, &[(seat, booked(by))]);
    loop {
        match store.commit(&commit).await {
            Ok(CommitOutcome::Applied) => return (commit.makes(), begun.elapsed()),
            // The answer to an earlier try was lost.
            Ok(_) if is_made(store, &commit).await => return (commit.makes(), begun.elapsed()),
            said => assert!(begun.elapsed() < SOON, "{said:?}"),
        }
        sleep(Duration::from_millis(20)).await;
    }
}

/// What is read as soon as anything is: the next primary may not know yet what the
/// majority has, and must not be asked before it does.
async fn read_soon(store: &MongoStore) -> Option<Version> {
    let begun = Instant::now();
    loop {
        match store.version(showtime_id(1)).await {
            Ok(found) => return found,
            Err(error) => assert!(begun.elapsed() < SOON, "{error}"),
        }
    }
}

async fn is_made(store: &MongoStore, commit: &Commit) -> bool {
    store.version(showtime_id(1)).await.is_ok_and(|found| found == Some(commit.makes()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_that_is_killed_or_hangs_is_left_for_the_next_with_all_that_was_acknowledged() {
    let Some(mut set) = OwnMongoSet::start().await else { return };
    let store = MongoStore::connect(&set.uri()).await.expect("it is a replica set");
    store.migrate().await.expect("it answers");
    let record = showtime(1);
    store.insert_showtime(&record, &hall(&record, 2, 3)).await.expect("it answers");
    let (first, _) = sell(&store, FIRST, "A1", 7).await;

    let killed = set.primary_after(None).await;
    set.member(killed).kill();
    assert_eq!(read_soon(&store).await, Some(first));
    let (second, took) = sell(&store, first, "A2", 8).await;
    println!("sold {took:?} after the primary was killed");
    set.member(killed).run();
    set.until_complete().await;

    let paused = set.primary_after(None).await;
    set.member(paused).pause();
    assert_eq!(read_soon(&store).await, Some(second));
    let (third, took) = sell(&store, second, "A3", 9).await;
    println!("sold {took:?} after the primary was paused");
    set.member(paused).resume();
    set.until_complete().await;

    let labels = ["A1", "A2", "A3"].map(|label| label.parse().expect("it is a label"));
    let seats = store.seats_now(showtime_id(1), &labels).await.expect("it answers");
    assert_eq!(seats.expect("it is there").states, [7, 8, 9].map(booked));
    assert_eq!(store.version(showtime_id(1)).await.expect("it answers"), Some(third));
    store.ping().await.expect("it answers");
}
