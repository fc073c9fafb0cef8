//! An instance is killed.

use std::time::Duration;

use super::audit::audit;
use super::cluster::Cluster;
use super::on_sale::OnSale;

/// How long an answer may take after the owner of a lease has died: a desk waits
/// for it for a second, not until it has run out.
const LEASE_LOST: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_instance_in_turn_is_killed_and_started_again_and_the_others_go_on() {
    let Some(mut cluster) = Cluster::start().await else { return };
    let sale = OnSale::open(cluster.sites());
    for number in [0, 1, 2, 0, 1, 2] {
        sale.goes_on_at(number, 20).await;
        cluster.kill_instance(number).await;
        println!("100 holds by the others took {:?}", sale.goes_on(100).await);
        cluster.start_instance(number).await;
    }
    sale.goes_on_at(2, 20).await;
    let seen = audit(sale, cluster).await;
    assert!(seen.cut_off > 0, "nobody noticed: {seen:?}");
    assert!(seen.slowest < LEASE_LOST, "{seen:?}");
}
