/// Numbers that follow from a seed (SplitMix64).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// A number below this one.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let bits = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (bits ^ (bits >> 31)) % limit
    }

    /// A time before this one.
    pub(crate) fn time(&mut self, limit: i64) -> i64 {
        self.below(limit as u64) as i64
    }

    /// How far a clock is off, of one that is off by so much at the most.
    pub(crate) fn skew(&mut self, most: i64) -> i64 {
        self.time(2 * most + 1) - most
    }
}
