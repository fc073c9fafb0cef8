//! What seeds choose is worth to be run: all that is to happen does.

use seathold_simulation::Campaign;

#[test]
fn within_some_seeds_everything_happens() {
    let campaign =
        Campaign { first: 5_000, count: 120, seconds: 60, threads: 2, wrong_max: usize::MAX };
    let notes = std::sync::Mutex::new(String::new());
    let summary = campaign
        .run(|outcome, _| {
            notes.lock().expect("nobody panics").push_str(&outcome.notes.join("\n"));
        })
        .expect("a runtime");
    let notes = notes.into_inner().expect("nobody panics");
    for struck in [
        "another primary",
        "writes lost",
        "the store is down",
        "the majority lags",
        "all leases are forgotten",
        "dies at commit",
        "dies at prepare",
        "stops at",
        "is asked to stop",
        "has its clock set",
        "the gateway is down",
        "is paid",
        "is given back",
    ] {
        assert!(notes.contains(struck), "nothing like {struck:?} happened");
    }
    assert!(!notes.contains("panicked"));
    let tally = summary.tally;
    assert!(tally.holds > 400 && tally.charges > 100 && tally.refunds > 20, "{tally:?}");
    assert!(tally.unknown * 2 < tally.operations, "more is heard than not: {tally:?}");
}
