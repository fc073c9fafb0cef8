//! What the operating system and the runtime provide.

use std::pin::Pin;
use std::time::{SystemTime, UNIX_EPOCH};

use seathold_core::Timestamp;
use seathold_service::ports::{Clock, Random, Spawn};

/// The clock of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "the one place where time comes in")]
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
    }
}

/// The randomness of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    /// # Panics
    /// The operating system has no randomness to give: nothing would be safe.
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("every supported system gives randomness once it has booted");
    }
}

/// Tasks of the tokio runtime that is current when they are spawned.
#[derive(Clone, Copy, Debug, Default)]
pub struct TokioTasks;

impl Spawn for TokioTasks {
    fn spawn(&self, task: Pin<Box<dyn Future<Output = ()> + Send>>) {
        // Nobody waits for it: dropping the handle lets it run on.
        drop(tokio::spawn(task));
    }
}
