//! The store's replica set: a primary, and what the majority has of it. A write is
//! acknowledged once the majority has it, and everybody reads what the majority has.
//! Another primary begins with that: what was written and not acknowledged is lost.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use seathold_core::Timestamp;
use seathold_service::ports::{Clock, StoreError};
use tokio::time::{Instant, sleep, sleep_until};

use crate::dice::Dice;
use crate::model::{Done, State};
use crate::surroundings::Surroundings;
use crate::time::WrongClock;

pub(crate) struct Cluster {
    around: Arc<Surroundings>,
    clock: WrongClock,
    dice: Dice,
    inner: Mutex<Inner>,
}

/// A write, to be made again where it is not made yet.
type Write = Box<dyn FnOnce(&mut State) + Send>;

struct Inner {
    primary: State,
    majority: State,
    /// What the majority does not have yet.
    ahead: VecDeque<Write>,
    /// The number of the last write that the majority has.
    replicated: u64,
    /// Counts primaries.
    term: u64,
    down_until: Instant,
    lags_until: Instant,
}

impl Cluster {
    pub(crate) fn new(around: Arc<Surroundings>, dice: &Dice) -> Self {
        let now = Instant::now();
        let inner = Inner {
            primary: State::default(),
            majority: State::default(),
            ahead: VecDeque::new(),
            replicated: 0,
            term: 1,
            down_until: now,
            lags_until: now,
        };
        let clock = WrongClock::new(around.time);
        Self { around, clock, dice: dice.for_("cluster"), inner: Mutex::new(inner) }
    }

    /// Another primary, after a while without any. Its clock is another, too.
    pub(crate) fn fail_over(&self) {
        let off = self.around.plan.clocks.primary_ms.unsigned_abs();
        let ahead = self.dice.between(0, 2 * off) as i64 - off as i64;
        let without = self.dice.millis(50, 3_000);
        let mut inner = self.inner();
        let lost = inner.ahead.len();
        inner.primary = inner.majority.clone();
        inner.ahead.clear();
        inner.term += 1;
        inner.down_until = Instant::now() + without;
        drop(inner);
        self.clock.set(ahead, 0);
        self.around.note(|| {
            format!("another primary in {without:?}: {lost} writes lost, clock off by {ahead} ms")
        });
    }

    /// Nobody can be reached for a while.
    pub(crate) fn go_down(&self) {
        let time = self.dice.millis(200, 6_000);
        self.inner().down_until = Instant::now() + time;
        self.around.note(|| format!("the store is down for {time:?}"));
    }

    /// The majority does not follow for a while.
    pub(crate) fn lag(&self) {
        let time = self.dice.millis(200, 9_000);
        self.inner().lags_until = Instant::now() + time;
        self.around.note(|| format!("the majority lags for {time:?}"));
    }

    /// Faults are over.
    pub(crate) fn mend(&self) {
        let now = Instant::now();
        let mut inner = self.inner();
        (inner.down_until, inner.lags_until) = (now, now);
    }

    pub(crate) fn read<T>(&self, call: impl FnOnce(&State) -> T) -> Done<T> {
        let inner = self.inner();
        inner.reachable()?;
        Ok(call(&inner.majority))
    }

    pub(crate) async fn write<T: Send + 'static>(
        &self,
        call: impl Fn(&mut State, Timestamp) -> Done<T> + Send + Sync + 'static,
    ) -> Done<T> {
        let (outcome, number, term) = {
            let mut inner = self.inner();
            inner.reachable()?;
            let now = self.clock.now();
            let outcome = call(&mut inner.primary, now);
            inner.ahead.push_back(Box::new(move |state| drop(call(state, now))));
            (outcome, inner.replicated + inner.ahead.len() as u64, inner.term)
        };
        self.replicate(number, term).await?;
        outcome
    }

    async fn replicate(&self, number: u64, term: u64) -> Done<()> {
        sleep(self.dice.millis(0, 3)).await;
        let lags_until = self.inner().lags_until;
        if Instant::now() < lags_until {
            sleep_until(lags_until + Duration::from_millis(1)).await;
        }
        let mut inner = self.inner();
        if inner.term != term {
            return Err(StoreError::Unknown("the primary stepped down".to_owned()));
        }
        while inner.replicated < number {
            let Inner { ahead, majority, replicated, .. } = &mut *inner;
            let Some(write) = ahead.pop_front() else { break };
            write(majority);
            *replicated += 1;
        }
        Ok(())
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn reachable(&self) -> Done<()> {
        match Instant::now() < self.down_until {
            true => Err(StoreError::Unavailable("there is no primary".to_owned())),
            false => Ok(()),
        }
    }
}
