//! A thousand seeds; more by `seathold simulate`.

use std::thread;

use seathold_simulation::{Campaign, Simulation};

/// As many as two busy cores run in a minute.
const SEEDS: u64 = 1_000;
const SECONDS: u64 = 60;

#[test]
fn a_thousand_seeds_end_well() {
    let threads = thread::available_parallelism().map_or(2, usize::from);
    let campaign = Campaign { first: 0, count: SEEDS, seconds: SECONDS, threads, wrong_max: 3 };
    let summary = campaign.run(|_, _| ()).expect("a runtime");
    println!("{} seeds: {:?}", summary.seeds, summary.tally);
    let folder = std::env::temp_dir().join("seathold-simulation");
    for outcome in &summary.wrong {
        let history = outcome.write_to(&folder).expect("a folder to write to");
        eprintln!("seed {} went wrong, see {}:", outcome.seed, history.display());
        outcome.wrong.iter().for_each(|wrong| eprintln!("  {wrong}"));
        eprintln!("again: {}", outcome.command());
    }
    assert!(summary.wrong.is_empty(), "{} went wrong", summary.wrong.len());
    assert_eq!(summary.seeds, SEEDS);
}

#[test]
fn a_seed_tells_the_same_story_again() {
    let story = |seed| {
        let run = move || Simulation::new(seed, SECONDS).traced().run().expect("a runtime");
        // By another thread each time.
        let outcome = thread::spawn(run).join().expect("it does not panic");
        let mut history = Vec::new();
        for event in &outcome.history {
            seathold_history::write(&mut history, event).expect("to memory");
        }
        (outcome.notes, history)
    };
    let stories: Vec<_> = (100..120).map(|seed| (story(seed), story(seed))).collect();
    assert!(stories.iter().all(|((notes, _), _)| notes.len() > 100), "they tell something");
    for (place, (first, second)) in stories.iter().enumerate() {
        let differs = first.0.iter().zip(&second.0).find(|(one, other)| one != other);
        assert!(first == second, "seed {}: {differs:?}", 100 + place);
    }
    assert_ne!(stories[0].0, stories[1].0, "another seed tells another");
}
