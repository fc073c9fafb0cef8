//! Requests and answers that are lost: what is said then must be true.

use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use seathold_adapters::MongoStore;
use seathold_core::SeatState;
use seathold_service::ports::{
    Bookings, CommitOutcome, Preparation, Prepared, Showtimes, Store, StoreError,
};
use seathold_testkit::fault_proxy::{FaultProxy, Loss};
use tokio::time::{Instant, sleep};

use super::records::{FIRST, booked, booking, claim, commit, hall, showtime, showtime_id};
use super::{TestDatabase, host};

/// A showtime, and a store that reaches it through a proxy.
struct Doubtful {
    store: MongoStore,
    proxy: FaultProxy,
    /// To see what is there.
    direct: MongoStore,
    _database: TestDatabase,
}

impl Doubtful {
    async fn new() -> Option<Self> {
        let (direct, database) = TestDatabase::migrated().await?;
        let proxy = FaultProxy::before(host(&database.uri)).await;
        let uri = proxy.uri(database.database.name());
        let store = MongoStore::connect(&uri).await.expect("it is a replica set");
        let showtime = showtime(1);
        direct.insert_showtime(&showtime, &hall(&showtime, 2, 3)).await.expect("it answers");
        Some(Self { store, proxy, direct, _database: database })
    }

    /// Sells A1, and tells what was said, and what is true.
    async fn sell(&self) -> (Result<CommitOutcome, StoreError>, u64, bool) {
        let said = self.store.commit(&commit(1, FIRST, &[("A1", booked(7))])).await;
        let label = "A1".parse().expect("it is a label");
        let seats = self.direct.seats_now(showtime_id(1), &[label]).await;
        let seats = seats.expect("it answers").expect("it is there");
        let version = self.direct.version(showtime_id(1)).await.expect("it answers");
        (said, version.expect("it is there").number, seats.states != [SeatState::Available])
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_request_or_answer_is_lost_once_is_applied_once() {
    for loss in [Loss::Request, Loss::Answer] {
        let Some(doubtful) = Doubtful::new().await else { return };
        doubtful.proxy.lose(loss, "update", "showtimes", 1);
        let (said, version, sold) = doubtful.sell().await;
        assert!(doubtful.proxy.has_lost_all());
        assert_eq!(said.expect("it was asked again"), CommitOutcome::Applied, "{loss:?}");
        assert_eq!((version, sold), (1, true), "{loss:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_of_which_nothing_is_heard_is_unknown_whether_it_was_applied_or_not() {
    for (loss, applied) in [(Loss::Request, false), (Loss::Answer, true)] {
        let Some(doubtful) = Doubtful::new().await else { return };
        doubtful.proxy.lose(loss, "update", "showtimes", 2);
        let (said, version, sold) = doubtful.sell().await;
        assert!(doubtful.proxy.has_lost_all());
        assert!(matches!(said, Err(StoreError::Unknown(_))), "{loss:?}: {said:?}");
        assert_eq!((version, sold), (u64::from(applied), applied), "{loss:?}");
        // What is read next is settled, through the same store too.
        let read = doubtful.store.version(showtime_id(1)).await.expect("it answers");
        assert_eq!(read.map(|read| read.number), Some(version));
        let (said, version, _) = doubtful.sell().await;
        let expected = if applied { CommitOutcome::Conflict } else { CommitOutcome::Applied };
        assert_eq!((said.expect("it answers"), version), (expected, 1));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_falls_silent_keeps_nobody_waiting_for_long() {
    let Some(doubtful) = Doubtful::new().await else { return };
    doubtful.proxy.lose(Loss::Silence, "update", "showtimes", 9);
    let asked = Instant::now();
    let (said, ..) = doubtful.sell().await;
    assert!(matches!(said, Err(StoreError::Unknown(_))), "{said:?}");
    assert!(asked.elapsed() < Duration::from_secs(8), "{:?}", asked.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn claims_and_rows_whose_answer_is_lost_once_are_opened_all_the_same() {
    for collection in ["idempotency_keys", "bookings"] {
        for loss in [Loss::Request, Loss::Answer] {
            let Some(doubtful) = Doubtful::new().await else { return };
            let rows = [1, 2, 3].map(|n| booking(n, "alice"));
            let holds = rows.iter().map(|row| (claim(row), row.clone())).collect();
            let preparation = Preparation { holds, ..Preparation::default() };
            doubtful.proxy.lose(loss, "insert", collection, 1);
            let prepared = doubtful.store.prepare(&preparation).await;
            assert!(doubtful.proxy.has_lost_all());
            assert_eq!(prepared.expect("it was asked again"), [const { Prepared::Opened }; 3]);
            let kept = doubtful.direct.bookings_after(None, 9).await.expect("it answers");
            assert_eq!(kept, rows, "{loss:?} {collection}");
            let keys = rows.map(|row| row.claim_key());
            let claims = doubtful.direct.find_claims(&keys).await.expect("it answers");
            assert_eq!(claims.len(), 3, "{loss:?} {collection}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn claims_or_rows_of_which_nothing_is_heard_are_unknown() {
    for collection in ["idempotency_keys", "bookings"] {
        let Some(doubtful) = Doubtful::new().await else { return };
        let row = booking(1, "alice");
        let holds = vec![(claim(&row), row)];
        let preparation = Preparation { holds, ..Preparation::default() };
        doubtful.proxy.lose(Loss::Answer, "insert", collection, 2);
        let said = doubtful.store.prepare(&preparation).await;
        assert!(matches!(said, Err(StoreError::Unknown(_))), "{collection}: {said:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_gone_is_unavailable() {
    let Some(doubtful) = Doubtful::new().await else { return };
    doubtful.proxy.close();
    // The first may find a connection that it does not know to be cut.
    let (said, before, _) = doubtful.sell().await;
    assert!(said.is_err(), "{said:?}");
    let (said, after, _) = doubtful.sell().await;
    assert!(matches!(said, Err(StoreError::Unavailable(_))), "{said:?}");
    assert_eq!(after, before);
    let row = booking(1, "alice");
    let holds = vec![(claim(&row), row)];
    let preparation = Preparation { holds, ..Preparation::default() };
    let (prepared, ping) =
        tokio::join!(doubtful.store.prepare(&preparation), doubtful.store.ping());
    assert!(matches!(prepared, Err(StoreError::Unavailable(_))), "{prepared:?}");
    assert!(matches!(ping, Err(StoreError::Unavailable(_))), "{ping:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_goes_on_when_its_caller_has_gone_away() {
    let Some(doubtful) = Doubtful::new().await else { return };
    let store = Arc::new(doubtful.store.clone());
    let commit = commit(1, FIRST, &[("A1", booked(7))]);
    // Polled once, then dropped.
    let mut caller = store.commit(&commit);
    assert!(caller.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    drop(caller);
    let asked = Instant::now();
    while doubtful.direct.version(showtime_id(1)).await.expect("it answers") != Some(commit.makes())
    {
        assert!(asked.elapsed() < Duration::from_secs(5), "it was given up");
        sleep(Duration::from_millis(1)).await;
    }
}
