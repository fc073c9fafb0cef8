//! The clock of the store, which decides; and those of the instances, kept near it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use bson::Bson;
use seathold_core::Timestamp;
use seathold_service::ports::{Clock, StoreError};
use tokio::time::{Instant, sleep};

use super::MongoStore;
use super::collections::date;
use crate::documents::Writer;

/// How often an instance compares its clock with the store's: two clocks that
/// nobody sets drift apart by a few milliseconds in that time.
const COMPARISON: Duration = Duration::from_secs(30);

/// How soon it tries again when the store did not answer.
const RETRY: Duration = Duration::from_secs(2);

/// How often it looks whether its own clock has jumped, as when it is set, or
/// when the machine wakes up.
const GLANCE: Duration = Duration::from_secs(1);

/// What is a jump, in ms.
const JUMP_MS: i64 = 100;

/// Questions in one comparison. The one answered soonest counts: it tells the
/// time to half as long as it took.
const QUESTIONS: u32 = 5;

/// From which difference on an operator should hear of it, in ms.
const NOTABLE_MS: i64 = 500;

/// By which clock the store decides whether a write is in its window.
#[derive(Clone, Default)]
pub(super) enum Arbiter {
    /// The server's, at the moment of the write.
    #[default]
    Server,
    /// One that a test has in its hands.
    Given(Arc<dyn Clock>),
}

/// What the server takes for the moment of the write.
const NOW: &str = "$$NOW";

impl Arbiter {
    /// The present moment, as an expression.
    pub(super) fn now(&self) -> Bson {
        match self {
            Self::Server => NOW.into(),
            Self::Given(clock) => date(clock.now()).into(),
        }
    }

    /// Writes it.
    pub(super) fn write(&self, name: &str, into: &mut Writer<'_>) {
        match self {
            Self::Server => into.text(name, NOW),
            Self::Given(clock) => into.date(name, date(clock.now())),
        }
    }
}

impl MongoStore {
    /// The same store, which goes by this clock instead of the server's. For
    /// tests that move time by hand: the embedded store does so too.
    #[must_use]
    pub fn going_by(mut self, clock: Arc<dyn Clock>) -> Self {
        self.collections.arbiter = Arbiter::Given(clock);
        self
    }

    /// `own`, corrected towards the server's clock: now, and for as long as
    /// somebody has it every half a minute, and whenever it jumps.
    pub async fn corrected(&self, own: Arc<dyn Clock>) -> Arc<dyn Clock> {
        let (clock, store) = (CorrectedClock::new(own), self.clone());
        let ask = async move || store.now().await;
        let compared = clock.compare(&ask).await;
        tokio::spawn(keep_near(Arc::downgrade(&clock), ask, compared));
        clock
    }
}

async fn keep_near(
    clock: Weak<CorrectedClock>,
    ask: impl AsyncFn() -> Result<Timestamp, StoreError>,
    mut compared: bool,
) {
    let mut last = Instant::now();
    while let Some(own) = clock.upgrade().map(|clock| clock.own.now()) {
        let looked = Instant::now();
        sleep(GLANCE).await;
        let Some(clock) = clock.upgrade() else { return };
        let jumped = (clock.own.now().millis_since(own) - millis(looked.elapsed())).abs();
        let due = last.elapsed() >= if compared { COMPARISON } else { RETRY };
        if due || jumped > JUMP_MS {
            compared = clock.compare(&ask).await;
            last = Instant::now();
        }
    }
}

/// An instance's clock, and by how much the store's is ahead of it.
struct CorrectedClock {
    own: Arc<dyn Clock>,
    /// In ms.
    offset: AtomicI64,
}

impl Clock for CorrectedClock {
    fn now(&self) -> Timestamp {
        self.own.now().plus_millis(self.offset.load(Ordering::Relaxed))
    }
}

impl CorrectedClock {
    fn new(own: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self { own, offset: AtomicI64::new(0) })
    }

    /// Compares it with the store's; `false`: the store did not answer.
    async fn compare(&self, ask: &impl AsyncFn() -> Result<Timestamp, StoreError>) -> bool {
        let mut best: Option<Sample> = None;
        for _ in 0..QUESTIONS {
            let Ok(sample) = self.sample(ask).await else { break };
            if best.is_none_or(|best| sample.error < best.error) {
                best = Some(sample);
            }
        }
        if let Some(sample) = best {
            self.take(sample);
        }
        best.is_some()
    }

    async fn sample(
        &self,
        ask: &impl AsyncFn() -> Result<Timestamp, StoreError>,
    ) -> Result<Sample, StoreError> {
        let (asked, before) = (Instant::now(), self.own.now());
        let told = ask().await?;
        // Told at some moment in between: the middle is the best guess. If one's
        // own clock was set meanwhile, it is as good as what that makes of it.
        let took = self.own.now().millis_since(before);
        let error = took.abs().max(millis(asked.elapsed())) / 2;
        Ok(Sample { offset: told.millis_since(before) - took / 2, error })
    }

    /// What lies within its error is as good as before, and left alone.
    fn take(&self, sample: Sample) {
        let before = self.offset.load(Ordering::Relaxed);
        let change = (sample.offset - before).abs();
        if change <= sample.error + 1 {
            return;
        }
        self.offset.store(sample.offset, Ordering::Relaxed);
        if change >= NOTABLE_MS {
            tracing::warn!(
                offset_ms = sample.offset,
                "the store's clock differs from this machine's: corrected, but somebody should \
                 set the clocks"
            );
        }
    }
}

