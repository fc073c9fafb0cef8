use std::sync::Arc;

use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::Failure;
use super::client::{Answer, Buyer};
use super::verdict::Tally;

/// Buyers who connect, wait for the start, and ask for one seat at once.
pub(super) async fn run(base: &str, showtime: &str, buyers: u32) -> Result<Tally, Failure> {
    let start = Arc::new(Barrier::new(buyers as usize + 1));
    let mut racers = JoinSet::new();
    for n in 0..buyers {
        let racer = Buyer::new(base, &format!("racer-{n}"));
        racers.spawn(take(racer, showtime.to_owned(), start.clone()));
    }
    start.wait().await;
    println!("      all connected, go");
    let mut tally = Tally::default();
    while let Some(answer) = racers.join_next().await {
        tally.add(&answer??);
        if tally.answers().is_multiple_of((buyers as usize / 4).max(1)) {
            println!("      {:>5} answers: {}", tally.answers(), tally.summary());
        }
    }
    Ok(tally)
}

async fn take(racer: Buyer, showtime: String, start: Arc<Barrier>) -> Result<Answer, Failure> {
    // Opens the connection, as a shop that shows the seats would.
    let connected = racer.get(&format!("/api/showtimes/{showtime}")).await;
    start.wait().await;
    connected?.expect(200)?;
    racer.hold(&showtime, &["A1".to_owned()]).await
}
