//! What only the embedded store promises: its file, and its own clock.

use std::path::Path;
use std::sync::Arc;

use seathold_adapters::{EmbeddedStore, OpenError};
use seathold_core::{
    BookingId, PriceTable, Schedule, Seat, SeatMap, SeatState, SeatType, ShowtimeId, Timestamp,
};
use seathold_service::model::{
    Claim, ClaimKey, ClaimStatus, Fingerprint, Resource, Showtime, Version,
};
use seathold_service::ports::{
    Bookings, Clock, Commit, CommitOutcome, Showtimes, Store, StoreError,
};
use seathold_testkit::{TestClock, fresh_u64, placed};
use uuid::Uuid;

fn open(dir: &Path, clock: &TestClock) -> Result<EmbeddedStore, OpenError> {
    EmbeddedStore::open(dir, Arc::new(clock.clone()))
}

fn showtime() -> Showtime {
    Showtime {
        id: ShowtimeId::from_bytes([1; 12]),
        title: "Title".to_owned(),
        movie_id: "movie".to_owned(),
        cinema_id: "cinema".to_owned(),
        screen_id: "screen".to_owned(),
        start_time: TestClock::START,
        end_time: TestClock::START,
        currency: "VND".parse().expect("it is a currency"),
        price: PriceTable::new(1, 2, 3).expect("they are prices"),
        total_seats: 60_000,
        created_at: TestClock::START,
    }
}

/// The largest map there is.
fn map() -> SeatMap {
    let seat = |n: u32| Seat {
        label: format!("S{n}").parse().expect("it is a label"),
        seat_type: SeatType::Standard,
        state: SeatState::Available,
    };
    let at = TestClock::START;
    let schedule = Schedule { start: at, end: at, cancelled_at: None };
    SeatMap::new(schedule, 0, (0..60_000).rev().map(seat).collect()).expect("it is a map")
}

fn commit(clock: &TestClock, at: Version, label: &str) -> Commit {
    let booked = SeatState::Booked {
        booking: BookingId::from_bytes([2; 12]),
        user: "alice".parse().expect("it is a user"),
    };
    Commit {
        showtime: showtime().id,
        id: Uuid::from_u64_pair(1, fresh_u64()),
        at,
        seats: vec![placed(&map(), label, booked)],
        available: 59_999,
        next_expiry: None,
        cancelled_at: None,
        only_scheduled: false,
        not_before: None,
        deadline: clock.now().plus_millis(1),
    }
}

#[tokio::test]
async fn everything_is_there_after_a_restart_and_the_largest_map_keeps_its_order() {
    let (dir, clock) = (tempfile::tempdir().expect("a folder"), TestClock::default());
    let store = open(dir.path(), &clock).expect("it is empty");
    store.insert_showtime(&showtime(), &map()).await.expect("it is added");
    let first = commit(&clock, Version::first(0), "S7");
    let outcome = store.commit(&first).await.expect("it answers");
    assert_eq!(outcome, CommitOutcome::Applied);
    let load = async |store: &EmbeddedStore| {
        let stored = store.load(showtime().id).await.expect("it answers").expect("it was added");
        (stored.summary, stored.map.seats().to_vec())
    };
    let before = load(&store).await;
    assert!(before.1.iter().map(|seat| seat.label).eq(map().seats().map(|seat| seat.label)));
    drop(store);
    let store = open(dir.path(), &clock).expect("it was let go");
    assert_eq!(load(&store).await, before);
    let outcome = store.commit(&commit(&clock, first.makes(), "S8")).await.expect("it answers");
    assert_eq!(outcome, CommitOutcome::Applied);
}

#[tokio::test]
async fn the_window_is_that_of_the_stores_own_clock() {
    let (dir, clock) = (tempfile::tempdir().expect("a folder"), TestClock::default());
    let store = open(dir.path(), &clock).expect("it is empty");
    store.insert_showtime(&showtime(), &map()).await.expect("it is added");
    let timely = commit(&clock, Version::first(0), "S7");
    let early = Commit { not_before: Some(clock.now()), ..timely.clone() };
    clock.advance(-1);
    assert_eq!(store.commit(&early).await.expect("it answers"), CommitOutcome::Conflict);
    clock.advance(2);
    assert_eq!(store.commit(&timely).await.expect("it answers"), CommitOutcome::Conflict);
    clock.advance(-1);
    assert_eq!(store.commit(&early).await.expect("it answers"), CommitOutcome::Applied);
}

