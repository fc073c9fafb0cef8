//! How a showtime is shared among instances, and how long things take.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use seathold_service::ports::Leases;
use tokio::time::Instant;

use super::queue::{granted, until_queued, waiter};
use super::{LONG, connect, instance, redis_url, some_showtime, some_token};

const CYCLES: usize = 200;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_instances_have_a_showtime_in_turn() {
    let Some(url) = redis_url() else { return };
    let showtime = some_showtime();
    let (inside, served) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let begin = Instant::now();
    let instances = [(); 3].map(|()| {
        let (leases, inside, served) = (instance(&url), Arc::clone(&inside), Arc::clone(&served));
        tokio::spawn(async move {
            let mut others = 0;
            for _ in 0..CYCLES {
                let before = served.load(Ordering::SeqCst);
                let lease = leases.acquire(showtime, some_token(), LONG, LONG).await;
                let lease = lease.expect("Redis answers").expect("it is granted");
                assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "one at a time");
                others += served.fetch_add(1, Ordering::SeqCst) - before;
                tokio::time::sleep(Duration::from_millis(1)).await;
                inside.fetch_sub(1, Ordering::SeqCst);
                assert!(leases.release(&lease).await.expect("Redis answers"));
            }
            (begin.elapsed(), others)
        })
    });
    for (n, instance) in instances.into_iter().enumerate() {
        let (elapsed, others) = instance.await.expect("it does not panic");
        println!(
            "instance {n}: {CYCLES} leases in {elapsed:?}, with {others} of others in between"
        );
        assert!(others <= 3 * CYCLES, "nobody is served twice before another is");
    }
}

#[tokio::test]
async fn what_a_lease_costs() {
    let Some(url) = redis_url() else { return };
    let (showtime, mut connection) = (some_showtime(), connect(&url).await);
    let [one, other] = [(); 2].map(|()| instance(&url));
    let mut alone = Vec::new();
    let mut handover = Vec::new();
    for _ in 0..CYCLES {
        let begin = Instant::now();
        let lease = granted(&one, showtime, LONG).await;
        one.release(&lease).await.expect("Redis answers");
        alone.push(begin.elapsed());

        let lease = granted(&one, showtime, LONG).await;
        let waiter = waiter(&other, showtime);
        until_queued(&mut connection, showtime, 1).await;
        let begin = Instant::now();
        one.release(&lease).await.expect("Redis answers");
        let lease = waiter.await.expect("it does not panic").expect("it is its turn");
        handover.push(begin.elapsed());
        other.release(&lease).await.expect("Redis answers");
    }
    println!("acquire and release: {}", spread(alone));
    println!("from one instance to another: {}", spread(handover));
}

fn spread(mut times: Vec<Duration>) -> String {
    times.sort();
    let at = |percent| times[times.len() * percent / 100];
    format!("median {:?}, 99 of 100 within {:?}", at(50), at(99))
}
