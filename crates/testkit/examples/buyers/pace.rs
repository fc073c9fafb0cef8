use std::sync::Mutex;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Lets so many pass per second, evenly.
pub(crate) struct Pace {
    gap: Duration,
    next: Mutex<Instant>,
}

impl Pace {
    /// So many per second.
    pub(crate) fn new(rate: u64) -> Self {
        let gap = Duration::from_secs(1) / u32::try_from(rate).unwrap_or(u32::MAX);
        Self { gap, next: Mutex::new(Instant::now()) }
    }

    /// Waits for the turn of whoever asks.
    pub(crate) async fn turn(&self) {
        let at = {
            let mut next = self.next.lock().expect("no one panics with it");
            // Time that nobody used is not saved up.
            let at = (*next).max(Instant::now());
            *next = at + self.gap;
            at
        };
        sleep_until(at).await;
    }
}