#[tokio::test]
async fn a_second_opening_says_that_the_file_is_in_use() {
    let (dir, clock) = (tempfile::tempdir().expect("a folder"), TestClock::default());
    let dir = dir.path().join("made").join("on the way");
    let first = open(&dir, &clock).expect("it is empty");
    let file = dir.join("seathold.redb");
    match open(&dir, &clock) {
        Err(OpenError::InUse(path)) => assert_eq!(path, file),
        other => panic!("{:?}", other.map(|_| "opened twice")),
    }
    first.ping().await.expect("the first is not disturbed");
    drop(first);
    open(&dir, &clock).expect("it was let go");
}

#[test]
fn a_folder_or_a_file_that_cannot_be_used_is_named() {
    let (dir, clock) = (tempfile::tempdir().expect("a folder"), TestClock::default());
    let file = dir.path().join("seathold.redb");
    std::fs::write(&file, "something else, and longer than nothing").expect("it can be written");
    match open(dir.path(), &clock) {
        Err(OpenError::Unreadable { path, .. } | OpenError::Io { path, .. }) => {
            assert_eq!(path, file)
        }
        other => panic!("{:?}", other.map(|_| "opened")),
    }
    match open(&file, &clock) {
        Err(OpenError::Io { path, .. }) => assert_eq!(path, file),
        other => panic!("{:?}", other.map(|_| "opened")),
    }
}

#[tokio::test]
async fn what_was_queued_is_written_when_the_store_is_dropped() {
    let (dir, clock) = (tempfile::tempdir().expect("a folder"), TestClock::default());
    let store = Arc::new(open(dir.path(), &clock).expect("it is empty"));
    let adding = Arc::clone(&store);
    let added = tokio::spawn(async move { adding.insert_showtime(&showtime(), &map()).await });
    tokio::task::yield_now().await;
    added.abort();
    drop(store);
    // The task lets go of the store only when it ends.
    assert!(added.await.is_err_and(|error| error.is_cancelled()));
    let store = open(dir.path(), &clock).expect("it was let go");
    let version: Result<_, StoreError> = store.version(showtime().id).await;
    assert_eq!(version.expect("it answers"), Some(Version::first(0)));
}

#[tokio::test]
async fn claims_are_forgotten_when_their_time_has_passed() {
    let (dir, clock) = (tempfile::tempdir().expect("a folder"), TestClock::default());
    let store = open(dir.path(), &clock).expect("it is empty");
    // More than are forgotten in one transaction.
    let claims: Vec<_> = (0..2500).map(|n| claim(n, clock.now().plus_millis(n.into()))).collect();
    for claim in &claims {
        assert_eq!(store.insert_claim(claim).await.expect("it answers"), None);
    }
    assert_eq!(store.purge_claims(clock.now().plus_millis(-1)).await.expect("it answers"), 0);
    assert_eq!(store.purge_claims(clock.now().plus_millis(2400)).await.expect("it answers"), 2401);
    let keys: Vec<_> = claims.iter().map(|claim| claim.key.clone()).collect();
    assert_eq!(store.find_claims(&keys).await.expect("it answers"), claims[2401..]);
    let again = store.insert_claim(&claims[7]).await.expect("it answers");
    assert_eq!(again, None, "the key is free again");
}

fn claim(n: u32, expires_at: Timestamp) -> Claim {
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&n.to_be_bytes());
    let key = uuid::Builder::from_random_bytes(bytes).into_uuid().to_string();
    Claim {
        key: ClaimKey {
            user: "alice".parse().expect("it is a user"),
            key: key.parse().expect("it is a UUID version 4"),
        },
        fingerprint: Fingerprint::of("POST /".to_owned(), b"{}"),
        resource: Resource::Booking(BookingId::from_bytes([2; 12])),
        owner: uuid::Uuid::nil(),
        lease_until: expires_at,
        status: ClaimStatus::Processing,
        response: None,
        expires_at,
    }
}
