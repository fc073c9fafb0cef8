//! Servers that will not do, that are away, and that come back.

use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bson::doc;
use mongodb::Client;
use seathold_adapters::mongo::OpenError;
use seathold_adapters::{MongoStore, SystemClock};
use seathold_service::ports::{Clock, CommitOutcome, Showtimes, Store};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use super::records::{booked, commit, hall, showtime, showtime_id};
use super::{TestDatabase, skip};

/// For what takes a moment on a busy machine.
const SOON: Duration = Duration::from_secs(30);

/// A server of a test's own, of the program in `SEATHOLD_TEST_MONGOD`.
struct Mongod {
    program: String,
    port: u16,
    set: Option<&'static str>,
    data: TempDir,
    process: Child,
}

impl Mongod {
    /// Starts it; of this replica set, if one is named. `None`: there is no
    /// program, and that was said.
    async fn start(set: Option<&'static str>) -> Option<Self> {
        let Ok(program) = std::env::var("SEATHOLD_TEST_MONGOD") else {
            skip("SEATHOLD_TEST_MONGOD is not set: the path of mongod");
            return None;
        };
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
        let port = free.local_addr().expect("it is bound").port();
        drop(free);
        let data = tempfile::tempdir().expect("a temporary folder can be made");
        let process = run(&program, port, set, &data);
        let server = Self { program, port, set, data, process };
        server.until_ready(doc! {"ok": 1.0}).await;
        Some(server)
    }

    /// Dies at once, and starts again with what is on the disk.
    fn crash_and_start(&mut self) {
        self.process.kill().expect("it is our own process");
        self.process.wait().expect("it ends");
        self.process = run(&self.program, self.port, self.set, &self.data);
    }

    /// Makes it a set of one.
    async fn initiate(&self, set: &str) {
        let member = doc! {"_id": 0, "host": format!("127.0.0.1:{}", self.port)};
        let config = doc! {"_id": set, "members": [member]};
        let client = Client::with_uri_str(self.uri("&directConnection=true")).await;
        let admin = client.expect("it is an address").database("admin");
        admin.run_command(doc! {"replSetInitiate": config}).await.expect("it answers");
        self.until_ready(doc! {"isWritablePrimary": true}).await;
    }

    /// Waits until its answer to hello has this in it.
    async fn until_ready(&self, wanted: bson::Document) {
        let client = Client::with_uri_str(self.uri("&directConnection=true")).await;
        let (admin, asked) = (client.expect("it is an address").database("admin"), Instant::now());
        loop {
            let hello = admin.run_command(doc! {"hello": 1}).await.unwrap_or_default();
            if wanted.iter().all(|(name, value)| hello.get(name) == Some(value)) {
                return;
            }
            assert!(asked.elapsed() < SOON, "{hello}");
            sleep(Duration::from_millis(20)).await;
        }
    }

    fn uri(&self, options: &str) -> String {
        format!("mongodb://127.0.0.1:{}/test?serverSelectionTimeoutMS=1000{options}", self.port)
    }
}

impl Drop for Mongod {
    fn drop(&mut self) {
        let ended = self.process.kill().and_then(|()| self.process.wait());
        if let Err(error) = ended {
            eprintln!("mongod is left behind: {error}");
        }
    }
}

fn run(program: &str, port: u16, set: Option<&str>, data: &TempDir) -> Child {
    let set = set.map(|set| ["--replSet", set]);
    Command::new(program)
        .args(["--bind_ip", "127.0.0.1", "--wiredTigerCacheSizeGB", "0.25"])
        .args(["--port", &port.to_string(), "--dbpath"])
        .arg(data.path())
        .args(set.iter().flatten())
        .stdout(Stdio::null())
        .spawn()
        .expect("the program runs")
}

async fn refused(uri: &str) -> OpenError {
    MongoStore::connect(uri).await.err().expect("it will not do")
}

#[tokio::test]
async fn a_server_without_a_replica_set_is_refused_with_what_to_do() {
    let Some(server) = Mongod::start(None).await else { return };
    for options in ["", "&directConnection=true", "&replicaSet=rs0"] {
        let error = refused(&server.uri(options)).await;
        assert!(matches!(error, OpenError::Standalone(_)), "{options}: {error}");
        let text = error.to_string();
        let says = [&format!("127.0.0.1:{}", server.port), "--replSet", "rs.initiate()"];
        assert!(says.iter().all(|said| text.contains(*said)), "{text}");
    }
}

#[tokio::test]
async fn a_replica_set_that_was_not_initiated_is_refused_with_what_to_do() {
    let Some(server) = Mongod::start(Some("rs0")).await else { return };
    for options in ["", "&directConnection=true", "&replicaSet=rs0"] {
        let error = refused(&server.uri(options)).await;
        assert!(matches!(error, OpenError::Standalone(_)), "{options}: {error}");
    }
    server.initiate("rs0").await;
    for options in ["", "&directConnection=true", "&replicaSet=rs0"] {
        MongoStore::connect(&server.uri(options)).await.expect("now it will do");
    }
}

#[tokio::test]
async fn a_server_that_crashes_comes_back_with_all_that_was_acknowledged() {
    let Some(mut server) = Mongod::start(Some("rs0")).await else { return };
    server.initiate("rs0").await;
    let store = MongoStore::connect(&server.uri("&replicaSet=rs0")).await.expect("it will do");
    store.migrate().await.expect("it answers");
    let showtime = showtime(1);
    store.insert_showtime(&showtime, &hall(&showtime, 1, 3)).await.expect("it answers");
    for (version, seat) in [(0, "A1"), (1, "A2")] {
        let sale = commit(1, version, &[(seat, booked(1))]);
        assert_eq!(store.commit(&sale).await.expect("it answers"), CommitOutcome::Applied);
        server.crash_and_start();
        let died = Instant::now();
        while store.ping().await.is_err() {
            assert!(died.elapsed() < SOON, "it comes back by itself");
        }
        println!("back {:?} after a crash", died.elapsed());
        let read = store.version(showtime_id(1)).await.expect("it answers");
        assert_eq!(read, Some(version + 1));
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
