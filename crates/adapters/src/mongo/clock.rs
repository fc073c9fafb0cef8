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

/// How often an instance compares its clock with the store's: two clocks that
/// nobody sets drift apart by a few milliseconds in that time.
const COMPARISON: Duration = Duration::from_secs(30);

/// How soon it tries again when the store did not answer.
const RETRY: Duration = Duration::from_secs(2);

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

impl Arbiter {
    /// The present moment, as an expression.
    pub(super) fn now(&self) -> Bson {
        match self {
            Self::Server => "$$NOW".into(),
            Self::Given(clock) => date(clock.now()).into(),
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

    /// `own`, corrected towards the server's clock: now, and every half
    /// a minute for as long as somebody has it.
    pub async fn corrected(&self, own: Arc<dyn Clock>) -> Arc<dyn Clock> {
        let clock = Arc::new(CorrectedClock { own, offset: AtomicI64::new(0) });
        let compared = clock.compare(self).await;
        tokio::spawn(keep_near(Arc::downgrade(&clock), self.clone(), compared));
        clock
    }
}

async fn keep_near(clock: Weak<CorrectedClock>, store: MongoStore, mut compared: bool) {
    loop {
        sleep(if compared { COMPARISON } else { RETRY }).await;
        let Some(clock) = clock.upgrade() else { return };
        compared = clock.compare(&store).await;
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
    /// Compares it with the store's; `false`: the store did not answer.
    async fn compare(&self, store: &MongoStore) -> bool {
        let mut best: Option<Sample> = None;
        for _ in 0..QUESTIONS {
            let Ok(sample) = self.ask(store).await else { break };
            if best.is_none_or(|best| sample.error < best.error) {
                best = Some(sample);
            }
        }
        if let Some(sample) = best {
            self.take(sample);
        }
        best.is_some()
    }

    async fn ask(&self, store: &MongoStore) -> Result<Sample, StoreError> {
        let (asked, own) = (Instant::now(), self.own.now());
        let told = store.now().await?;
        // Told at some moment of that time: half of it is the best guess.
        let error = i64::try_from(asked.elapsed().as_millis() / 2).unwrap_or(i64::MAX);
        Ok(Sample { offset: told.millis_since(own) - error, error })
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
