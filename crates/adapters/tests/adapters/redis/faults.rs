//! A Redis that is slow, away, empty or new.

use std::time::Duration;

use seathold_adapters::RedisLeases;
use seathold_core::ShowtimeId;
use seathold_service::ports::{Lease, LeaseError, Leases};
use seathold_testkit::servers::OwnRedis;
use tokio::time::Instant;

use super::queue::{granted, until_queued, waiter};
use super::{LONG, NO_WAIT, connect, instance, some_showtime, some_token};

/// How much longer than asked for an answer may take: one timeout, and what a
/// busy machine adds.
const LATE: Duration = Duration::from_millis(500 + 1_000);
/// What takes no longer waits for no timeout.
const AT_ONCE: Duration = Duration::from_millis(400);
/// For what comes back by itself.
const SOON: Duration = Duration::from_secs(10);

async fn ask(
    leases: &RedisLeases,
    showtime: ShowtimeId,
    wait: Duration,
) -> Result<Option<Lease>, LeaseError> {
    leases.acquire(showtime, some_token(), LONG, wait).await
}

/// Asks until the lease is granted.
async fn granted_soon(leases: &RedisLeases, showtime: ShowtimeId) -> Lease {
    let begin = Instant::now();
    loop {
        if let Ok(Some(lease)) = ask(leases, showtime, Duration::from_millis(50)).await {
            println!("granted {:?} after Redis came back", begin.elapsed());
            return lease;
        }
        assert!(begin.elapsed() < SOON, "it comes back by itself");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_paused_redis_keeps_nobody_waiting_and_leaves_no_lease_without_an_owner() {
    let Some(server) = OwnRedis::start().await else { return };
    let [leases, others] = [(); 2].map(|()| instance(&server.url()));
    let [held, free] = [(); 2].map(|()| some_showtime());
    let lease = granted(&leases, held, LONG).await;
    server.pause();
    for wait in [NO_WAIT, Duration::from_millis(300)] {
        let asked = Instant::now();
        ask(&leases, free, wait).await.expect_err("it does not answer");
        println!("asked with a wait of {wait:?}, and answered after {:?}", asked.elapsed());
        assert!(asked.elapsed() < wait + LATE);
    }
    let asked = Instant::now();
    leases.renew(&lease, LONG).await.expect_err("it does not answer");
    assert!(asked.elapsed() < LATE);
    let asked = Instant::now();
    leases.release(&lease).await.expect_err("it is spared");
    assert!(asked.elapsed() < AT_ONCE);
    server.resume();
    // What was asked for in vain was given back, and what was released, too.
    granted_soon(&others, free).await;
    granted_soon(&others, held).await;
    granted_soon(&leases, some_showtime()).await;
}

#[tokio::test]
async fn a_redis_paused_while_one_waits_does_not_prolong_the_wait() {
    let Some(server) = OwnRedis::start().await else { return };
    let (leases, showtime) = (instance(&server.url()), some_showtime());
    granted(&leases, showtime, LONG).await;
    let mut connection = connect(&server.url()).await;
    let (wait, asked) = (Duration::from_millis(300), Instant::now());
    let (answer, ()) = tokio::join!(ask(&leases, showtime, wait), async {
        until_queued(&mut connection, showtime, 1).await;
        server.pause();
    });
    answer.expect_err("it does not answer");
    assert!(asked.elapsed() < wait + LATE);
}

#[tokio::test]
async fn a_redis_that_is_gone_costs_no_time_and_is_used_again_once_it_is_back() {
    let Some(mut server) = OwnRedis::start().await else { return };
    let (leases, showtime) = (instance(&server.url()), some_showtime());
    granted(&leases, showtime, LONG).await;
    leases.ping().await.expect("it is there");
    server.kill();
    let (mut slowest, mut spared) = (Duration::ZERO, 0);
    for _ in 0..200 {
        let asked = Instant::now();
        let error = ask(&leases, showtime, LONG).await.expect_err("it is gone");
        slowest = slowest.max(asked.elapsed());
        spared += usize::from(error.0.contains("spared"));
    }
    assert!(spared > 190, "{spared}");
    println!("200 asked in vain, the slowest for {slowest:?}");
    assert!(slowest < AT_ONCE);
    leases.ping().await.expect_err("it is gone");
    server.run().await;
    leases.ping().await.expect("a ping is not spared");
    let lease = granted_soon(&leases, showtime).await;
    assert!(leases.release(&lease).await.expect("it is there"));
}

#[tokio::test]
async fn a_redis_that_comes_after_the_service_is_used_when_it_is_there() {
    let Some(mut server) = OwnRedis::prepare() else { return };
    let (leases, showtime) = (instance(&server.url()), some_showtime());
    ask(&leases, showtime, NO_WAIT).await.expect_err("it is not there yet");
    server.run().await;
    granted_soon(&leases, showtime).await;
}

#[tokio::test]
async fn an_emptied_redis_harms_nobody() {
    let Some(server) = OwnRedis::start().await else { return };
    let [leases, others] = [(); 2].map(|()| instance(&server.url()));
    let (showtime, mut connection) = (some_showtime(), connect(&server.url()).await);
    for orders in [&["FLUSHALL SYNC"][..], &["FLUSHALL SYNC", "SCRIPT FLUSH"]] {
        let lease = granted(&leases, showtime, LONG).await;
        let waiter = waiter(&leases, showtime);
        until_queued(&mut connection, showtime, 1).await;
        for order in orders {
            let (name, what) = order.split_once(' ').expect("two words");
            redis::cmd(name).arg(what).exec_async(&mut connection).await.expect("it does");
        }
        assert!(!leases.renew(&lease, LONG).await.expect("it answers"));
        let next = waiter.await.expect("it does not panic").expect("the lease is free");
        assert!(!leases.release(&lease).await.expect("it answers"), "another has it");
        assert_eq!(ask(&others, showtime, NO_WAIT).await.expect("it answers"), None);
        assert!(leases.release(&next).await.expect("it answers"));
    }
}

#[tokio::test]
async fn a_lost_connection_is_replaced_before_anybody_notices() {
    let Some(server) = OwnRedis::start().await else { return };
    let [leases, others] = [(); 2].map(|()| instance(&server.url()));
    let (showtime, mut connection) = (some_showtime(), connect(&server.url()).await);
    let lease = granted(&others, showtime, LONG).await;
    let waiter = waiter(&leases, showtime);
    until_queued(&mut connection, showtime, 1).await;
    for kind in ["normal", "pubsub"] {
        let _: i64 = redis::cmd("CLIENT")
            .arg(&["KILL", "TYPE", kind, "SKIPME", "yes"])
            .query_async(&mut connection)
            .await
            .expect("it does");
    }
    assert!(others.release(&lease).await.expect("it answers"));
    let released = Instant::now();
    let next = waiter.await.expect("it does not panic").expect("it is its turn");
    println!("granted {:?} after the release", released.elapsed());
    assert!(leases.release(&next).await.expect("it answers"));
}
