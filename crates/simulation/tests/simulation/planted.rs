//! Bugs that are planted by putting something else in the place of a port. Each
//! must be caught: else the simulation would prove nothing.

mod gateway;
mod leases;
mod store;

use std::sync::Arc;

use seathold_simulation::{Ports, Simulation, Wrap};

use store::{Bug, Buggy};

/// Seeds within which a bug must be caught.
const WITHIN: u64 = 1_000;
const SECONDS: u64 = 60;

/// Runs seeds on broken ports until one goes wrong; gives what was wrong.
fn caught(bug: &str, wrap: impl Fn() -> Wrap) -> Vec<String> {
    for seed in 0..WITHIN {
        let outcome = Simulation::new(seed, SECONDS).on(wrap()).run().expect("a runtime");
        if let Some(first) = outcome.wrong.first() {
            let without = Simulation::new(seed, SECONDS).run().expect("a runtime");
            assert!(without.wrong.is_empty(), "not by the bug: {:?}", without.wrong);
            println!("{bug}: caught by seed {seed}: {first}");
            return outcome.wrong;
        }
    }
    panic!("{bug}: not caught within {WITHIN} seeds");
}

fn on_store(bug: Bug) -> impl Fn() -> Wrap {
    move || {
        Arc::new(move |ports: Ports| {
            let store = Arc::new(Buggy { inner: ports.store.clone(), bug });
            Ports { store, ..ports }
        })
    }
}

#[test]
fn a_store_that_does_not_look_at_the_version_is_caught() {
    caught("no version check", on_store(Bug::NoVersionCheck));
}

#[test]
fn an_answer_before_the_commit_is_caught() {
    caught("acknowledged before the commit", on_store(Bug::AcknowledgedBefore));
}

#[test]
fn a_lost_answer_that_is_taken_for_a_failure_is_caught() {
    caught("a lost answer is a failure", on_store(Bug::LostIsFailed));
}

#[test]
fn keys_without_a_lease_are_caught() {
    caught("no lease on keys", on_store(Bug::NoLeaseOnKeys));
}

#[test]
fn payments_without_a_lease_are_caught() {
    caught("no lease on payments", on_store(Bug::NoLeaseOnPayments));
}

#[test]
fn commits_without_a_window_are_caught() {
    caught("no window of validity", on_store(Bug::NoWindow));
}

#[test]
fn seats_taken_without_a_mark_are_caught() {
    caught("no mark on rows that lose their seats", on_store(Bug::NoMark));
}

#[test]
fn a_lease_that_is_given_back_by_anybody_is_caught() {
    let wrong = caught("no owner check on release", leases::without_owner_check);
    assert!(wrong.iter().any(|it| it.starts_with("leases: ")), "{wrong:?}");
}

#[test]
fn a_refund_that_is_repeated_under_another_id_is_caught() {
    let wrong = caught("a naive retry of a lost refund", gateway::with_naive_retry);
    assert!(wrong.iter().any(|it| it.starts_with("money: ")), "{wrong:?}");
}