/// One answer to what the time is.
#[derive(Clone, Copy)]
struct Sample {
    /// By how much the store's clock is ahead, in ms.
    offset: i64,
    /// By how much that may be wrong, in ms.
    error: i64,
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;

    /// Two clocks that run with the paused time of a test, and can be set.
    #[derive(Clone)]
    struct Clocks {
        begun: Instant,
        own: Arc<AtomicI64>,
        stores: Arc<AtomicI64>,
        silent: Arc<AtomicBool>,
    }

    impl Clocks {
        fn new() -> Self {
            let (own, stores, silent) = Default::default();
            Self { begun: Instant::now(), own, stores, silent }
        }

        fn read(&self, offset: &AtomicI64) -> Timestamp {
            let run = millis(self.begun.elapsed());
            Timestamp::from_millis(1_000_000 + run + offset.load(Ordering::SeqCst))
        }

        fn kept_near(&self) -> Arc<CorrectedClock> {
            let (clock, clocks) = (CorrectedClock::new(Arc::new(self.clone())), self.clone());
            let ask = async move || {
                sleep(Duration::from_millis(4)).await;
                match clocks.silent.load(Ordering::SeqCst) {
                    true => Err(StoreError::Unavailable("silent".to_owned())),
                    false => Ok(clocks.read(&clocks.stores)),
                }
            };
            tokio::spawn(keep_near(Arc::downgrade(&clock), ask, false));
            clock
        }

        /// By how much the corrected clock is off.
        fn wrong(&self, clock: &CorrectedClock) -> i64 {
            clock.now().millis_since(self.read(&self.stores)).abs()
        }
    }

    impl Clock for Clocks {
        fn now(&self) -> Timestamp {
            self.read(&self.own)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_drifts_is_brought_back_within_half_a_minute() {
        let clocks = Clocks::new();
        let clock = clocks.kept_near();
        sleep(RETRY * 2).await;
        assert!(clocks.wrong(&clock) <= 3, "{}", clocks.wrong(&clock));
        for drift in [70, -90] {
            clocks.own.fetch_add(drift, Ordering::SeqCst);
            assert!(clocks.wrong(&clock) > 60);
            sleep(COMPARISON + 2 * GLANCE).await;
            assert!(clocks.wrong(&clock) <= 3, "{}", clocks.wrong(&clock));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_jumps_is_brought_back_within_seconds() {
        let clocks = Clocks::new();
        let clock = clocks.kept_near();
        sleep(RETRY * 2).await;
        for jump in [3_600_000, -7_200_000] {
            clocks.own.fetch_add(jump, Ordering::SeqCst);
            sleep(GLANCE * 2).await;
            assert!(clocks.wrong(&clock) <= 3, "{}", clocks.wrong(&clock));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_that_is_silent_is_asked_again_soon() {
        let clocks = Clocks::new();
        clocks.stores.store(5_000, Ordering::SeqCst);
        clocks.silent.store(true, Ordering::SeqCst);
        let clock = clocks.kept_near();
        sleep(COMPARISON).await;
        assert_eq!(clocks.wrong(&clock), 5_000);
        clocks.silent.store(false, Ordering::SeqCst);
        sleep(RETRY + 2 * GLANCE).await;
        assert!(clocks.wrong(&clock) <= 3, "{}", clocks.wrong(&clock));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_over_which_the_machine_fell_asleep_is_not_believed() {
        let clocks = Clocks::new();
        let clock = CorrectedClock::new(Arc::new(clocks.clone()));
        let (asked, during) = (AtomicI64::new(0), clocks.clone());
        let ask = async || {
            if asked.fetch_add(1, Ordering::SeqCst) == 2 {
                // An hour passes, and nothing that runs has noticed.
                for slept in [&during.own, &during.stores] {
                    slept.fetch_add(3_600_000, Ordering::SeqCst);
                }
            } else {
                sleep(Duration::from_millis(4)).await;
            }
            Ok(during.read(&during.stores))
        };
        assert!(clock.compare(&ask).await);
        assert!(clocks.wrong(&clock) <= 3, "{}", clocks.wrong(&clock));
    }
}
