use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, stream};

use super::buyer::{Held, Seen};
use super::cluster::Cluster;
use super::on_sale::{OnSale, SEATS_PER_SHOWTIME};
use super::until;
use crate::support::Site;

/// Bookings that are looked at at the same time.
const LOOKS: usize = 16;

/// Closes the on-sale, and checks all that was acknowledged and all that is
/// stored. Then nothing is left running.
pub(super) async fn audit(sale: OnSale, cluster: Cluster) -> Seen {
    let (held, seen) = sale.close().await;
    println!("{} holds; {seen:?}", held.len());
    assert_eq!(held.len(), seen.acknowledged());
    have_one_owner_each(&held);
    let sites = cluster.sites().all();
    let looks = held.iter().zip(sites.iter().cycle()).map(|(held, site)| is_there(site, held));
    stream::iter(looks).buffer_unordered(LOOKS).collect::<()>().await;
    for site in &sites {
        are_counted(site, &held).await;
    }
    until("nothing is in flight", async || {
        let report = sites[0].get("/api/admin/verify").by_admin().send().await.granted(200).body;
        assert_eq!(report["clean"], true, "{report:#}");
        let mut checks = report["checks"].as_array().expect("checks").iter();
        checks.all(|check| check["in_flight"] == 0)
    })
    .await;
    cluster.verify().await;
    cluster.stop().await;
    seen
}

/// No seat was given twice, and no booking.
fn have_one_owner_each(all: &[Held]) {
    let (mut seats, mut bookings) = (BTreeMap::new(), BTreeSet::new());
    for held in all {
        assert!(bookings.insert(&held.booking), "{held:?} is another's");
        for seat in &held.seats {
            let earlier = seats.insert((&held.showtime, seat), held);
            assert!(earlier.is_none(), "{seat}: {held:?} and {earlier:?}");
        }
    }
}

/// The booking reads `pending`, which it only does while it holds its seats.
async fn is_there(site: &Site, held: &Held) {
    let booking = site.booking(&held.user, &held.booking).await.granted(200);
    assert_eq!(booking.text("status"), "pending", "{held:?}");
    let seats = booking.body["seats"].as_array().expect("seats");
    let labels: Vec<_> = seats.iter().map(|seat| &seat["seat_id"]).collect();
    assert_eq!(labels, held.seats.iter().collect::<Vec<_>>());
}

/// The seats that were acknowledged are held, and no others.
async fn are_counted(site: &Site, all: &[Held]) {
    let mut showtimes = BTreeMap::<_, BTreeSet<_>>::new();
    for held in all {
        showtimes.entry(&held.showtime).or_default().extend(&held.seats);
    }
    for (showtime, acknowledged) in showtimes {
        let map = site.seats(showtime).await.granted(200);
        let seats = map.body["seats"].as_object().expect("seats");
        assert_eq!(seats.len(), SEATS_PER_SHOWTIME);
        for (label, seat) in seats {
            let expected = if acknowledged.contains(label) { "held" } else { "available" };
            assert_eq!(seat["status"], expected, "{label} of {showtime}");
        }
        let free = SEATS_PER_SHOWTIME - acknowledged.len();
        assert_eq!(map.body["available_seats"], free, "of {showtime}");
    }
}
