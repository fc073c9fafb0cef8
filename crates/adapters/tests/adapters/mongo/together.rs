//! What is asked in the same moment goes in one command, and each caller gets an
//! answer of its own. On one thread, all of these ask before any command is sent.

use bson::doc;
use futures_util::future::join_all;
use seathold_adapters::MongoStore;
use seathold_core::ShowtimeId;
use seathold_service::model::{Answer, Booking, Claim, Version};
use seathold_service::ports::{
    Bookings, Commit, CommitOutcome, Preparation, Prepared, Showtimes, StoreError,
};
use seathold_testkit::fault_proxy::{FaultProxy, Loss};

use super::records::{booked, booking, claim, commit, hall, showtime, showtime_id};
use super::{TestDatabase, host};

const IT_ANSWERS: &str = "the server answers";

/// More than the server takes in one document.
const TOO_MUCH: usize = 17 << 20;

/// Showtimes 1 to 4 at version 0, and a store that reaches them through a proxy.
struct Together {
    store: MongoStore,
    proxy: FaultProxy,
    direct: MongoStore,
    database: TestDatabase,
}

impl Together {
    async fn new() -> Option<Self> {
        let (direct, database) = TestDatabase::reused().await?;
        let proxy = FaultProxy::before(host(&database.uri)).await;
        let uri = proxy.uri(database.database.name());
        let store = MongoStore::connect(&uri).await.expect("it is a replica set");
        for n in 1..=4 {
            let showtime = showtime(n);
            direct.insert_showtime(&showtime, &hall(&showtime, 2, 3)).await.expect(IT_ANSWERS);
        }
        Some(Self { store, proxy, direct, database })
    }

    async fn commit(&self, commits: &[Commit]) -> Vec<Result<CommitOutcome, StoreError>> {
        join_all(commits.iter().map(|commit| self.store.commit(commit))).await
    }

    async fn prepare(
        &self,
        holds: &[Vec<(Claim, Booking)>],
    ) -> Vec<Result<Vec<Prepared>, StoreError>> {
        let preparation =
            |holds: &Vec<_>| Preparation { holds: holds.clone(), ..Default::default() };
        let preparations: Vec<_> = holds.iter().map(preparation).collect();
        join_all(preparations.iter().map(|all| self.store.prepare(all))).await
    }

    /// The versions of showtimes 1 to 4.
    async fn versions(&self) -> Vec<Option<u64>> {
        let version = async |n| {
            let version = self.direct.version(showtime_id(n)).await.expect(IT_ANSWERS);
            version.map(|version| version.number)
        };
        [version(1).await, version(2).await, version(3).await, version(4).await].into()
    }
}

/// Sells A1 at the version of this number, which nobody has made.
fn sale(n: u32, number: u64) -> Commit {
    commit(n, Version::first(number), &[("A1", booked(n))])
}

fn is_unknown<T>(said: &Result<T, StoreError>) -> bool {
    matches!(said, Err(StoreError::Unknown(_)))
}

fn hold(n: u32) -> (Claim, Booking) {
    let row = booking(n, "alice");
    (claim(&row), row)
}

/// The same key for another booking.
fn again(n: u32, other: u32) -> (Claim, Booking) {
    let row = Booking { idempotency_key: hold(n).1.idempotency_key, ..booking(other, "alice") };
    (claim(&row), row)
}

#[tokio::test]
async fn of_commits_that_go_together_each_is_told_what_became_of_it() {
    let Some(all) = Together::new().await else { return };
    let late = Commit { deadline: super::records::NOW, ..sale(3, 0) };
    let commits = [sale(1, 0), sale(2, 7), late, sale(4, 0), sale(404, 0)];
    let said = all.commit(&commits).await;
    let said: Vec<_> = said.into_iter().map(|said| said.expect(IT_ANSWERS)).collect();
    use CommitOutcome::{Applied, Conflict};
    assert_eq!(said, [Applied, Conflict, Conflict, Applied, Conflict]);
    assert_eq!(all.versions().await, [Some(1), Some(0), Some(0), Some(1)]);
    // Another has been applied on the version of the first.
    let said = all.commit(&[sale(1, 0), sale(2, 0)]).await;
    let said: Vec<_> = said.into_iter().map(|said| said.expect(IT_ANSWERS)).collect();
    assert_eq!(said, [Conflict, Applied]);
    assert_eq!(all.versions().await, [Some(1), Some(1), Some(0), Some(1)]);
}

