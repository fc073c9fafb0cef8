use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use seathold_adapters::SystemRandom;
use seathold_service::ports::Random;
use tokio::time::{Instant, sleep};

/// For what takes a moment on a busy machine.
pub(super) const SOON: Duration = Duration::from_secs(30);

/// How often to look whether it has happened.
pub(super) const GLANCE: Duration = Duration::from_millis(10);

/// A program that a test has started. Nothing of it is left once it is dropped.
pub(super) struct Process(Child);

impl Process {
    pub(super) fn start(command: &mut Command) -> Self {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn();
        Self(child.expect("the program runs"))
    }

    /// Sends this signal, by its name.
    pub(super) fn signal(&self, name: &str) {
        let id = self.0.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status().expect("kill runs");
        assert!(sent.success(), "no process {id}");
    }

    /// Asks it to stop, and waits for its end.
    pub(super) async fn stop(mut self) {
        self.signal("TERM");
        let asked = Instant::now();
        while self.ended().is_none() {
            assert!(asked.elapsed() < SOON, "it does not stop");
            sleep(GLANCE).await;
        }
    }

    /// How it ended. `None`: it runs.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        self.0.try_wait().expect("it is our own process")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Err(error) = self.0.kill().and_then(|()| self.0.wait()) {
            eprintln!("process {} is left behind: {error}", self.0.id());
        }
    }
}

/// A port that nobody listens on, and below those that systems give to clients:
/// while its server is away, no connection takes it.
pub(super) fn free_port() -> u16 {
    let random_port = || {
        let mut bytes = [0; 2];
        SystemRandom.fill(&mut bytes);
        20_000 + u16::from_be_bytes(bytes) % 12_000
    };
    let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    let ports = std::iter::repeat_with(random_port).take(100);
    ports.into_iter().find(is_free).expect("one of a hundred ports is free")
}
