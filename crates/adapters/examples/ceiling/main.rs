//! The ceiling of the durable work: how many holds a second a store takes when nobody
//! asks over HTTP, and nobody decides.
//!
//!     ceiling mongo URI | embedded FOLDER
//!
//! Two clients, each on a showtime of its own, write batches of holds with the store's
//! own `prepare` and `commit`. Prints for each size of batch, and each of three runs,
//! one line: the size, and holds per second. The database is of no use afterwards.

mod records;

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use seathold_adapters::{EmbeddedStore, MongoStore, SystemClock, SystemRandom, TokioTasks};
use seathold_service::model::Version;
use seathold_service::ports::{Commit, CommitOutcome, Env, Preparation, Prepared, Store};
use tokio::time::Instant;

use records::{HOLD_MS, LEASE_MS};

const BATCHES: [usize; 3] = [1, 16, 128];
const RUNS: usize = 3;
const RUN: Duration = Duration::from_secs(3);

type Failure = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ceiling: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let store: Arc<dyn Store> = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["mongo", uri] => {
            let store = MongoStore::connect(uri).await?;
            store.migrate().await?;
            Arc::new(store)
        }
        ["embedded", folder] => {
            Arc::new(EmbeddedStore::open(Path::new(folder), Arc::new(SystemClock))?)
        }
        _ => return Err("usage: ceiling mongo URI | embedded FOLDER".into()),
    };
    for batch in BATCHES {
        for _ in 0..RUNS {
            let began = Instant::now();
            let clients = [(); 2].map(|()| tokio::spawn(client(Arc::clone(&store), batch, began)));
            let [one, other] = clients;
            let holds = one.await?? + other.await??;
            println!("{batch} {:.1}", holds as f64 / began.elapsed().as_secs_f64());
        }
    }
    Ok(())
}

/// Holds the seats of one showtime, over and over; gives how many holds it made.
async fn client(store: Arc<dyn Store>, batch: usize, began: Instant) -> Result<usize, Failure> {
    let clock = Arc::new(SystemClock);
    let env = Env { clock, random: Arc::new(SystemRandom), tasks: Arc::new(TokioTasks) };
    let showtime = records::showtime(&env)?;
    let labels = records::labels()?;
    store.insert_showtime(&showtime, &records::map(&showtime, &labels)?).await?;
    // One seat, two, one, two: as if they were free again each time all are held.
    let mut seats = labels.iter().copied().cycle();
    let mut holds = 0;
    let mut version = Version::first(0);
    while began.elapsed() < RUN {
        let wanted = (0..batch).map(|n| seats.by_ref().take(1 + n % 2).collect::<Vec<_>>());
        let wanted: Vec<_> = wanted.collect();
        let records = wanted.iter().map(|seats| records::hold(&env, &showtime, seats));
        let preparation =
            Preparation { holds: records.collect::<Result<_, _>>()?, ..Preparation::default() };
        let outcomes = store.prepare(&preparation).await?;
        let states = preparation.holds.iter().flat_map(|(_, row)| records::held(row)).collect();
        let commit = Commit {
            showtime: showtime.id,
            id: env.uuid(),
            at: version,
            seats: states,
            available: 0,
            next_expiry: Some(env.now().plus_millis(HOLD_MS)),
            cancelled_at: None,
            only_scheduled: true,
            not_before: None,
            deadline: env.now().plus_millis(LEASE_MS / 2),
        };
        let opened = outcomes.iter().all(|outcome| *outcome == Prepared::Opened);
        if !opened || store.commit(&commit).await? != CommitOutcome::Applied {
            return Err("a batch was not taken".into());
        }
        version = commit.makes();
        holds += batch;
    }
    Ok(holds)
}
