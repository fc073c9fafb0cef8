//! How many commands go in one batch.

use std::time::Duration;

use crate::limits::{BATCH_MAX, TURN_LONG};

/// As many as there are, while the store is fast. Where each command takes its time, so
/// many as a turn may last: else all of them wait for the last one, and other instances
/// for their turns.
#[derive(Debug)]
pub(super) struct Stride {
    most: usize,
    /// The last turn that was long: of how many commands, and how long.
    long: Option<(usize, Duration)>,
    /// Turns are as long with fewer commands: it is not their number.
    is_vain: bool,
}

impl Stride {
    pub(super) const fn new() -> Self {
        Self { most: BATCH_MAX, long: None, is_vain: false }
    }

    /// Commands that the next batch may have.
    pub(super) const fn most(&self) -> usize {
        self.most
    }

    /// A batch of so many commands had its turn for so long.
    pub(super) fn took(&mut self, commands: usize, turn: Duration) {
        if turn <= TURN_LONG {
            let most = (2 * self.most).min(BATCH_MAX);
            *self = Self { most, ..Self::new() };
            return;
        }
        let last = self.long.replace((commands, turn));
        // A quarter fewer, and not even a quarter faster.
        let in_vain = |(more, longer)| commands * 4 <= more * 3 && turn * 4 > longer * 3;
        self.is_vain |= last.is_some_and(in_vain);
        // A third more, and not even a third slower.
        let for_free = |(fewer, shorter)| commands * 3 >= fewer * 4 && turn * 3 < shorter * 4;
        let fitting = commands as u128 * TURN_LONG.as_micros() / turn.as_micros();
        self.most = match self.is_vain {
            true => BATCH_MAX,
            false if last.is_some_and(for_free) => (2 * commands).min(BATCH_MAX),
            // One alone tells nothing: two may take as long.
            false if commands == 1 => 2,
            false => (fitting as usize).clamp(1, BATCH_MAX),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is allowed after batches as large as allowed, each of whose turns lasts so long.
    fn after(batches: usize, turn: impl Fn(u32) -> Duration) -> Stride {
        let mut stride = Stride::new();
        for _ in 0..batches {
            let commands = stride.most();
            stride.took(commands, turn(commands as u32));
        }
        stride
    }

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn as_many_as_there_are_while_turns_are_short() {
        assert_eq!(after(5, |commands| MS * commands).most(), BATCH_MAX);
    }

    #[test]
    fn as_many_as_a_turn_may_last_where_each_takes_its_time() {
        assert_eq!(after(1, |commands| 10 * MS * commands).most(), 50);
        assert!((40..=100).contains(&after(9, |commands| 10 * MS * commands).most()));
        assert!((1..=2).contains(&after(9, |commands| 400 * MS * commands).most()));
    }

    #[test]
    fn as_many_as_there_are_where_fewer_take_as_long() {
        assert_eq!(after(2, |_| 2_000 * MS).most(), BATCH_MAX);
        assert_eq!(after(9, |_| 2_000 * MS).most(), BATCH_MAX);
        assert_eq!(after(9, |commands| 1_500 * MS + MS * commands).most(), BATCH_MAX);
    }

    #[test]
    fn a_crowd_after_single_ones_finds_that_many_take_no_longer() {
        let mut stride = Stride::new();
        (0..20).for_each(|_| stride.took(1, 600 * MS));
        for _ in 0..8 {
            stride.took(stride.most(), 600 * MS);
        }
        assert_eq!(stride.most(), BATCH_MAX);
    }

    #[test]
    fn where_each_takes_longer_than_a_turn_there_are_two_at_the_most() {
        let mut stride = Stride::new();
        (0..20).for_each(|_| stride.took(1, 600 * MS));
        for _ in 0..20 {
            let commands = stride.most();
            assert!(commands <= 2, "{commands}");
            stride.took(commands, 600 * MS * commands as u32);
        }
    }

    #[test]
    fn it_grows_again_when_turns_are_short_again() {
        let mut stride = after(3, |commands| 10 * MS * commands);
        (0..4).for_each(|_| stride.took(1, MS));
        assert_eq!(stride.most(), BATCH_MAX);
    }
}
