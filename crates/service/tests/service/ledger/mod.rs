//! Whatever happens, in whatever order, and whoever crashes meanwhile: who has
//! paid has the seats or the money back. Thousands of seeds, each a story of its
//! own; a seed tells the same story again:
//!
//! ```text
//! SEATHOLD_TEST_SEED=17 cargo test -p seathold-service --test service ledger
//! ```
//!
//! `SEATHOLD_TEST_SEEDS=100000` tells so many.

mod checks;
mod known;
mod moves;
mod town;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use seathold_testkit::servers::Ground;
use tokio::runtime::Builder;

use moves::Dice;
use town::Town;

/// Stories on the embedded store: as many as two busy cores tell in a minute.
const SEEDS: u64 = 5_000;
/// Stories on MongoDB and Redis, where each takes about ten times as long.
const SEEDS_ON_SERVERS: u64 = 100;
/// Steps of a story.
const STEPS: u64 = 36;
/// Stories told at the same time.
const TELLERS: u64 = 2;

#[test]
fn every_charge_ends_as_sold_or_refunded_whatever_happens() {
    if let Some(seed) = number("SEATHOLD_TEST_SEED") {
        return tell(seed, true);
    }
    let usual = match Ground::chosen() {
        Ground::Embedded => SEEDS,
        Ground::Servers => SEEDS_ON_SERVERS,
    };
    let seeds = number("SEATHOLD_TEST_SEEDS").unwrap_or(usual);
    let next = AtomicU64::new(0);
    let wrong = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..TELLERS {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds || wrong.load(Ordering::Relaxed) >= WRONG_MAX {
                        return;
                    }
                    let told = thread::Builder::new().name(format!("seed {seed}"));
                    let told = told.spawn(move || tell(seed, false)).expect("a thread");
                    if told.join().is_err() {
                        eprintln!("SEATHOLD_TEST_SEED={seed} tells this story again");
                        wrong.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner();
    assert_eq!(wrong, 0, "stories that went wrong");
}

/// Stories that went wrong, after which no more are told.
const WRONG_MAX: u64 = 3;

/// Tells one story.
fn tell(seed: u64, aloud: bool) {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    // Tasks of processes that have died end with it.
    runtime.block_on(async {
        let dice = Dice::new(seed);
        let town = Town::new(seed, &dice).await;
        let _trace = Trace { town: town.clone(), aloud };
        for _ in 0..STEPS {
            town.step(&dice.step()).await;
            town.check_acknowledged().await;
            if dice.chance(20) {
                town.audit().await;
            }
        }
        town.settle().await;
        town.check_settled().await;
        town.check_cancelled().await;
    });
}

/// Tells what has happened if it ends badly.
struct Trace {
    town: Arc<Town>,
    aloud: bool,
}

impl Drop for Trace {
    fn drop(&mut self) {
        if self.aloud || thread::panicking() {
            eprintln!("{}", self.town.trace().join("\n"));
        }
    }
}

/// What this variable says.
fn number(variable: &str) -> Option<u64> {
    let value = std::env::var(variable).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{variable}={value}: must be a whole number")))
}
