//! `seathold simulate`: the service against itself, on a time, a store and a network
//! that go wrong as a seed has it.

use std::path::PathBuf;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use clap::Args;
use seathold_simulation::{Campaign, Outcome, Simulation, Summary, Tally};
use tokio::time::Instant;

/// How often one who watches is told how far it is.
const PROGRESS: Duration = Duration::from_secs(5);

/// Seeds that go wrong before the rest is left: one is enough to begin with.
const WRONG_MAX: usize = 5;

/// What `simulate` is asked to do.
#[derive(Args, Debug)]
pub(crate) struct SimulateArgs {
    /// The first seed
    #[arg(long, default_value_t = 0)]
    seed: u64,

    /// Seconds of simulated time during which faults strike, in each seed
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    seconds: u64,

    /// How many seeds, one after the other
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,

    /// Seeds at the same time [default: as many as there are processors]
    #[arg(long)]
    threads: Option<usize>,

    /// Folder for the histories of seeds that go wrong, and of a single one
    #[arg(long, default_value = "./simulation")]
    out: PathBuf,

    /// Note every single call; for a single seed
    #[arg(long)]
    trace: bool,
}

/// Runs the seeds; `true`: all went well.
///
/// # Errors
/// The system gives no thread, or the histories cannot be written.
pub(crate) fn run(args: &SimulateArgs) -> std::io::Result<bool> {
    if args.seeds == 1 {
        return run_one(args);
    }
    let threads = args.threads.or_else(|| thread::available_parallelism().ok().map(usize::from));
    let campaign = Campaign {
        first: args.seed,
        count: args.seeds,
        seconds: args.seconds,
        threads: threads.unwrap_or(1),
        wrong_max: WRONG_MAX,
    };
    let begun = Instant::now();
    let told = Mutex::new(begun);
    let summary = campaign.run(|_, so_far| {
        let Ok(mut told) = told.lock() else { return };
        if told.elapsed() >= PROGRESS {
            *told = Instant::now();
            eprintln!("{}", progress(so_far, args.seeds, begun.elapsed()));
        }
    })?;
    for outcome in &summary.wrong {
        tell(outcome, args)?;
    }
    println!("{}", progress(&summary, args.seeds, begun.elapsed()));
    println!("{}", counts(&summary.tally));
    Ok(summary.wrong.is_empty())
}

fn run_one(args: &SimulateArgs) -> std::io::Result<bool> {
    let run = Simulation::new(args.seed, args.seconds);
    let run = if args.trace { run.traced() } else { run };
    // On a thread without a runtime: it has one of its own.
    let outcome = thread::scope(|scope| scope.spawn(|| run.run()).join());
    let outcome = outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
    tell(&outcome, args)?;
    println!("{}", counts(&outcome.tally));
    Ok(outcome.wrong.is_empty())
}

fn tell(outcome: &Outcome, args: &SimulateArgs) -> std::io::Result<()> {
    let history = outcome.write_to(&args.out)?;
    let verdict = if outcome.wrong.is_empty() { "went well" } else { "WENT WRONG" };
    println!("seed {} {verdict}, see {}", outcome.seed, history.display());
    for wrong in &outcome.wrong {
        println!("  {wrong}");
    }
    if !outcome.wrong.is_empty() {
        println!("  again: {}", outcome.command());
    }
    Ok(())
}

fn progress(so_far: &Summary, of: u64, took: Duration) -> String {
    let (seeds, wrong, seconds) = (so_far.seeds, so_far.wrong.len(), took.as_secs_f64());
    let pace = seeds as f64 / seconds.max(0.001);
    format!("{seeds} of {of} seeds in {seconds:.1} s, {pace:.1} a second; {wrong} went wrong")
}

fn counts(tally: &Tally) -> String {
    let Tally { operations, holds, unknown, refused, charges, refunds } = tally;
    format!(
        "{operations} operations: {holds} holds granted, {refused} refused, {unknown} without an \
         answer; {charges} charges, {refunds} given back"
    )
}
