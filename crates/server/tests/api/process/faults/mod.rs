//! Three instances over one MongoDB and one Redis, in the middle of an on-sale,
//! and something fails: nothing that was acknowledged is lost, nobody is told
//! anything wrong, and all goes on by itself.

mod audit;
mod buyer;
mod cluster;
mod instances;
mod mongo;
mod on_sale;
mod redis;

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// How long what follows by itself may take: far more than it does. The longest
/// wait is for the claim of a request that was cut off, which is leased for half
/// a minute.
const SOON: Duration = Duration::from_secs(45);

/// Waits for what happens by itself, in its own time; gives that time.
async fn until(what: &str, holds: impl AsyncFn() -> bool) -> Duration {
    let begin = Instant::now();
    while !holds().await {
        assert!(begin.elapsed() < SOON, "never: {what}");
        sleep(Duration::from_millis(20)).await;
    }
    begin.elapsed()
}
