//! Redis is away, empty, or silent: the instances go on without leases.

use std::time::Duration;

use tokio::time::Instant;

use super::audit::audit;
use super::cluster::{Cluster, OK};
use super::on_sale::OnSale;
use super::until;

const DEGRADED: [&str; 3] = ["degraded", "connected", "disconnected"];

/// How long an answer may take while Redis is none: a desk waits for its lease
/// for a second, and finds out within three timeouts that there is none.
const WITHOUT_REDIS: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_redis_for_ten_seconds_holds_go_on_and_health_says_degraded() {
    let Some(mut cluster) = Cluster::start().await else { return };
    assert!(cluster.all_say(200, OK).await);
    let sale = OnSale::open(cluster.sites());
    sale.goes_on(100).await;

    cluster.redis.stop().await;
    let back = Instant::now() + Duration::from_secs(10);
    sale.time_anew();
    let noticed = until("health says degraded", async || cluster.all_say(200, DEGRADED).await);
    println!("degraded after {:?}", noticed.await);
    cluster.are_ready(true).await;
    while Instant::now() < back {
        sale.goes_on(50).await;
        assert!(cluster.all_say(200, DEGRADED).await);
    }
    assert!(sale.seen().slowest < WITHOUT_REDIS, "{:?}", sale.seen());
    assert!(cluster.batches_without_lease().await > 0, "nobody missed it");

    cluster.redis.run().await;
    let ok = until("health says ok by itself", async || cluster.all_say(200, OK).await).await;
    println!("ok {ok:?} after Redis was back");
    sale.goes_on(100).await;
    let seen = audit(sale, cluster).await;
    assert_eq!(seen.failures(), 0, "{seen:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_is_emptied_again_and_again_harms_nobody() {
    let Some(cluster) = Cluster::start().await else { return };
    let sale = OnSale::open(cluster.sites());
    let mut forgotten = 0;
    for _ in 0..30 {
        sale.goes_on(50).await;
        forgotten += cluster.redis.flush().await;
    }
    assert!(forgotten > 0, "no lease was lost");
    sale.goes_on(50).await;
    let seen = audit(sale, cluster).await;
    assert_eq!(seen.failures(), 0, "{seen:?}");
    assert!(seen.slowest < WITHOUT_REDIS, "{seen:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_is_silent_for_some_seconds_fails_no_hold_and_delays_none_for_long() {
    let Some(cluster) = Cluster::start().await else { return };
    let sale = OnSale::open(cluster.sites());
    sale.goes_on(100).await;
    sale.time_anew();
    cluster.redis.pause();
    let over = Instant::now() + Duration::from_secs(4);
    until("health says degraded", async || cluster.all_say(200, DEGRADED).await).await;
    while Instant::now() < over {
        sale.goes_on(20).await;
    }
    assert!(cluster.batches_without_lease().await > 0, "nobody missed it");
    cluster.redis.resume();
    let ok = until("health says ok by itself", async || cluster.all_say(200, OK).await).await;
    println!("ok {ok:?} after Redis went on");
    sale.goes_on(100).await;
    let seen = audit(sale, cluster).await;
    assert_eq!(seen.failures(), 0, "{seen:?}");
    assert!(seen.slowest < WITHOUT_REDIS, "{seen:?}");
}
