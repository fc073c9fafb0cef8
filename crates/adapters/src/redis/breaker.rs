//! Spares who calls a keeper that is away from waiting for it each time.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Failures in a row after which the keeper is taken to be away. Each is a call
/// that a second connection could not save, or that cost its caller a timeout.
const FAILURES_MAX: u32 = 3;

/// How often it is looked, then, whether the keeper is back.
const PROBE_EVERY: Duration = Duration::from_millis(500);

/// Counts failures in a row.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failures: u32,
    /// Set while the keeper is taken to be away: when the next probe is due.
    probe_at: Option<Instant>,
}

/// What to do with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Advice {
    /// Make it.
    Call,
    /// Do without.
    Spare,
    /// Do without, and look whether the keeper is back.
    Probe,
}

impl Breaker {
    /// What to do with a call now.
    pub(super) fn advice(&self, now: Instant) -> Advice {
        match &mut self.state().probe_at {
            None => Advice::Call,
            Some(at) if now < *at => Advice::Spare,
            Some(at) => {
                *at = now + PROBE_EVERY;
                Advice::Probe
            }
        }
    }

    /// The keeper answered.
    pub(super) fn succeeded(&self) {
        let before = std::mem::take(&mut *self.state());
        if before.probe_at.is_some() {
            tracing::info!("Redis answers again");
        }
    }

    /// The keeper did not.
    pub(super) fn failed(&self, now: Instant) {
        let mut state = self.state();
        state.failures = state.failures.saturating_add(1);
        if state.failures >= FAILURES_MAX && state.probe_at.replace(now + PROBE_EVERY).is_none() {
            tracing::warn!(failures = state.failures, "Redis is away: going on without leases");
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in there is left half done by a panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(now: Instant) -> Breaker {
        let breaker = Breaker::default();
        for _ in 0..FAILURES_MAX {
            assert_eq!(breaker.advice(now), Advice::Call);
            breaker.failed(now);
        }
        breaker
    }

    #[test]
    fn some_failures_in_a_row_spare_all_calls_but_a_probe_now_and_then() {
        let now = Instant::now();
        let breaker = broken(now);
        for at in [now + PROBE_EVERY, now + 2 * PROBE_EVERY] {
            assert_eq!(breaker.advice(now), Advice::Spare);
            assert_eq!(breaker.advice(at), Advice::Probe);
            assert_eq!(breaker.advice(at), Advice::Spare);
        }
    }

    #[test]
    fn one_answer_lets_all_calls_through_again() {
        let now = Instant::now();
        let breaker = broken(now);
        breaker.succeeded();
        assert_eq!(breaker.advice(now), Advice::Call);
        breaker.failed(now);
        assert_eq!(breaker.advice(now), Advice::Call, "earlier failures no longer count");
    }
}
