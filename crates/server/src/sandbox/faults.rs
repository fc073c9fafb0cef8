//! What real gateways do, by switches.

use clap::Args;
use serde::{Deserialize, Serialize};

/// How often each thing happens, from 0 (never) to 1 (always), and how long the
/// slow ones take. The same seed makes the same choices for the same payments.
#[derive(Args, Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// Callbacks that are sent twice
    #[arg(long, env = "SANDBOX_DUPLICATE", value_name = "SANDBOX_DUPLICATE", default_value = "0", value_parser = share)]
    pub duplicate: f64,

    /// Callbacks that are sent only after the next one, of whichever payment
    #[arg(long, env = "SANDBOX_REORDER", value_name = "SANDBOX_REORDER", default_value = "0", value_parser = share)]
    pub reorder: f64,

    /// Callbacks that are sent after DELAY_MS
    #[arg(long, env = "SANDBOX_DELAY", value_name = "SANDBOX_DELAY", default_value = "0", value_parser = share)]
    pub delay: f64,

    /// Callbacks that are not sent
    #[arg(long, env = "SANDBOX_DROP", value_name = "SANDBOX_DROP", default_value = "0", value_parser = share)]
    pub drop: f64,

    /// Callbacks that name another amount than was paid
    #[arg(long, env = "SANDBOX_WRONG_AMOUNT", value_name = "SANDBOX_WRONG_AMOUNT", default_value = "0", value_parser = share)]
    pub wrong_amount: f64,

    /// Payments that are made late: LATE_MS after the buyer decided, whatever the deadline
    #[arg(long, env = "SANDBOX_LATE", value_name = "SANDBOX_LATE", default_value = "0", value_parser = share)]
    pub late: f64,

    /// Calls answered 500: half of them before, half of them after they were done
    #[arg(long, env = "SANDBOX_ERROR", value_name = "SANDBOX_ERROR", default_value = "0", value_parser = share)]
    pub error: f64,

    /// Calls that are done, and answered only after TIMEOUT_MS
    #[arg(long, env = "SANDBOX_TIMEOUT", value_name = "SANDBOX_TIMEOUT", default_value = "0", value_parser = share)]
    pub timeout: f64,

    /// Refunds that are only accepted at first, and done when they are asked for again
    #[arg(long, env = "SANDBOX_SLOW_REFUND", value_name = "SANDBOX_SLOW_REFUND", default_value = "0", value_parser = share)]
    pub slow_refund: f64,

    /// Buyers who decide by themselves, PAY_MS after the payment was opened
    #[arg(long, env = "SANDBOX_AUTO_PAY", value_name = "SANDBOX_AUTO_PAY", default_value = "0", value_parser = share)]
    pub auto_pay: f64,

    /// How many of those decline
    #[arg(long, env = "SANDBOX_DECLINE", value_name = "SANDBOX_DECLINE", default_value = "0", value_parser = share)]
    pub decline: f64,

    /// How long a delayed callback takes, in ms
    #[arg(long, env = "SANDBOX_DELAY_MS", value_name = "SANDBOX_DELAY_MS", default_value = "3000")]
    pub delay_ms: u64,

    /// How long a late buyer takes, in ms
    #[arg(long, env = "SANDBOX_LATE_MS", value_name = "SANDBOX_LATE_MS", default_value = "660000")]
    pub late_ms: u64,

    /// How long a call hangs, in ms: longer than the shop waits
    #[arg(
        long,
        env = "SANDBOX_TIMEOUT_MS",
        value_name = "SANDBOX_TIMEOUT_MS",
        default_value = "6000"
    )]
    pub timeout_ms: u64,

    /// How long a buyer takes who decides by themselves, in ms
    #[arg(long, env = "SANDBOX_PAY_MS", value_name = "SANDBOX_PAY_MS", default_value = "0")]
    pub pay_ms: u64,

    /// What all choices follow from
    #[arg(long, env = "SANDBOX_SEED", value_name = "SANDBOX_SEED", default_value = "1")]
    pub seed: u64,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            duplicate: 0.0,
            reorder: 0.0,
            delay: 0.0,
            drop: 0.0,
            wrong_amount: 0.0,
            late: 0.0,
            error: 0.0,
            timeout: 0.0,
            slow_refund: 0.0,
            auto_pay: 0.0,
            decline: 0.0,
            delay_ms: 3_000,
            late_ms: 660_000,
            timeout_ms: 6_000,
            pay_ms: 0,
            seed: 1,
        }
    }
}

impl Faults {
    /// Whether something that happens to this share of all happens to this
    /// one, the `nth` time that it is asked.
    pub(super) fn strikes(&self, share: f64, what: &str, payment: &str, nth: u64) -> bool {
        share > 0.0 && chance(self.seed, what, payment, nth) < share
    }

    /// Whether all shares are from 0 to 1.
    pub(super) fn are_shares(&self) -> bool {
        let shares = [
            self.duplicate,
            self.reorder,
            self.delay,
            self.drop,
            self.wrong_amount,
            self.late,
            self.error,
            self.timeout,
            self.slow_refund,
            self.auto_pay,
            self.decline,
        ];
        shares.iter().all(|share| (0.0..=1.0).contains(share))
    }
}

/// A number from 0 to below 1 that follows from these alone (FNV-1a, then the
/// finish of splitmix64).
fn chance(seed: u64, what: &str, payment: &str, nth: u64) -> f64 {
    let parts = [&seed.to_le_bytes()[..], what.as_bytes(), payment.as_bytes(), &nth.to_le_bytes()];
    let hash =
        parts.iter().flat_map(|part| part.iter()).fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((hash ^ (hash >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

fn share(text: &str) -> Result<f64, &'static str> {
    let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or("must be a number from 0 to 1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_a_tenth_strikes_about_one_in_ten_and_always_the_same() {
        let faults = Faults::default();
        let struck = || {
            let all = (0..10_000).map(|n| faults.strikes(0.1, "drop", &format!("PAY_{n}"), 0));
            all.filter(|is| *is).count()
        };
        assert!((900..1_100).contains(&struck()), "{}", struck());
        assert_eq!(struck(), struck());
        assert!(!faults.strikes(0.0, "drop", "PAY_1", 0));
        assert!(faults.strikes(1.0, "drop", "PAY_1", 0));
    }
}
