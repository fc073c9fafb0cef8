//! Whether those who come to a desk can still be served in time.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::limits::{BATCH_MAX, DESK_WAIT_MAX_MS};

/// How long batches take at one desk: the last ones, smoothed, in microseconds; 0: not
/// known.
#[derive(Debug)]
pub(super) struct Crowd {
    /// To get the lease, and to be committed.
    batch: AtomicU64,
    /// The part of one command in that.
    command: AtomicU64,
    /// What comes after the lease in that: for so long others wait for their turn.
    turn: AtomicU64,
    /// How many the next one may have.
    most: AtomicU64,
}

impl Crowd {
    pub(super) fn new() -> Self {
        let (batch, command, turn) = Default::default();
        Self { batch, command, turn, most: AtomicU64::new(BATCH_MAX as u64) }
    }

    /// A batch of so many commands was served, and took so long.
    pub(super) fn served(&self, commands: usize, took: Duration) {
        let took = micros(took);
        smooth(&self.batch, took);
        smooth(&self.command, took / commands.max(1) as u64);
    }

    /// A batch that took its turn was served, and so long after that; the next one may
    /// have so many commands.
    pub(super) fn took_turn(&self, took: Duration, most: usize) {
        smooth(&self.turn, micros(took));
        self.most.store(most as u64, Relaxed);
    }

    /// How long batches take just now.
    pub(super) fn batch(&self) -> Duration {
        Duration::from_micros(self.batch.load(Relaxed))
    }

    /// How long turns take just now, here, and so most likely elsewhere.
    pub(super) fn turn(&self) -> Duration {
        Duration::from_micros(self.turn.load(Relaxed))
    }

    /// A batch was not: nothing is known of how long the next ones take. Those who wait
    /// are told what is wrong, which is not that too many came.
    pub(super) fn not_served(&self) {
        self.batch.store(0, Relaxed);
        self.command.store(0, Relaxed);
    }

    /// Whether who comes behind so many would wait for too long. Never, behind nobody.
    pub(super) fn is_too_long(&self, waiting: usize) -> bool {
        if waiting == 0 {
            return false;
        }
        // Of the one under way nothing is known: the store may be away, which is another
        // matter.
        let (batch, command) = (self.batch.load(Relaxed), self.command.load(Relaxed));
        let batches = waiting as u64 / self.most.load(Relaxed).max(1) + 1;
        // Small batches take as long as large ones, until these are so large that each
        // command takes its time.
        let by_commands = command.saturating_mul(waiting as u64);
        let before = batch.saturating_mul(batches).min(by_commands);
        // One is under way. A batch is answered as a whole: where it is as long as the
        // queue, half of the wait is its own.
        (batch + before) / 1_000 > DESK_WAIT_MAX_MS
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// Half of what it was, so that a single slow batch counts for little.
fn smooth(value: &AtomicU64, last: u64) {
    let before = value.load(Relaxed);
    let now = if before == 0 { last } else { before / 2 + last / 2 };
    value.store(now.max(1), Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn after(batches: &[(usize, Duration)]) -> Crowd {
        let crowd = Crowd::new();
        batches.iter().for_each(|(commands, took)| crowd.served(*commands, *took));
        crowd
    }

    #[test]
    fn numbers_alone_turn_nobody_away() {
        assert!(!Crowd::new().is_too_long(16_000), "nothing is known yet");
        assert!(!after(&[(1, 5 * MS)]).is_too_long(16_000), "63 batches, however full");
        assert!(!after(&[(256, 30 * MS)]).is_too_long(16_000), "two seconds");
    }

    #[test]
    fn where_batches_take_long_those_who_could_not_be_served_in_time_are_turned_away() {
        let crowd = after(&[(256, 2_560 * MS); 4]);
        assert!(!crowd.is_too_long(240), "a batch under way, and 10 ms each");
        assert!(crowd.is_too_long(250));
        crowd.not_served();
        assert!(!crowd.is_too_long(16_000), "the store is away: that is another matter");
    }

    #[test]
    fn whoever_finds_nobody_waiting_is_never_turned_away() {
        let crowd = after(&[(1, Duration::from_secs(60))]);
        assert!(!crowd.is_too_long(0));
        assert!(crowd.is_too_long(1));
    }

    #[test]
    fn a_single_slow_batch_turns_nobody_away() {
        let crowd = after(&[(20, 100 * MS), (20, 4_000 * MS)]);
        assert!(!crowd.is_too_long(20));
    }
}
