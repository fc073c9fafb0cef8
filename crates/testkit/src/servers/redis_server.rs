use std::process::{Command, Stdio};

use redis::Client;
use tokio::time::{Instant, sleep};

use super::process::{GLANCE, Process, SOON, free_port};
use super::skip;

/// A Redis of a test's own, to be paused, stopped, killed and started again. It
/// is the program in `SEATHOLD_TEST_REDIS_SERVER`, else the one on PATH.
pub struct OwnRedis {
    program: String,
    port: u16,
    /// What else it is told at its start.
    arguments: Vec<String>,
    /// What its clients must know.
    password: Option<&'static str>,
    /// `None`: it does not run.
    process: Option<Process>,
}

impl OwnRedis {
    /// One that answers. `None`: there is no program, and that was said.
    ///
    /// # Panics
    /// It does not come up.
    pub async fn start() -> Option<Self> {
        let mut server = Self::prepare()?;
        server.run().await;
        Some(server)
    }

    /// As [`OwnRedis::start`], without starting it.
    #[must_use]
    pub fn prepare() -> Option<Self> {
        let program = std::env::var("SEATHOLD_TEST_REDIS_SERVER").unwrap_or_default();
        let program = if program.is_empty() { "redis-server".to_owned() } else { program };
        if Command::new(&program).arg("--version").stdout(Stdio::null()).status().is_err() {
            skip(&format!("{program} does not run: SEATHOLD_TEST_REDIS_SERVER may name another"));
            return None;
        }
        let (arguments, password) = (Vec::new(), None);
        Some(Self { program, port: free_port(), arguments, password, process: None })
    }

    /// The same with this password for its clients, and for the primary it follows.
    pub(super) fn with_password(mut self, password: &'static str) -> Self {
        self.arguments =
            ["--requirepass", password, "--masterauth", password].map(Into::into).into();
        self.password = Some(password);
        self
    }

    /// The same as a replica, to begin with.
    pub(super) fn following(mut self, primary: &Self) -> Self {
        let primary = format!("127.0.0.1 {}", primary.port);
        self.arguments.extend(["--replicaof".to_owned(), primary]);
        self
    }

    /// Starts it, with nothing in it, and waits until it answers.
    ///
    /// # Panics
    /// It does not come up.
    pub async fn run(&mut self) {
        let mut command = Command::new(&self.program);
        command.args(["--bind", "127.0.0.1", "--port", &self.port.to_string(), "--save", ""]);
        command.args(&self.arguments);
        self.process = Some(Process::start(&mut command));
        let (client, asked) = (self.client(), Instant::now());
        while client.get_multiplexed_async_connection().await.is_err() {
            assert!(asked.elapsed() < SOON, "Redis does not come up");
            sleep(GLANCE).await;
        }
    }

    /// Asks it to stop, and waits for its end. It forgets all it knows.
    ///
    /// # Panics
    /// It goes on.
    pub async fn stop(&mut self) {
        if let Some(process) = self.process.take() {
            process.stop().await;
        }
    }

    /// It dies at once, with all it knows.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// It stays connected, and does nothing.
    ///
    /// # Panics
    /// It does not run.
    pub fn pause(&self) {
        self.process().signal("STOP");
    }

    /// It goes on where it was.
    ///
    /// # Panics
    /// It does not run.
    pub fn resume(&self) {
        self.process().signal("CONT");
    }

    /// It forgets all it knows; gives how many keys that were.
    ///
    /// # Panics
    /// It does not answer.
    pub async fn flush(&self) -> u64 {
        let connection = self.client().get_multiplexed_async_connection().await;
        let mut connection = connection.expect("Redis is there");
        let mut at_once = redis::pipe();
        at_once.atomic().cmd("DBSIZE").cmd("FLUSHALL").ignore();
        let (keys,) = at_once.query_async(&mut connection).await.expect("it does");
        keys
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        let login = self.password.map(|password| format!(":{password}@")).unwrap_or_default();
        format!("redis://{login}127.0.0.1:{}", self.port)
    }

    pub(super) const fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn program(&self) -> &str {
        &self.program
    }

    fn client(&self) -> Client {
        Client::open(self.url()).expect("it is a URL")
    }

    fn process(&self) -> &Process {
        self.process.as_ref().expect("it runs")
    }
}
