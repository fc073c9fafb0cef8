//! Seeds, and what must hold whatever they choose.

use seathold_simulation::Simulation;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn every_seed_ends_well() {
    let seconds = number("SECONDS").unwrap_or(60);
    let first = number("SEED").unwrap_or(0);
    let count = number("SEEDS").unwrap_or(20);
    let begun = std::time::Instant::now();
    for seed in first..first + count {
        let run = Simulation::new(seed, seconds);
        let run = if number("TRACE").is_some() { run.traced() } else { run };
        let outcome = run.run().expect("a runtime");
        println!("{seed}: {:?} {:?} {:?}", outcome.wrong, outcome.tally, begun.elapsed());
        if count == 1 {
            for note in &outcome.notes {
                println!("{note}");
            }
        }
    }
}
