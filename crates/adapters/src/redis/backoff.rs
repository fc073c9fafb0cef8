use std::time::Duration;

use seathold_service::ports::Random;

/// How often who waits for a lease looks for itself whether it is free. It is
/// told of its turn before that, unless the message is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The pause before the first look, without jitter. Each further one is
    /// twice as long.
    pub base: Duration,
    /// Looks at the most.
    pub retries: u32,
}

impl Backoff {
    /// The pause before the look number `attempt`, counted from 0, with up to
    /// half of it again as jitter. `None`: no more looks.
    pub(super) fn pause(&self, attempt: u32, random: &dyn Random) -> Option<Duration> {
        if attempt >= self.retries {
            return None;
        }
        let pause = self.base.saturating_mul(1_u32.checked_shl(attempt).unwrap_or(u32::MAX));
        let mut draw = [0; 4];
        random.fill(&mut draw);
        let half_at_most = f64::from(u32::from_le_bytes(draw)) / f64::from(u32::MAX) / 2.0;
        Some(pause.saturating_add(pause.mul_f64(half_at_most)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Draws nothing but this byte.
    struct Constant(u8);

    impl Random for Constant {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    #[test]
    fn pauses_double_and_have_up_to_half_again_as_jitter() {
        let backoff = Backoff { base: Duration::from_millis(100), retries: 3 };
        let pauses = |random: Constant| {
            [0, 1, 2, 3].map(|n| backoff.pause(n, &random).map(|pause| pause.as_millis()))
        };
        assert_eq!(pauses(Constant(0)), [Some(100), Some(200), Some(400), None]);
        assert_eq!(pauses(Constant(u8::MAX)), [Some(150), Some(300), Some(600), None]);
    }
}
