use async_trait::async_trait;
use seathold_core::Timestamp;

/// So many requests in so much time. All may be made at once; then they come back one
/// by one, evenly, so that no moment lets twice as many through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    requests: u32,
    seconds: u32,
}

impl Quota {
    /// Requests of a quota at the most: one comes back each microsecond or later.
    pub const REQUESTS_MAX: u32 = 1_000_000;

    /// Seconds in which a quota comes back at the most: an hour. Who has used it up
    /// should not have to come back tomorrow.
    pub const SECONDS_MAX: u32 = 3_600;

    /// `requests` in `seconds`. `None`: one of them is nothing, or above its limit.
    #[must_use]
    pub const fn new(requests: u32, seconds: u32) -> Option<Self> {
        let fits = requests > 0
            && requests <= Self::REQUESTS_MAX
            && seconds > 0
            && seconds <= Self::SECONDS_MAX;
        if fits { Some(Self { requests, seconds }) } else { None }
    }

    /// Requests that may be made at once.
    #[must_use]
    pub const fn requests(self) -> u32 {
        self.requests
    }

    /// Seconds in which all of them come back.
    #[must_use]
    pub const fn seconds(self) -> u32 {
        self.seconds
    }

    /// The time in which one request comes back, in µs.
    #[must_use]
    pub const fn interval(self) -> i64 {
        self.seconds as i64 * 1_000_000 / self.requests as i64
    }

    /// The time in which all requests come back, in µs.
    #[must_use]
    pub const fn window(self) -> i64 {
        self.interval() * self.requests as i64
    }

    /// When an account has all of its requests back, in µs since the Unix epoch, given
    /// what was noted when it was last charged: never in the past, and, whatever a
    /// clock that was ahead has noted, no further away than one window.
    #[must_use]
    pub fn full_at(self, noted: Option<i64>, now: i64) -> i64 {
        noted.map_or(now, |noted| noted.clamp(now, now + self.window()))
    }

    /// Whether an account that has all of its requests back at `full_at` has one left.
    #[must_use]
    pub const fn allows(self, full_at: i64, now: i64) -> bool {
        full_at + self.interval() <= now + self.window()
    }

    /// What is left of an account that has all of its requests back at `full_at`.
    #[must_use]
    pub fn balance(self, full_at: i64, now: i64) -> Balance {
        let left = (now + self.window() - full_at) / self.interval();
        Balance {
            left: u32::try_from(left).unwrap_or_default(),
            next_seconds: seconds(full_at + self.interval() - now - self.window()),
            full_seconds: seconds(full_at - now),
        }
    }
}

/// Whole seconds, the last one begun.
fn seconds(micros: i64) -> u32 {
    u32::try_from(micros.max(0).saturating_add(999_999) / 1_000_000).unwrap_or(u32::MAX)
}

/// Somebody whose requests are counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Who, unique among all that are counted.
    pub name: String,
    /// How many they may make.
    pub quota: Quota,
}

/// What is left of a quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Balance {
    /// Requests that may be made at once.
    pub left: u32,
    /// Seconds until there is at least one: 0 while some are left.
    pub next_seconds: u32,
    /// Seconds until all are back.
    pub full_seconds: u32,
}

/// What became of a charge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charged {
    /// Whether the request may be made.
    pub granted: bool,
    /// What is left of each account, in the order given.
    pub balances: Vec<Balance>,
}

/// Counts requests, of all instances together where they share something.
#[async_trait]
pub trait Quotas: Send + Sync {
    /// Charges one request to each of these accounts; to none of them if one has
    /// nothing left. Whoever counts elsewhere and is not heard counts for itself
    /// meanwhile: no request fails for it.
    async fn charge(&self, accounts: &[Account], now: Timestamp) -> Charged;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_has_limits() {
        assert!(Quota::new(0, 60).is_none());
        assert!(Quota::new(1, 0).is_none());
        assert!(Quota::new(1_000_001, 1).is_none());
        assert!(Quota::new(1, 3_601).is_none());
        let most = Quota::new(1_000_000, 1).expect("it is within the limits");
        assert_eq!((most.interval(), most.window()), (1, 1_000_000));
    }

    #[test]
    fn what_does_not_divide_evenly_is_never_more_than_allowed() {
        let quota = Quota::new(7, 60).expect("it is within the limits");
        let (mut full_at, mut granted) = (quota.full_at(None, 0), 0);
        while quota.allows(full_at, 0) {
            full_at += quota.interval();
            granted += 1;
        }
        assert_eq!(granted, 7);
        let balance = quota.balance(full_at, 0);
        assert_eq!((balance.left, balance.next_seconds, balance.full_seconds), (0, 9, 60));
    }

    #[test]
    fn a_clock_that_was_ahead_costs_one_window_at_the_most() {
        let quota = Quota::new(10, 60).expect("it is within the limits");
        let hours_ahead = quota.full_at(Some(9_000_000_000), 0);
        assert_eq!(quota.balance(hours_ahead, 0).full_seconds, 60);
        assert_eq!(quota.full_at(Some(5), 1_000), 1_000, "what is over is over");
    }
}
