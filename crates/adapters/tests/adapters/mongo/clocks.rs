//! Instances whose clocks differ: the store's decides.

use std::sync::Arc;
use std::time::Duration;

use seathold_adapters::{
    Gateways, InProcessLeases, MongoStore, SystemClock, SystemRandom, TokioTasks,
};
use seathold_core::{Refusal, Timestamp};
use seathold_service::model::ClaimKey;
use seathold_service::ports::{Clock, Env, NoFeed};
use seathold_service::{Error, Outbound, Parts, Rules, Service, Viewer};
use seathold_testkit::world::{booking_of, hold, ten_seats, user_id};
use tokio::time::{Instant, sleep};

use super::TestDatabase;

/// How long a hold lasts here, in ms.
const TTL: i64 = 2_500;

/// How far a clock is off, in ms.
const OFF: i64 = 1_000;

/// A machine's clock that is ahead by so many ms, or behind.
struct OffBy(i64);

impl Clock for OffBy {
    fn now(&self) -> Timestamp {
        SystemClock.now().plus_millis(self.0)
    }
}

fn env(clock: Arc<dyn Clock>) -> Env {
    Env { clock, random: Arc::new(SystemRandom), tasks: Arc::new(TokioTasks) }
}

/// An instance that goes by this clock.
fn instance(store: &MongoStore, clock: Arc<dyn Clock>) -> Arc<Service> {
    Service::new(Parts {
        env: env(clock),
        store: Arc::new(store.clone()),
        leases: Arc::new(InProcessLeases::default()),
        feed: Arc::new(NoFeed),
        gateway: Arc::new(Gateways::default()),
        outbound: Outbound::none(),
        rules: Rules { hold_ttl_ms: TTL, ..Rules::default() },
    })
}

fn fresh_key(user: &str) -> ClaimKey {
    let key = env(Arc::new(SystemClock)).uuid().to_string();
    ClaimKey { user: user_id(user), key: key.parse().expect("a version 4 UUID") }
}

/// What became of a seat that one instance holds, and another wants.
#[derive(Debug)]
struct Contest {
    /// When the hold ends.
    until: Timestamp,
    /// By the store's clock, just before and just after the seat was taken over.
    taken: Option<(Timestamp, Timestamp)>,
    /// Tries that were decided, and then turned down by the store.
    turned_down: u32,
}

async fn contest(store: &MongoStore, holder: &Arc<Service>, wanter: &Arc<Service>) -> Contest {
    let made = holder.create_showtime(ten_seats(SystemClock.now())).await.expect("a showtime");
    let showtime = made.summary.showtime.id;
    let held = holder.hold(hold(showtime, &["A1"], &fresh_key("ann"))).await.expect("a hold");
    let ann = Viewer { user: user_id("ann"), admin: false };
    let booking = holder.booking(booking_of(&held), &ann).await.expect("a booking");
    let mut contest = Contest { until: booking.hold_expires_at, taken: None, turned_down: 0 };
    let asked = Instant::now();
    while contest.taken.is_none() {
        assert!(asked.elapsed() < Duration::from_secs(20), "{contest:?}");
        let before = store.now().await.expect("it answers");
        match wanter.hold(hold(showtime, &["A1"], &fresh_key("bob"))).await {
            Ok(_) => contest.taken = Some((before, store.now().await.expect("it answers"))),
            Err(Error::Busy) => contest.turned_down += 1,
            Err(Error::Refused(Refusal::SeatsHeldByAnother(_))) => {}
            Err(error) => panic!("{error:?}"),
        }
        sleep(Duration::from_millis(5)).await;
    }
    let report = holder.verify().await.expect("a report");
    assert!(report.is_clean(), "{report:#?}");
    contest
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_hold_is_taken_over_before_its_end_by_the_stores_clock() {
    let Some((store, _test)) = TestDatabase::migrated().await else { return };
    let [ahead, behind] = [OFF / 2, -OFF / 2].map(|off| instance(&store, Arc::new(OffBy(off))));
    let contest = contest(&store, &behind, &ahead).await;
    let (until, (_, after)) = (contest.until, contest.taken.expect("taken"));
    assert!(after >= until, "{contest:?}");
    // The one ahead took it for expired a second too early, and said so to the store.
    assert!(contest.turned_down > 0, "{contest:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_clock_dates_too_late_or_too_early_is_refused_by_the_store() {
    let Some((store, _test)) = TestDatabase::migrated().await else { return };
    let right = instance(&store, Arc::new(SystemClock));
    let made = right.create_showtime(ten_seats(SystemClock.now())).await.expect("a showtime");
    let showtime = made.summary.showtime.id;
    // Both before the start of the showtime, by any of these clocks.
    for off in [30 * 60 * OFF, -30 * 60 * OFF] {
        let wrong = instance(&store, Arc::new(OffBy(off)));
        let said = wrong.hold(hold(showtime, &["A1"], &fresh_key("ann"))).await;
        assert_eq!(said, Err(Error::Busy), "{off}");
        assert_eq!(right.showtime(showtime).await.expect("it is there").available, 10, "{off}");
    }
    right.hold(hold(showtime, &["A1"], &fresh_key("bob"))).await.expect("a hold");
    assert!(right.verify().await.expect("a report").is_clean());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_corrected_clock_ends_a_hold_at_its_instant_by_the_stores_clock() {
    let Some((store, _test)) = TestDatabase::migrated().await else { return };
    let mut instances = Vec::new();
    for off in [20 * OFF, -20 * OFF] {
        let clock = store.corrected(Arc::new(OffBy(off))).await;
        let (before, told, after) = (store.now().await, clock.now(), store.now().await);
        let (before, after) = (before.expect("it answers"), after.expect("it answers"));
        // It may be wrong by half of what a question takes on a busy machine.
        assert!(told.plus_millis(OFF / 4) >= before, "{off}: {told:?} {before:?}");
        assert!(told <= after.plus_millis(OFF / 4), "{off}: {told:?} {after:?}");
        instances.push(instance(&store, clock));
    }
    for (holder, wanter) in [(0, 1), (1, 0)] {
        let contest = contest(&store, &instances[holder], &instances[wanter]).await;
        let (until, taken) = (contest.until, contest.taken.expect("taken"));
        assert!(taken.1 >= until, "{contest:?}");
        // Not much later either: nobody waits for a clock that is behind.
        assert!(taken.0 < until.plus_millis(OFF), "{contest:?}");
    }
}
