use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use redis::aio::MultiplexedConnection;

use super::{connect, redis_url, skip};

/// A Redis of a test's own, to be paused, killed and started again.
pub(super) struct Server {
    program: String,
    port: u16,
    process: Option<Child>,
}

impl Server {
    /// Starts the program that the Redis under test runs. `None`: it does not
    /// run here, and that was said.
    pub(super) async fn start() -> Option<Self> {
        let mut server = Self::prepare().await?;
        server.run().await;
        Some(server)
    }

    /// As [`Server::start`], without starting it.
    pub(super) async fn prepare() -> Option<Self> {
        let program = program(&redis_url()?).await;
        if Command::new(&program).arg("--version").stdout(Stdio::null()).status().is_err() {
            skip(&format!("{program} does not run on this machine"));
            return None;
        }
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
        let port = free.local_addr().expect("it is bound").port();
        Some(Self { program, port, process: None })
    }

    /// Starts it, with nothing in it, and waits until it answers.
    pub(super) async fn run(&mut self) {
        let process = Command::new(&self.program)
            .args(["--bind", "127.0.0.1", "--save", "", "--port", &self.port.to_string()])
            .stdout(Stdio::null())
            .spawn()
            .expect("the program runs");
        self.process = Some(process);
        let client = redis::Client::open(self.url()).expect("it is a URL");
        while client.get_multiplexed_async_connection().await.is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub(super) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub(super) async fn connect(&self) -> MultiplexedConnection {
        connect(&self.url()).await
    }

    /// It stays connected, and does nothing.
    pub(super) fn pause(&self) {
        self.signal("STOP");
    }

    pub(super) fn resume(&self) {
        self.signal("CONT");
    }

    /// It dies with all it knows.
    pub(super) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().expect("it is our own process");
            process.wait().expect("it ends");
        }
    }

    fn signal(&self, name: &str) {
        let id = self.process.as_ref().expect("it runs").id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status().expect("kill runs");
        assert!(sent.success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The program behind this URL, as it tells, or else the one on PATH.
async fn program(url: &str) -> String {
    let mut connection = connect(url).await;
    let info: String = redis::cmd("INFO")
        .arg("server")
        .query_async(&mut connection)
        .await
        .expect("Redis tells about itself");
    let told = info.lines().find_map(|line| line.strip_prefix("executable:"));
    told.filter(|path| Path::new(path).exists()).unwrap_or("redis-server").to_owned()
}
