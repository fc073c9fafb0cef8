//! MongoDB is away, and comes back: nothing is granted meanwhile, and nothing
//! that was is lost.

use tokio::time::Instant;

use super::audit::audit;
use super::buyer::Seen;
use super::cluster::{Cluster, OK};
use super::on_sale::OnSale;
use super::until;

const DOWN: [&str; 3] = ["down", "disconnected", "connected"];

/// Takes MongoDB away in the middle of an on-sale and brings it back, in these
/// ways.
async fn without_mongodb(
    take_away: impl AsyncFnOnce(&mut Cluster),
    bring_back: impl FnOnce(&mut Cluster),
) {
    let Some(mut cluster) = Cluster::start().await else { return };
    let sale = OnSale::open(cluster.sites());
    sale.goes_on(200).await;

    take_away(&mut cluster).await;
    let noticed = until("health says down", async || cluster.all_say(503, DOWN).await);
    println!("down after {:?}", noticed.await);
    let before = sale.seen();
    cluster.are_ready(false).await;
    let refused = before.put_off("SERVICE_UNAVAILABLE") + 20;
    sale.until("refusals", |seen| seen.put_off("SERVICE_UNAVAILABLE") >= refused).await;
    let during = sale.seen();
    assert_eq!(during.held, before.held, "there is no store");
    let other = |seen: &Seen| {
        seen.put_off.values().sum::<usize>() - seen.put_off("SERVICE_UNAVAILABLE") + seen.cut_off
    };
    assert_eq!(other(&during), other(&before), "{during:?}");

    let started = Instant::now();
    bring_back(&mut cluster);
    cluster.mongo.until_writable().await;
    println!("writable {:?} after its start", started.elapsed());
    sale.newcomer().await;
    println!("a newcomer's hold {:?} after its start", started.elapsed());
    until("health says ok by itself", async || cluster.all_say(200, OK).await).await;
    println!("ok {:?} after its start", started.elapsed());
    cluster.are_ready(true).await;
    sale.until("a repeat is granted", |seen| seen.acknowledged() > before.acknowledged() + 1).await;
    println!("a repeat is granted {:?} after its start", started.elapsed());
    sale.goes_on(200).await;
    audit(sale, cluster).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mongodb_that_is_restarted_is_waited_for_and_every_buyer_gets_their_seats() {
    without_mongodb(async |cluster| cluster.mongo.stop().await, |cluster| cluster.mongo.run())
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mongodb_that_is_killed_comes_back_with_all_that_was_acknowledged() {
    without_mongodb(async |cluster| cluster.mongo.kill(), |cluster| cluster.mongo.run()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mongodb_that_is_silent_for_some_seconds_makes_nobody_say_anything_wrong() {
    without_mongodb(async |cluster| cluster.mongo.pause(), |cluster| cluster.mongo.resume()).await;
}
