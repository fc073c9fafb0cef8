//! How the database comes to be as the store needs it.

use std::path::Path;
use std::time::Duration;

use bson::{DateTime, Document, doc};
use futures_util::future::join_all;
use seathold_adapters::SystemClock;
use seathold_service::ports::Clock;
use tokio::time::Instant;

use super::TestDatabase;

/// The names of the files, in order.
fn files() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations");
    let files = std::fs::read_dir(folder).expect("it is there");
    let names = files.map(|file| file.expect("it can be read").file_name());
    let mut names: Vec<_> = names
        .filter_map(|name| name.to_string_lossy().strip_suffix(".json").map(str::to_owned))
        .collect();
    names.sort_unstable();
    names
}

/// What is written down in the database.
async fn journal(test: &TestDatabase) -> Vec<String> {
    let journal = test.database.collection::<Document>("migrations");
    let made = doc! {"applied_at": {"$type": "date"}};
    let mut found = journal.find(made).sort(doc! {"_id": 1}).await.expect("it answers");
    let mut names = Vec::new();
    while found.advance().await.expect("it answers") {
        names.push(found.current().get_str("_id").expect("it has a name").to_owned());
    }
    names
}

async fn indexes(test: &TestDatabase, collection: &str) -> Vec<String> {
    let collection = test.database.collection::<Document>(collection);
    collection.list_index_names().await.expect("it answers")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_change_is_made_once_and_in_order() {
    let Some(test) = TestDatabase::empty().await else { return };
    let store = test.connect().await;
    let applied = store.migrate().await.expect("it answers");
    assert_eq!(applied.iter().map(|applied| applied.name).collect::<Vec<_>>(), files());
    assert_eq!(journal(&test).await, files());
    assert!(indexes(&test, "bookings").await.contains(&"by_user".to_owned()));
    assert_eq!(store.migrate().await.expect("it answers"), []);
    assert_eq!(test.connect().await.migrate().await.expect("it answers"), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_instances_that_start_together_one_makes_the_changes() {
    let Some(test) = TestDatabase::empty().await else { return };
    let stores = join_all((0..5).map(|_| test.connect())).await;
    let applied = join_all(stores.iter().map(|store| store.migrate())).await;
    let applied: Vec<_> =
        applied.into_iter().flat_map(|applied| applied.expect("it answers")).collect();
    assert_eq!(applied.iter().map(|applied| applied.name).collect::<Vec<_>>(), files());
    assert_eq!(journal(&test).await, files());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_that_crashed_over_it_keeps_others_waiting_for_its_lease_only() {
    let Some(test) = TestDatabase::empty().await else { return };
    let left = Duration::from_secs(2);
    let until = SystemClock.now().plus_millis(left.as_millis() as i64);
    let until = DateTime::from_millis(until.as_millis());
    let lock = doc! {"_id": "lock", "owner": "somebody", "until": until};
    test.database.collection("migrations").insert_one(lock).await.expect("it answers");
    let (store, asked) = (test.connect().await, Instant::now());
    let applied = store.migrate().await.expect("it answers");
    assert_eq!(applied.len(), files().len());
    assert!(asked.elapsed() > left / 2 && asked.elapsed() < 3 * left, "{:?}", asked.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_was_interrupted_is_made_again() {
    let Some(test) = TestDatabase::empty().await else { return };
    let store = test.connect().await;
    store.migrate().await.expect("it answers");
    // Its commands were run, and it was not written down.
    let first = files().remove(0);
    let journal = test.database.collection::<Document>("migrations");
    journal.delete_one(doc! {"_id": &first}).await.expect("it answers");
    let applied = store.migrate().await.expect("it answers");
    assert_eq!(applied.iter().map(|applied| applied.name).collect::<Vec<_>>(), [first]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn claims_are_forgotten_by_the_server() {
    let Some((_store, test)) = TestDatabase::migrated().await else { return };
    let claims = test.database.collection::<Document>("idempotency_keys");
    let mut found = claims.list_indexes().await.expect("it answers");
    let mut forgotten = Vec::new();
    while found.advance().await.expect("it answers") {
        let index = found.deserialize_current().expect("it is an index");
        let after = index.options.and_then(|options| options.expire_after);
        forgotten.extend(after.map(|after| (index.keys, after)));
    }
    assert_eq!(forgotten, [(doc! {"expires_at": 1}, Duration::ZERO)]);
}
