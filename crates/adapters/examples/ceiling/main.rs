//! The ceiling of the durable work: how many holds a second a store takes when nobody
//! asks over HTTP, and nobody decides.
//!
//!     ceiling mongo URI | embedded FOLDER
//!
//! Two clients, each on a showtime of its own, write batches of holds with the store's
//! own `prepare` and `commit`. Prints for each size of batch, and each of three runs,
//! one line: the size, and holds per second.
//!
//!     ceiling grow FOLDER [HOLDS]
//!
//! The same in batches of 128 on the embedded store, on ever new showtimes, a million
//! holds if nothing else is said. Prints after each 100,000 one line: the holds so far,
//! holds per second since the last line, and what the folder takes, in megabytes.
//!
//! The database is of no use afterwards.

mod hall;
mod records;

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use seathold_adapters::{EmbeddedStore, MongoStore, SystemClock};
use seathold_service::ports::Store;
use tokio::time::Instant;

use hall::Hall;

const BATCHES: [usize; 3] = [1, 16, 128];
const RUNS: usize = 3;
const RUN: Duration = Duration::from_secs(3);

const GROWTH: usize = 1_000_000;
const STRETCH: usize = 100_000;

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
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["mongo", uri] => {
            let store = MongoStore::connect(uri).await?;
            store.migrate().await?;
            sizes(&(Arc::new(store) as _)).await
        }
        ["embedded", folder] => sizes(&embedded(folder)?).await,
        ["grow", folder] => grow(folder, GROWTH).await,
        ["grow", folder, holds] => grow(folder, holds.parse()?).await,
        _ => Err("usage: ceiling mongo URI | embedded FOLDER | grow FOLDER [HOLDS]".into()),
    }
}

fn embedded(folder: &str) -> Result<Arc<dyn Store>, Failure> {
    Ok(Arc::new(EmbeddedStore::open(Path::new(folder), Arc::new(SystemClock))?))
}

async fn sizes(store: &Arc<dyn Store>) -> Result<(), Failure> {
    for batch in BATCHES {
        for _ in 0..RUNS {
            let began = Instant::now();
            let clients = [(); 2].map(|()| tokio::spawn(client(Arc::clone(store), batch, began)));
            let [one, other] = clients;
            let holds = one.await?? + other.await??;
            println!("{batch} {:.1}", holds as f64 / began.elapsed().as_secs_f64());
        }
    }
    Ok(())
}

/// Holds the seats of one showtime, over and over; gives how many holds it made.
async fn client(store: Arc<dyn Store>, batch: usize, began: Instant) -> Result<usize, Failure> {
    let mut hall = Hall::open(store).await?;
    let mut holds = 0;
    while began.elapsed() < RUN {
        hall.hold(batch).await?;
        holds += batch;
    }
    Ok(holds)
}

async fn grow(folder: &str, wanted: usize) -> Result<(), Failure> {
    const BATCH: usize = 128;
    let store = embedded(folder)?;
    let mut holds = 0;
    while holds < wanted {
        let began = Instant::now();
        let batches = STRETCH.div_ceil(2 * BATCH);
        let sell = [(); 2].map(|()| tokio::spawn(sell(Arc::clone(&store), batches, BATCH)));
        for seller in sell {
            seller.await??;
        }
        let made = 2 * batches * BATCH;
        holds += made;
        let rate = made as f64 / began.elapsed().as_secs_f64();
        let sizes = fs::read_dir(folder)?.map(|file| Ok(file?.metadata()?.len()));
        let bytes: u64 = sizes.sum::<Result<_, Failure>>()?;
        println!("{holds} {rate:.1} {}", bytes >> 20);
    }
    Ok(())
}

/// Sells out one showtime after the other.
async fn sell(store: Arc<dyn Store>, batches: usize, batch: usize) -> Result<(), Failure> {
    let mut hall = Hall::open(Arc::clone(&store)).await?;
    for _ in 0..batches {
        if hall.is_sold_out() {
            hall = Hall::open(Arc::clone(&store)).await?;
        }
        hall.hold(batch).await?;
    }
    Ok(())
}
