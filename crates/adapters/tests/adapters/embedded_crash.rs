//! What a crash leaves of the embedded store: the folder as it is at some moment,
//! while the store is open.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use seathold_adapters::EmbeddedStore;
use seathold_core::{
    BookingId, PriceTable, Schedule, Seat, SeatMap, SeatState, SeatType, ShowtimeId,
};
use seathold_service::model::{Showtime, Version};
use seathold_service::ports::{Clock, Commit, CommitOutcome, Showtimes, Store};
use seathold_testkit::{TestClock, placed};
use tempfile::TempDir;
use uuid::Uuid;

const LOG: &str = "seathold.wal";
const FILE: &str = "seathold.redb";

fn open(dir: &Path) -> EmbeddedStore {
    EmbeddedStore::open(dir, Arc::new(TestClock::default())).expect("it opens")
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

/// The folder after a crash at this moment.
fn crash(dir: &Path) -> TempDir {
    let copy = folder();
    for name in [FILE, LOG] {
        fs::copy(dir.join(name), copy.path().join(name)).expect("it can be copied");
    }
    copy
}

fn showtime(n: u32, total_seats: u32) -> (Showtime, SeatMap) {
    let at = TestClock::START;
    let showtime = Showtime {
        id: ShowtimeId::from_parts(n, [1; 8]),
        title: format!("Showtime {n}"),
        movie_id: "movie".to_owned(),
        cinema_id: "cinema".to_owned(),
        screen_id: "screen".to_owned(),
        start_time: at,
        end_time: at,
        currency: "VND".parse().expect("it is a currency"),
        price: PriceTable::new(1, 2, 3).expect("they are prices"),
        total_seats,
        created_at: at,
    };
    let seat = |n: u32| Seat {
        label: format!("S{n}").parse().expect("it is a label"),
        seat_type: SeatType::Standard,
        state: SeatState::Available,
    };
    let schedule = Schedule { start: at, end: at, cancelled_at: None };
    let map = SeatMap::new(schedule, 0, (0..total_seats).map(seat).collect());
    (showtime, map.expect("it is a map"))
}

/// Sells a seat of the first showtime; which one, and by which commit, goes by the
/// number of the version.
async fn sell(store: &EmbeddedStore, number: u64) {
    let made_by = |number: u64| (number > 0).then(|| Uuid::from_u64_pair(0, number));
    let booked = SeatState::Booked {
        booking: BookingId::from_parts(number as u32, [2; 8]),
        user: "alice".parse().expect("it is a user"),
    };
    let (showtime, map) = showtime(0, 100);
    let commit = Commit {
        showtime: showtime.id,
        id: made_by(number + 1).expect("it is not the first"),
        at: Version { number, made_by: made_by(number) },
        seats: vec![placed(&map, &format!("S{number}"), booked)],
        available: 0,
        next_expiry: None,
        cancelled_at: None,
        only_scheduled: false,
        not_before: None,
        deadline: TestClock::default().now().plus_millis(1),
    };
    let outcome = store.commit(&commit).await.expect("it answers");
    assert_eq!(outcome, CommitOutcome::Applied);
}

/// How many seats of the first showtime are sold: as many as its version says.
async fn sold(store: &EmbeddedStore) -> u64 {
    let stored = store.load(showtime(0, 1).0.id).await.expect("it answers").expect("it is there");
    let sold = stored.map.seats().filter(|seat| *seat.state != SeatState::Available);
    assert_eq!(sold.count() as u64, stored.map.version());
    stored.map.version()
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_crash_at_any_moment() {
    let dir = folder();
    let store = open(dir.path());
    let (first, map) = showtime(0, 100);
    store.insert_showtime(&first, &map).await.expect("it is added");
    for n in 0..5 {
        sell(&store, n).await;
        let crashed = crash(dir.path());
        let after = open(crashed.path());
        assert_eq!(sold(&after).await, n + 1);
        sell(&after, n + 1).await;
        // Once more, when the log has begun anew.
        let crashed = crash(crashed.path());
        assert_eq!(sold(&open(crashed.path())).await, n + 2);
    }
}

#[tokio::test]
async fn a_record_that_is_not_whole_never_happened_nor_what_was_there_before() {
    let dir = folder();
    let store = open(dir.path());
    let (first, map) = showtime(0, 100);
    store.insert_showtime(&first, &map).await.expect("it is added");
    sell(&store, 0).await;
    let before = fs::read(dir.path().join(LOG)).expect("it can be read");
    sell(&store, 1).await;
    let crashed = crash(dir.path());
    let after = fs::read(crashed.path().join(LOG)).expect("it can be read");
    let differs = |n: &usize| before.get(*n) != Some(&after[*n]);
    let written: Vec<_> = (0..after.len()).filter(differs).collect();
    for place in written {
        let mut torn = after.clone();
        torn[place] ^= 1;
        let copy = crash(dir.path());
        fs::write(copy.path().join(LOG), torn).expect("it can be written");
        let store = open(copy.path());
        assert_eq!(sold(&store).await, 1, "byte {place}");
    }
}

#[tokio::test]
async fn a_log_that_begins_anew_loses_nothing() {
    const LARGEST: u32 = 60_000;
    const MEGABYTES: u64 = 1 << 20;
    let dir = folder();
    let store = open(dir.path());
    // Each takes more than half a megabyte of the log, which has thirty-two.
    for n in 0..80 {
        let (showtime, map) = showtime(n, LARGEST);
        store.insert_showtime(&showtime, &map).await.expect("it is added");
        if n % 20 == 0 {
            sell(&store, u64::from(n / 20)).await;
        }
    }
    let log = fs::metadata(dir.path().join(LOG)).expect("it is there").len();
    assert!((32 * MEGABYTES..40 * MEGABYTES).contains(&log), "it was written over: {log}");
    let crashed = crash(dir.path());
    drop(store);
    for dir in [dir, crashed] {
        let store = open(dir.path());
        assert_eq!(sold(&store).await, 4);
        let ids = store.showtime_ids(None, 1000).await.expect("it answers");
        assert_eq!(ids.len(), 80);
        let last = store.load(ids[79]).await.expect("it answers").expect("it is there");
        assert_eq!(last.map.seats().len(), LARGEST as usize);
    }
}

#[tokio::test]
async fn a_store_without_its_log_is_not_opened_as_if_nothing_were_missing() {
    let dir = folder();
    let store = open(dir.path());
    let (first, map) = showtime(0, 100);
    store.insert_showtime(&first, &map).await.expect("it is added");
    sell(&store, 0).await;
    let crashed = crash(dir.path());
    fs::remove_file(crashed.path().join(LOG)).expect("it was there");
    let opened = EmbeddedStore::open(crashed.path(), Arc::new(TestClock::default()));
    let error = opened.err().expect("what was sold last is not in the file");
    assert!(error.to_string().contains(LOG), "{error}");
    // After an order to stop, the file has it all.
    drop(store);
    fs::write(dir.path().join(LOG), []).expect("it can be written");
    assert_eq!(sold(&open(dir.path())).await, 1);
}

#[tokio::test]
async fn the_log_of_another_store_is_not_believed() {
    let (one, other) = (folder(), folder());
    let (store, empty) = (open(one.path()), open(other.path()));
    let (first, map) = showtime(0, 1);
    store.insert_showtime(&first, &map).await.expect("it is added");
    let (one, other) = (crash(one.path()), crash(other.path()));
    drop((store, empty));
    fs::copy(one.path().join(LOG), other.path().join(LOG)).expect("it can be copied");
    let store = open(other.path());
    assert_eq!(store.version(first.id).await.expect("it answers"), None);
    store.ping().await.expect("it can be written to");
}
