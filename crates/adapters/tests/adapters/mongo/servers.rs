//! Servers that will not do, that are away, and that come back.

use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use seathold_adapters::mongo::OpenError;
use seathold_adapters::{MongoStore, SystemClock};
use seathold_service::ports::{Clock, CommitOutcome, Showtimes, Store};
use seathold_testkit::servers::OwnMongod;
use tokio::time::Instant;

use super::TestDatabase;
use super::records::{FIRST, booked, commit, hall, showtime, showtime_id};

/// For what takes a moment on a busy machine.
const SOON: Duration = Duration::from_secs(30);

/// Its address with these options, and no long wait for a server that will not do.
fn uri(server: &OwnMongod, options: &str) -> String {
    server.uri_with(&format!("serverSelectionTimeoutMS=1000{options}"))
}

async fn refused(uri: &str) -> OpenError {
    MongoStore::connect(uri).await.err().expect("it will not do")
}

#[tokio::test]
async fn a_server_without_a_replica_set_is_refused_with_what_to_do() {
    let Some(server) = OwnMongod::start_standalone().await else { return };
    for options in ["", "&directConnection=true", "&replicaSet=rs0"] {
        let error = refused(&uri(&server, options)).await;
        assert!(matches!(error, OpenError::Standalone(_)), "{options}: {error}");
        let text = error.to_string();
        let host = server.host();
        let says = [host.as_str(), "--replSet", "rs.initiate()"];
        assert!(says.iter().all(|said| text.contains(said)), "{text}");
    }
}

#[tokio::test]
async fn a_replica_set_that_was_not_initiated_is_refused_with_what_to_do() {
    let Some(server) = OwnMongod::start_uninitiated().await else { return };
    for options in ["", "&directConnection=true", "&replicaSet=rs0"] {
        let error = refused(&uri(&server, options)).await;
        assert!(matches!(error, OpenError::Standalone(_)), "{options}: {error}");
    }
    server.initiate().await;
    for options in ["", "&directConnection=true", "&replicaSet=rs0"] {
        MongoStore::connect(&uri(&server, options)).await.expect("now it will do");
    }
}

#[tokio::test]
async fn a_server_that_crashes_comes_back_with_all_that_was_acknowledged() {
    let Some(mut server) = OwnMongod::start().await else { return };
    let store = MongoStore::connect(&uri(&server, "&replicaSet=rs0")).await.expect("it will do");
    store.migrate().await.expect("it answers");
    let showtime = showtime(1);
    store.insert_showtime(&showtime, &hall(&showtime, 1, 3)).await.expect("it answers");
    let mut version = FIRST;
    for seat in ["A1", "A2"] {
        let sale = commit(1, version, &[(seat, booked(1))]);
        assert_eq!(store.commit(&sale).await.expect("it answers"), CommitOutcome::Applied);
        server.kill();
        server.run();
        let died = Instant::now();
        while store.ping().await.is_err() {
            assert!(died.elapsed() < SOON, "it comes back by itself");
        }
        println!("back {:?} after a crash", died.elapsed());
        let read = store.version(showtime_id(1)).await.expect("it answers");
        version = sale.makes();
        assert_eq!(read, Some(version));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_tells_its_time() {
    let Some((store, _test)) = TestDatabase::migrated().await else { return };
    let (before, told) = (SystemClock.now(), store.now().await.expect("it answers"));
    // Another machine's clock may differ, but not by that.
    assert!(told.millis_since(before).abs() < 60_000, "{told:?}");
    let later = store.now().await.expect("it answers");
    assert!(later >= told);
}

#[tokio::test]
async fn an_address_without_a_server_is_told_soon_and_without_its_password() {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
    let port = free.local_addr().expect("it is bound").port();
    drop(free);
    let asked = Instant::now();
    let error = refused(&format!("mongodb://user:secret@127.0.0.1:{port}/test")).await;
    assert!(matches!(error, OpenError::Unreachable(_)), "{error}");
    assert!(!error.to_string().contains("secret"), "{error}");
    assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
}

#[tokio::test]
async fn what_is_no_address_is_told_without_its_password() {
    for address in [
        "localhost:27017",
        "http://user:secret@localhost",
        "mongodb://user:secret@/test",
        "mongodb://user:secret@localhost:port/test",
        "mongodb://user:sec@ret@localhost/test",
        "mongodb://user:secret@localhost/test?readPreference=none",
    ] {
        let error = refused(address).await;
        assert!(matches!(error, OpenError::Address(_)), "{address}: {error}");
        assert!(!error.to_string().contains("sec"), "{error}");
    }
}