#[tokio::test]
async fn a_commit_that_others_have_overtaken_is_in_doubt_only_if_one_of_its_neighbours_was_applied()
{
    let Some(all) = Together::new().await else { return };
    let mut version = Version::first(0);
    for _ in 0..3 {
        let sale = Commit { at: version, ..sale(1, 0) };
        version = sale.makes();
        assert_eq!(all.direct.commit(&sale).await.expect(IT_ANSWERS), CommitOutcome::Applied);
    }
    let said = all.commit(&[sale(1, 0), sale(2, 0)]).await;
    assert!(is_unknown(&said[0]), "{said:?}");
    assert_eq!(said[1].as_ref().expect(IT_ANSWERS), &CommitOutcome::Applied);
    for together in [vec![sale(1, 0)], vec![sale(1, 0), sale(2, 0), sale(3, 9)]] {
        for said in all.commit(&together).await {
            assert_eq!(said.expect(IT_ANSWERS), CommitOutcome::Conflict);
        }
    }
    assert_eq!(all.versions().await, [Some(3), Some(1), Some(0), Some(0)]);
}

#[tokio::test]
async fn of_two_commits_of_one_showtime_that_go_together_one_is_applied() {
    let Some(all) = Together::new().await else { return };
    let said = all.commit(&[sale(1, 0), sale(2, 0), sale(1, 0)]).await;
    let applied = said.iter().filter(|said| matches!(said, Ok(CommitOutcome::Applied))).count();
    let conflicts = said.iter().filter(|said| matches!(said, Ok(CommitOutcome::Conflict))).count();
    assert_eq!((applied, conflicts), (2, 1), "{said:?}");
    assert_eq!(all.versions().await, [Some(1), Some(1), Some(0), Some(0)]);
}

#[tokio::test]
async fn commits_that_go_together_and_are_lost_once_are_applied_once() {
    for loss in [Loss::Request, Loss::Answer] {
        let Some(all) = Together::new().await else { return };
        assert_eq!(all.direct.commit(&sale(3, 0)).await.expect(IT_ANSWERS), CommitOutcome::Applied);
        all.proxy.lose(loss, "update", "showtimes", 1);
        let said = all.commit(&[sale(1, 0), sale(2, 0), sale(3, 0)]).await;
        assert!(all.proxy.has_lost_all());
        let said: Vec<_> = said.into_iter().map(|said| said.expect("it was asked again")).collect();
        let expected = [CommitOutcome::Applied, CommitOutcome::Applied, CommitOutcome::Conflict];
        assert_eq!(said, expected, "{loss:?}");
        assert_eq!(all.versions().await, [Some(1), Some(1), Some(1), Some(0)], "{loss:?}");
    }
}

#[tokio::test]
async fn a_commit_that_is_not_there_after_a_second_try_may_yet_arrive() {
    let Some(all) = Together::new().await else { return };
    all.proxy.lose(Loss::Request, "update", "showtimes", 1);
    // Refused both times; but the first, had it been delayed, might be in its window.
    let late = Commit { deadline: super::records::NOW, ..sale(2, 0) };
    let said = all.commit(&[sale(1, 0), late]).await;
    assert!(all.proxy.has_lost_all());
    assert_eq!(said[0].as_ref().expect("it was asked again"), &CommitOutcome::Applied);
    assert!(is_unknown(&said[1]), "{said:?}");
    assert_eq!(all.versions().await, [Some(1), Some(0), Some(0), Some(0)]);
}

#[tokio::test]
async fn commits_of_which_nothing_is_heard_are_all_unknown_and_what_is_read_then_is_true() {
    for (loss, version) in [(Loss::Request, 0), (Loss::Answer, 1)] {
        let Some(all) = Together::new().await else { return };
        all.proxy.lose(loss, "update", "showtimes", 2);
        let said = all.commit(&[sale(1, 0), sale(2, 0), sale(3, 0)]).await;
        assert!(all.proxy.has_lost_all());
        // Both losses met the one command that they all were in.
        assert!(said.iter().all(is_unknown), "{loss:?}: {said:?}");
        let read = join_all([1, 2, 3].map(|n| all.store.version(showtime_id(n)))).await;
        for read in read {
            let number = read.expect(IT_ANSWERS).map(|read| read.number);
            assert_eq!(number, Some(version), "{loss:?}");
        }
        let expected = if version == 1 { CommitOutcome::Conflict } else { CommitOutcome::Applied };
        for said in all.commit(&[sale(1, 0), sale(2, 0), sale(3, 0)]).await {
            assert_eq!(said.expect(IT_ANSWERS), expected, "{loss:?}");
        }
    }
}

