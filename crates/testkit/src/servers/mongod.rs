use std::process::Command;
use std::time::Duration;

use bson::{Document, doc};
use mongodb::{Client, Database};
use tempfile::TempDir;
use tokio::time::{Instant, sleep, timeout};

use super::process::{GLANCE, Process, SOON, free_port};
use super::wanted;

/// The replica set that a MongoDB of a test's own makes up alone.
pub(super) const SET: &str = "rs0";

/// How long one that may be paused is waited for.
const ANSWER: Duration = Duration::from_secs(1);

/// A MongoDB of a test's own, to be stopped, killed and started again. It is the
/// program in `SEATHOLD_TEST_MONGOD`.
pub struct OwnMongod {
    program: String,
    port: u16,
    replicated: bool,
    /// `None`: it does not run. Ends before its folder goes.
    process: Option<Process>,
    data: TempDir,
}

impl OwnMongod {
    /// A replica set of one, which takes writes. `None`: there is no program,
    /// and that was said.
    ///
    /// # Panics
    /// It does not come up.
    pub async fn start() -> Option<Self> {
        let server = Self::start_uninitiated().await?;
        server.initiate().await;
        Some(server)
    }

    /// A member of a set that was not initiated.
    ///
    /// # Panics
    /// It does not come up.
    pub async fn start_uninitiated() -> Option<Self> {
        Self::start_with(true).await
    }

    /// A server that belongs to no set.
    ///
    /// # Panics
    /// It does not come up.
    pub async fn start_standalone() -> Option<Self> {
        Self::start_with(false).await
    }

    async fn start_with(replicated: bool) -> Option<Self> {
        let program = wanted("SEATHOLD_TEST_MONGOD")?;
        let data = tempfile::tempdir().expect("a temporary folder can be made");
        let mut server = Self { program, port: free_port(), replicated, data, process: None };
        server.run();
        server.until_it_says(doc! {"ok": 1.0}).await;
        Some(server)
    }

    /// Makes it a set of one.
    ///
    /// # Panics
    /// It does not become one.
    pub async fn initiate(&self) {
        let member = doc! {"_id": 0, "host": self.host()};
        let config = doc! {"_id": SET, "members": [member]};
        let admin = self.admin().await;
        admin.run_command(doc! {"replSetInitiate": config}).await.expect("it answers");
        self.until_writable().await;
    }

    /// Starts it, with what is on the disk, and does not wait for it.
    ///
    /// # Panics
    /// The program does not run.
    pub fn run(&mut self) {
        let mut command = Command::new(&self.program);
        command
            .args(["--bind_ip", "127.0.0.1", "--nounixsocket", "--wiredTigerCacheSizeGB", "0.25"])
            .args(["--port", &self.port.to_string(), "--dbpath"])
            .arg(self.data.path())
            // Asked to stop, it does not wait for its clients to go elsewhere.
            .args(["--setParameter", "shutdownTimeoutMillisForSignaledShutdown=100"])
            // It leaves a member that hangs, and replicates from another.
            .args(["--setParameter", "oplogNetworkTimeoutBufferSeconds=1"]);
        if self.replicated {
            command.args(["--replSet", SET]);
        }
        self.process = Some(Process::start(&mut command));
    }

    /// Waits until it takes writes.
    ///
    /// # Panics
    /// It never does.
    pub async fn until_writable(&self) {
        self.until_it_says(doc! {"isWritablePrimary": true}).await;
    }

    /// Asks it to stop, and waits for its end.
    ///
    /// # Panics
    /// It goes on.
    pub async fn stop(&mut self) {
        if let Some(process) = self.process.take() {
            process.stop().await;
        }
    }

    /// It dies at once.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// It stays connected, and does nothing.
    ///
    /// # Panics
    /// It does not run.
    pub fn pause(&self) {
        self.process.as_ref().expect("it runs").signal("STOP");
    }

    /// It goes on where it was.
    ///
    /// # Panics
    /// It does not run.
    pub fn resume(&self) {
        self.process.as_ref().expect("it runs").signal("CONT");
    }

    /// Its address, as a member of its set.
    #[must_use]
    pub fn uri(&self) -> String {
        self.uri_with(&format!("replicaSet={SET}"))
    }

    /// Its address with these options.
    #[must_use]
    pub fn uri_with(&self, options: &str) -> String {
        format!("mongodb://{}/seathold?{options}", self.host())
    }

    /// Its name and port.
    #[must_use]
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Whether it answers, and says this of itself.
    pub(super) async fn says(&self, what: &str) -> bool {
        let uri = self.uri_with("directConnection=true&serverSelectionTimeoutMS=300");
        let client = Client::with_uri_str(uri).await.expect("it is an address");
        let admin = client.database("admin");
        let answer = timeout(ANSWER, admin.run_command(doc! {"hello": 1})).await;
        let hello = answer.ok().and_then(Result::ok).unwrap_or_default();
        hello.get_bool(what).unwrap_or_default()
    }

    /// Waits until its answer to hello has this in it.
    async fn until_it_says(&self, wanted: Document) {
        let (admin, asked) = (self.admin().await, Instant::now());
        loop {
            let hello = admin.run_command(doc! {"hello": 1}).await.unwrap_or_default();
            if wanted.iter().all(|(name, value)| hello.get(name) == Some(value)) {
                return;
            }
            assert!(asked.elapsed() < SOON, "{hello}");
            sleep(GLANCE).await;
        }
    }

    pub(super) async fn admin(&self) -> Database {
        let uri = self.uri_with("directConnection=true&serverSelectionTimeoutMS=1000");
        Client::with_uri_str(uri).await.expect("it is an address").database("admin")
    }
}
