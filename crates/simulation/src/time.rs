use std::sync::{Mutex, MutexGuard, PoisonError};

use seathold_core::Timestamp;
use seathold_service::ports::Clock;
use tokio::time::Instant;

/// When the time of every simulation begins: 2030-01-01T00:00:00Z.
const BEGIN: Timestamp = Timestamp::from_millis(1_893_456_000_000);

/// The time that nobody in the simulation knows exactly.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TrueTime(Instant);

impl TrueTime {
    /// Time begins now.
    pub(crate) fn begin() -> Self {
        Self(Instant::now())
    }

    /// In ms since it began.
    pub(crate) fn elapsed(self) -> i64 {
        i64::try_from(self.0.elapsed().as_millis()).unwrap_or(i64::MAX)
    }
}

impl Clock for TrueTime {
    fn now(&self) -> Timestamp {
        BEGIN.plus_millis(self.elapsed())
    }
}

/// A clock that goes wrong: it is ahead or behind, and goes too fast or too slow.
#[derive(Debug)]
pub(crate) struct WrongClock {
    time: TrueTime,
    wrong: Mutex<Wrong>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Wrong {
    ahead_ms: i64,
    drift_ppm: i64,
    /// Since when it drifts, in ms.
    since: i64,
}

impl WrongClock {
    pub(crate) fn new(time: TrueTime) -> Self {
        Self { time, wrong: Mutex::default() }
    }

    /// Somebody sets it.
    pub(crate) fn set(&self, ahead_ms: i64, drift_ppm: i64) {
        *self.wrong() = Wrong { ahead_ms, drift_ppm, since: self.time.elapsed() };
    }

    fn wrong(&self) -> MutexGuard<'_, Wrong> {
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for WrongClock {
    fn now(&self) -> Timestamp {
        let Wrong { ahead_ms, drift_ppm, since } = *self.wrong();
        let drift = (self.time.elapsed() - since) * drift_ppm / 1_000_000;
        self.time.now().plus_millis(ahead_ms + drift)
    }
}
