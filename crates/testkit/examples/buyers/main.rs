//! Buyers: a load on any seathold by HTTP, which writes down what its clients saw, as
//! `docs/history.md` describes it. `seathold check-history` judges it.
//!
//!     buyers --base-url http://127.0.0.1:3000 --seconds 10 --out history.jsonl
//!
//! Many buyers at once hold seats on a few showtimes, most of them on the first (with
//! `--in-turn`, all of them on one after the other); repeat a request that was not answered
//! with the same key until its outcome is known; pay at the sandbox, cancel, give back, or
//! forget what they hold; others read maps. Nothing that fails ends the run. At the end,
//! which SIGTERM may bring about before its time, all is rolled forward, and what has become
//! of everything is read: bookings and maps through the API, charges from the sandbox.
//!
//! Users are taken at their word (`X-User-Id`): the server runs in development mode.

mod bill;
mod ends;
mod figures;
mod hours;
mod pace;
mod record;
mod requests;
mod shop;
mod visit;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use seathold_history::Promises;
use seathold_testkit::fresh_u64;

use bill::Bill;
use hours::Hours;
use pace::Pace;
use record::Recorder;
use shop::Shop;
use visit::Town;

/// Buyers who write down what they saw
#[derive(Clone, Debug, Parser)]
#[command(name = "buyers")]
struct Args {
    /// Where seathold answers
    #[arg(long, env = "BASE_URL")]
    base_url: String,

    /// Where the sandbox answers, without its /sandbox [default: the base URL]
    #[arg(long, env = "SANDBOX_URL")]
    sandbox_url: Option<String>,

    /// File for the history
    #[arg(long, default_value = "history.jsonl")]
    out: PathBuf,

    /// Buyers at the same time
    #[arg(long, default_value = "50")]
    buyers: usize,

    /// Others who read maps all the time
    #[arg(long, default_value = "4")]
    readers: usize,

    /// How long new requests are made, in seconds; SIGTERM ends it sooner, and the same
    /// way: what was begun is finished, and what has become of all is read
    #[arg(long, default_value = "10")]
    seconds: u64,

    /// Requests per second at the most, of all together
    #[arg(long, default_value = "500", value_parser = clap::value_parser!(u64).range(1..))]
    rate: u64,

    /// One hot showtime after the other: all want the same until it is sold out, mostly
    /// seats that nobody else asks for, so that most holds are granted; then the next is made
    #[arg(long, conflicts_with_all = ["showtimes", "cancel_showtime"])]
    in_turn: bool,

    /// Showtimes; more than half of all buyers want the first
    #[arg(long, default_value = "3", value_parser = clap::value_parser!(u64).range(1..))]
    showtimes: u64,

    /// Seats of each showtime
    #[arg(long, default_value = "100", value_parser = clap::value_parser!(u64).range(1..=2000))]
    seats: u64,

    /// Cancel the last showtime after two thirds of the time
    #[arg(long)]
    cancel_showtime: bool,

    /// How buyers pay
    #[arg(long, default_value = "card")]
    method: String,

    /// How long one request may take, in ms
    #[arg(long, default_value = "3000")]
    timeout_ms: u64,

    /// How long a request is repeated until its outcome is known, in ms
    #[arg(long, default_value = "15000")]
    patience_ms: u64,

    /// How long the end may take: rolling forward, and reading everything, in seconds
    #[arg(long, default_value = "120")]
    settle_seconds: u64,

    /// What the server promises of a hold, in ms; the end of each hold is judged by it
    #[arg(long)]
    hold_ms: Option<i64>,

    /// How long a hold may last from its beginning once it is being paid for, in ms
    #[arg(long)]
    extended_ms: Option<i64>,

    /// How old a map may be when it is asked for, in ms
    #[arg(long)]
    stale_ms: Option<i64>,

    /// How many live seats of one showtime one user may own
    #[arg(long)]
    seats_per_user: Option<u64>,

    /// How far the server's clock may be from this machine's, in ms
    #[arg(long)]
    tolerance_ms: Option<i64>,

    /// What all choices follow from
    #[arg(long, default_value = "1")]
    seed: u64,
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> ExitCode {
    match run(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("buyers: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> Result<(), Failure> {
    let told = hours::sigterm()?;
    let recorder = Arc::new(Recorder::create(&args.out, promises(&args))?);
    tokio::spawn(Arc::clone(&recorder).keep_flushing());
    let pace = Pace::new(args.rate);
    let shop = Arc::new(Shop::new(&args.base_url, &args, Arc::clone(&recorder), pace)?);
    let bill = Bill::new(&args);
    if !args.in_turn {
        bill.make(&shop, args.showtimes).await?;
    }
    let town = Arc::new(Town::new(&args, shop, bill, fresh_u64()));
    println!("buyers: seed {}, history in {}", args.seed, args.out.display());

    let length = Duration::from_secs(args.seconds);
    let hours = Hours::open(length, told);
    let watch = tokio::spawn(figures::every_second(Arc::clone(&recorder)));
    let mut people = tokio::task::JoinSet::new();
    if args.in_turn {
        people.spawn(Arc::clone(&town).open_in_turn(Arc::clone(&hours)));
    }
    for n in 0..args.buyers as u64 {
        people.spawn(Arc::clone(&town).buy(n, Arc::clone(&hours)));
    }
    for n in 0..args.readers as u64 {
        people.spawn(Arc::clone(&town).look(n, Arc::clone(&hours)));
    }
    if args.cancel_showtime {
        people.spawn(Arc::clone(&town).cancel_last(length * 2 / 3, Arc::clone(&hours)));
    }
    while let Some(person) = people.join_next().await {
        person?;
    }
    watch.abort();
    println!("buyers: all have gone home; rolling forward");
    let complete = ends::write(&town).await;
    recorder.flush()?;
    print!("{}", figures::summary(&recorder));
    match complete {
        true => Ok(()),
        false => Err("the end could not be read in full: what it says of it is true".into()),
    }
}

fn promises(args: &Args) -> Promises {
    Promises {
        tolerance_ms: args.tolerance_ms,
        stale_ms: args.stale_ms,
        hold_ms: args.hold_ms,
        extended_ms: args.extended_ms,
        seats_per_user: args.seats_per_user,
        ..Promises::default()
    }
}
