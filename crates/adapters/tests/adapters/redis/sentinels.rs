//! A Redis that fails over to its replica: whoever asks finds the new primary.

use std::sync::Arc;
use std::time::Duration;

use seathold_adapters::RedisLeases;
use seathold_core::ShowtimeId;
use seathold_service::ports::Leases;
use seathold_testkit::servers::OwnRedisSet;
use tokio::time::Instant;

use super::queue::{granted, waiter};
use super::{LONG, NO_WAIT, instance, some_showtime, some_token};

/// For what comes about by itself once another primary is elected.
const SOON: Duration = Duration::from_secs(10);

/// What a caller may wait while there is no primary: one timeout, and what a busy
/// machine adds.
const LATE: Duration = Duration::from_millis(500 + 1_000);

/// Asks for one showtime after the other, until all instances share one Redis again:
/// what one is granted, the others are not. Gives how long that took.
async fn until_shared(instances: &[Arc<RedisLeases>]) -> Duration {
    let begun = Instant::now();
    while !is_shared(instances, some_showtime()).await {
        assert!(begun.elapsed() < SOON, "they do not find the new primary");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    begun.elapsed()
}

async fn is_shared(instances: &[Arc<RedisLeases>], showtime: ShowtimeId) -> bool {
    let mut granted = 0;
    for leases in instances {
        match leases.acquire(showtime, some_token(), LONG, NO_WAIT).await {
            Ok(lease) => granted += usize::from(lease.is_some()),
            Err(_) => return false,
        }
    }
    granted == 1
}

/// Releases a lease of one instance that another waits for: it is told.
async fn turns_are_told(instances: &[Arc<RedisLeases>]) {
    let showtime = some_showtime();
    let lease = granted(&instances[0], showtime, LONG).await;
    let next = waiter(&instances[1], showtime);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(instances[0].release(&lease).await.expect("it answers"));
    let lease = next.await.expect("it does not panic").expect("it is its turn");
    assert!(instances[1].release(&lease).await.expect("it answers"));
}

#[tokio::test]
async fn a_killed_primary_is_left_for_the_one_that_the_sentinels_make() {
    let Some(mut set) = OwnRedisSet::start().await else { return };
    let instances = [(); 2].map(|()| instance(&set.url()));
    until_shared(&instances).await;
    turns_are_told(&instances).await;
    set.node(0).kill();
    let killed = Instant::now();
    while !is_shared(&instances, some_showtime()).await {
        assert!(killed.elapsed() < 2 * SOON, "they do not find the new primary");
        let asked = Instant::now();
        let _ = instances[0].acquire(some_showtime(), some_token(), LONG, NO_WAIT).await;
        assert!(asked.elapsed() < LATE, "{:?}", asked.elapsed());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    println!("leases are shared again {:?} after the kill", killed.elapsed());
    assert_eq!(set.primary_after(0).await, 1);
    turns_are_told(&instances).await;
    // It comes back as a replica, and nobody is led astray.
    set.node(0).run().await;
    until_shared(&instances).await;
}

#[tokio::test]
async fn an_ordered_failover_is_followed_although_the_old_one_still_answers() {
    let Some(set) = OwnRedisSet::start().await else { return };
    let instances = [(); 2].map(|()| instance(&set.url()));
    until_shared(&instances).await;
    for former in [0, 1] {
        set.fail_over().await;
        set.primary_after(former).await;
        println!("shared again {:?} after the failover", until_shared(&instances).await);
        turns_are_told(&instances).await;
    }
}

#[tokio::test]
async fn a_primary_that_hangs_is_left_and_does_not_come_back() {
    let Some(mut set) = OwnRedisSet::start().await else { return };
    let instances = [(); 2].map(|()| instance(&set.url()));
    until_shared(&instances).await;
    set.node(0).pause();
    set.primary_after(0).await;
    println!("shared again {:?} after the failover", until_shared(&instances).await);
    set.node(0).resume();
    for _ in 0..20 {
        assert!(is_shared(&instances, some_showtime()).await);
    }
}

#[tokio::test]
async fn a_sentinel_that_is_gone_is_done_without() {
    let Some(mut set) = OwnRedisSet::start().await else { return };
    let url = set.url();
    set.lose_a_sentinel();
    let instances = [(); 2].map(|()| instance(&url));
    until_shared(&instances).await;
    set.node(0).kill();
    set.primary_after(0).await;
    until_shared(&instances).await;
}
