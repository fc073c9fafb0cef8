//! What everything in a simulation shares: its time, its plan, and what is noted.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use seathold_history::Event;
use tokio::time::sleep;

use crate::dice::Dice;
use crate::plan::{Millis, Plan};
use crate::time::TrueTime;

pub(crate) struct Surroundings {
    pub(crate) time: TrueTime,
    pub(crate) plan: Plan,
    /// Whether faults are over.
    calm: AtomicBool,
    dice: Dice,
    notes: Mutex<Vec<String>>,
    history: Mutex<Vec<Event>>,
    breaches: Mutex<Vec<String>>,
    /// Whether every call is noted, too.
    is_traced: bool,
}

impl Surroundings {
    pub(crate) fn new(dice: &Dice, plan: Plan, is_traced: bool) -> Self {
        Self {
            time: TrueTime::begin(),
            plan,
            calm: AtomicBool::new(false),
            dice: dice.for_("surroundings"),
            notes: Mutex::default(),
            history: Mutex::default(),
            breaches: Mutex::default(),
            is_traced,
        }
    }

    /// No fault from now on.
    pub(crate) fn calm_down(&self) {
        self.note(|| "faults are over".to_owned());
        self.calm.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_calm(&self) -> bool {
        self.calm.load(Ordering::Relaxed)
    }

    /// Whether a fault strikes that comes so many times of a thousand.
    pub(crate) fn strikes(&self, permille: u32) -> bool {
        !self.is_calm() && self.dice.chance(permille)
    }

    /// The same, of a hundred thousand.
    pub(crate) fn strikes_seldom(&self, per_100_000: u32) -> bool {
        !self.is_calm() && self.dice.below(100_000) < u64::from(per_100_000)
    }

    pub(crate) fn millis(&self, (least, most): Millis) -> Duration {
        self.dice.millis(least, most)
    }

    /// Waits until the next of what comes so often on average. `false`: never.
    pub(crate) async fn next_of(&self, every_ms: u64) -> bool {
        if every_ms == 0 || self.is_calm() {
            return false;
        }
        sleep(self.dice.millis(every_ms / 2, every_ms * 3 / 2)).await;
        !self.is_calm()
    }

    /// A message is on its way.
    pub(crate) async fn travel(&self) {
        let late = self.strikes(self.plan.network.late);
        let time = if late { (1_000, 12_000) } else { self.plan.network.takes };
        sleep(self.millis(time)).await;
    }

    /// Notes what has happened, for people.
    pub(crate) fn note(&self, what: impl FnOnce() -> String) {
        let line = format!("{:>7} {}", self.time.elapsed(), what());
        lock(&self.notes).push(line);
    }

    /// Notes a single step, if somebody wants to know that much.
    pub(crate) fn trace(&self, what: impl FnOnce() -> String) {
        if self.is_traced {
            self.note(what);
        }
    }

    /// Somebody does what nobody may.
    pub(crate) fn breach(&self, what: String) {
        self.note(|| what.clone());
        lock(&self.breaches).push(what);
    }

    pub(crate) fn breaches(&self) -> Vec<String> {
        lock(&self.breaches).clone()
    }

    /// Adds to what clients saw.
    pub(crate) fn saw(&self, event: Event) {
        lock(&self.history).push(event);
    }

    /// All that was noted, and all that was seen.
    pub(crate) fn take(&self) -> (Vec<String>, Vec<Event>) {
        (std::mem::take(&mut *lock(&self.notes)), std::mem::take(&mut *lock(&self.history)))
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