#[tokio::test]
async fn keys_in_use_are_told_to_those_who_wanted_them() {
    let Some(all) = Together::new().await else { return };
    for prepared in all.prepare(&[vec![hold(2)], vec![hold(6)]]).await {
        assert_eq!(prepared.expect(IT_ANSWERS), [Prepared::Opened]);
    }
    let wanted = [vec![hold(1), again(2, 12)], vec![hold(3), hold(4)], vec![again(6, 16), hold(5)]];
    let said = all.prepare(&wanted).await;
    let said: Vec<_> = said.into_iter().map(|said| said.expect(IT_ANSWERS)).collect();
    let duplicate = |n| Prepared::Duplicate(Box::new(hold(n).0));
    assert_eq!(said[0], [Prepared::Opened, duplicate(2)]);
    assert_eq!(said[1], [Prepared::Opened, Prepared::Opened]);
    assert_eq!(said[2], [duplicate(6), Prepared::Opened]);
    let rows = all.direct.bookings_after(None, 99).await.expect(IT_ANSWERS);
    assert_eq!(rows, [1, 2, 3, 4, 5, 6].map(|n| hold(n).1));
    // Each finds those of its own.
    let keys = [vec![1, 404], vec![2, 3], vec![404]]
        .map(|keys| keys.into_iter().map(|n| hold(n).0.key).collect::<Vec<_>>());
    let found = join_all(keys.iter().map(|keys| all.store.find_claims(keys))).await;
    let found: Vec<_> = found.into_iter().map(|found| found.expect(IT_ANSWERS)).collect();
    assert_eq!(found, [vec![hold(1).0], vec![hold(2).0, hold(3).0], vec![]]);
}

#[tokio::test]
async fn claims_and_rows_that_go_together_and_are_lost_once_are_opened() {
    for collection in ["idempotency_keys", "bookings"] {
        for loss in [Loss::Request, Loss::Answer] {
            let Some(all) = Together::new().await else { return };
            all.proxy.lose(loss, "insert", collection, 1);
            let said = all.prepare(&[vec![hold(1), hold(2)], vec![hold(3)]]).await;
            assert!(all.proxy.has_lost_all());
            for prepared in said.into_iter().flat_map(|said| said.expect("it was asked again")) {
                assert_eq!(prepared, Prepared::Opened, "{loss:?} {collection}");
            }
            let rows = all.direct.bookings_after(None, 99).await.expect(IT_ANSWERS);
            assert_eq!(rows, [1, 2, 3].map(|n| hold(n).1), "{loss:?} {collection}");
        }
    }
}

#[tokio::test]
async fn what_the_server_does_not_take_fails_alone() {
    let Some(all) = Together::new().await else { return };
    let (plain, row) = hold(2);
    let body = vec![b'{'; TOO_MUCH].into();
    let huge = Claim { response: Some(Answer { status: 201, body }), ..plain };
    let said = all.prepare(&[vec![hold(1)], vec![(huge, row)], vec![hold(3)]]).await;
    assert!(said[1].is_err(), "it is too large");
    for said in [&said[0], &said[2]] {
        assert_eq!(said.as_ref().expect(IT_ANSWERS), &[Prepared::Opened]);
    }
    // A document that the server refuses, by a rule that somebody has set.
    let rule = doc! {"collMod": "showtimes", "validator": {"title": {"$ne": "Title 2"}}};
    all.database.database.run_command(rule).await.expect(IT_ANSWERS);
    let said = all.commit(&[sale(1, 0), sale(2, 0), sale(3, 0)]).await;
    let rule = doc! {"collMod": "showtimes", "validator": {}};
    all.database.database.run_command(rule).await.expect(IT_ANSWERS);
    assert!(matches!(said[1], Err(StoreError::Unavailable(_))), "{said:?}");
    for said in [&said[0], &said[2]] {
        assert_eq!(said.as_ref().expect(IT_ANSWERS), &CommitOutcome::Applied);
    }
    assert_eq!(all.versions().await, [Some(1), Some(0), Some(1), Some(0)]);
}

#[tokio::test]
async fn versions_that_are_read_together_are_those_of_their_showtimes() {
    let Some(all) = Together::new().await else { return };
    let sale = sale(2, 0);
    assert_eq!(all.direct.commit(&sale).await.expect(IT_ANSWERS), CommitOutcome::Applied);
    let ids: [ShowtimeId; 4] = [2, 404, 1, 2].map(showtime_id);
    let read = join_all(ids.map(|id| all.store.version(id))).await;
    let read: Vec<_> = read.into_iter().map(|read| read.expect(IT_ANSWERS)).collect();
    let (first, sold) = (Some(Version::first(0)), Some(sale.makes()));
    assert_eq!(read, [sold, None, first, sold]);
}
