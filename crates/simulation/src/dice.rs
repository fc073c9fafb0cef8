use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use seathold_service::ports::Random;

/// Numbers that look random and follow from a seed. SplitMix64: a counter in steps
/// of the golden ratio, whose bits are then mixed.
#[derive(Debug)]
pub(crate) struct Dice(AtomicU64);

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// Others, for one purpose: what is thrown there leaves these alone.
    pub(crate) fn for_(&self, purpose: &str) -> Self {
        let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        Self::new(purpose.bytes().fold(self.next_u64(), mix))
    }

    pub(crate) fn next_u64(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut bits = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ bits >> 31
    }

    /// From 0 up to `end`, that left out; 0 if it is 0.
    pub(crate) fn below(&self, end: u64) -> u64 {
        self.next_u64() % end.max(1)
    }

    /// Of these, both included.
    pub(crate) fn between(&self, least: u64, most: u64) -> u64 {
        least + self.below(most.saturating_sub(least) + 1)
    }

    /// The same in ms.
    pub(crate) fn millis(&self, least: u64, most: u64) -> Duration {
        Duration::from_millis(self.between(least, most))
    }

    /// Yes, so many times of a thousand.
    pub(crate) fn chance(&self, permille: u32) -> bool {
        self.below(1000) < u64::from(permille)
    }

    /// One of these, if there is one.
    pub(crate) fn pick<'a, T>(&self, of: &'a [T]) -> Option<&'a T> {
        of.get(self.below(of.len() as u64) as usize)
    }

    /// The place of one of these weights, as likely as it is heavy.
    pub(crate) fn weighed(&self, weights: &[u32]) -> usize {
        let mut left = self.below(weights.iter().map(|weight| u64::from(*weight)).sum());
        for (place, weight) in weights.iter().enumerate() {
            match left.checked_sub(u64::from(*weight)) {
                Some(rest) => left = rest,
                None => return place,
            }
        }
        0
    }
}

impl Random for Dice {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next_u64().to_le_bytes()[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_that_of_splitmix64() {
        let dice = Dice::new(1_234_567);
        let published =
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423];
        assert_eq!([(); 3].map(|()| dice.next_u64()), published);
    }

    #[test]
    fn heavy_ones_come_more_often_and_weightless_ones_never() {
        let (dice, mut counts) = (Dice::new(7), [0; 3]);
        for _ in 0..1000 {
            counts[dice.weighed(&[1, 0, 9])] += 1;
        }
        assert!(counts[1] == 0 && counts[0] > 50 && counts[2] > 800, "{counts:?}");
    }
}
