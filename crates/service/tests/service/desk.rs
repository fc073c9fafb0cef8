use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;
use seathold_core::{Refusal, ShowtimeId};
use seathold_service::model::BookingStatus;
use seathold_service::ports::{Lease, LeaseError, Leases};
use seathold_service::{Error, Service};
use seathold_testkit::world::{booking_of, cancel, hold};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::support::Stage;

#[tokio::test]
async fn of_many_who_want_one_seat_one_gets_it() {
    let stage = Stage::new().await;
    let keys: Vec<_> = (0..300).map(|n| stage.world.key(&format!("user-{n}"))).collect();
    let replies = join_all(keys.iter().map(|key| stage.hold(&["A1"], key))).await;
    let (won, lost): (Vec<_>, Vec<_>) = replies.into_iter().partition(Result::is_ok);
    assert_eq!(won.len(), 1);
    let held = Refusal::SeatsHeldByAnother(vec!["A1".parse().expect("a label")]);
    assert!(lost.iter().all(|reply| *reply == Err(Error::Refused(held.clone()))));
    stage.audit().await;
}

#[tokio::test]
async fn one_refusal_in_a_batch_does_not_fail_its_neighbours() {
    let stage = Stage::new().await;
    let (ann, bob, eve) = (stage.world.key("ann"), stage.world.key("bob"), stage.world.key("eve"));
    let (first, second, third) = tokio::join!(
        stage.hold(&["A1", "A2"], &ann),
        stage.hold(&["A2", "A3"], &bob),
        stage.hold(&["A3", "A4"], &eve),
    );
    assert!(first.is_ok() && second.is_err() && third.is_ok());
    stage.audit().await;
}

#[tokio::test]
async fn a_client_that_goes_away_changes_nothing_about_its_hold() {
    let stage = Stage::new().await;
    let key = stage.world.key("ann");
    let mut request = Box::pin(stage.service.hold(hold(stage.showtime, &["A1"], &key)));
    // Polled once: the command is queued. Then the client hangs up.
    assert!(futures_util::poll!(&mut request).is_pending());
    drop(request);
    let reply = stage.hold(&["A1"], &key).await.expect("a replay");
    assert!(reply.replayed);
    stage.audit().await;
}

#[tokio::test]
async fn two_processes_on_one_store_sell_no_seat_twice() {
    let stage = Stage::new().await;
    // Each has a keeper of leases of its own: layer 2 stands alone.
    let other = stage.world.process(stage.world.store.clone());
    let keys: Vec<_> = (0..100).map(|n| stage.world.key(&format!("user-{n}"))).collect();
    let holds = keys.iter().enumerate().map(|(n, key)| {
        let service = if n % 2 == 0 { &stage.service } else { &other };
        service.hold(hold(stage.showtime, &["A1"], key))
    });
    let won = join_all(holds).await.into_iter().filter(Result::is_ok).count();
    assert_eq!(won, 1);
    stage.audit().await;
}

#[tokio::test]
async fn a_stale_map_is_never_the_ground_for_a_refusal() {
    let stage = Stage::new().await;
    let other = stage.world.process(stage.world.store.clone());
    let held = stage.hold(&["A1"], &stage.world.key("ann")).await.expect("a hold");
    other.cancel(cancel(booking_of(&held), "ann")).await.expect("cancelled elsewhere");
    let taken = stage.hold(&["A1"], &stage.world.key("bob")).await;
    assert!(taken.is_ok(), "the seat is free: {taken:?}");
    assert_eq!(stage.booking(booking_of(&held)).await.status, BookingStatus::Cancelled);
    stage.audit().await;
}

#[tokio::test]
async fn a_drained_service_finishes_what_is_queued_and_takes_nothing_more() {
    let stage = Stage::new().await;
    let key = stage.world.key("ann");
    let mut queued = Box::pin(stage.hold(&["A1"], &key));
    assert!(futures_util::poll!(&mut queued).is_pending());
    stage.service.drain().await;
    assert!(queued.await.is_ok());
    let late = stage.hold(&["A2"], &stage.world.key("bob")).await;
    assert_eq!(late, Err(Error::Unavailable));
    stage.audit().await;
}

#[tokio::test]
async fn a_showtime_nobody_knows_is_refused() {
    let stage = Stage::new().await;
    let nowhere = stage.world.env().showtime_id();
    let reply = stage.service.hold(hold(nowhere, &["A1"], &stage.world.key("ann"))).await;
    assert_eq!(reply, Err(Error::Refused(Refusal::ShowtimeNotFound)));
}

/// Grants every lease, but not before it is told to.
#[derive(Default)]
struct Gate {
    asked: Notify,
    opened: Notify,
    is_open: AtomicBool,
}

impl Gate {
    fn open(&self) {
        self.is_open.store(true, Ordering::SeqCst);
        self.opened.notify_one();
    }
}

#[async_trait]
impl Leases for Gate {
    async fn acquire(
        &self,
        showtime: ShowtimeId,
        token: Uuid,
        _: Duration,
        _: Duration,
    ) -> Result<Option<Lease>, LeaseError> {
        self.asked.notify_one();
        if !self.is_open.load(Ordering::SeqCst) {
            self.opened.notified().await;
        }
        Ok(Some(Lease { showtime, token }))
    }

    async fn renew(&self, _: &Lease, _: Duration) -> Result<bool, LeaseError> {
        Ok(true)
    }

    async fn release(&self, _: &Lease) -> Result<bool, LeaseError> {
        Ok(true)
    }

    async fn ping(&self) -> Result<(), LeaseError> {
        Ok(())
    }
}

/// Until what was just begun waits for something. The test has one thread.
async fn let_others_run() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_hold_that_is_over_before_its_commit_is_granted_to_nobody() {
    let stage = Stage::new().await;
    let (gate, key) = (Arc::<Gate>::default(), stage.world.key("ann"));
    let service = stage.world.process_with(stage.world.store.clone(), gate.clone());
    let ask = |service: Arc<Service>| {
        let request = hold(stage.showtime, &["A1"], &key);
        tokio::spawn(async move { service.hold(request).await })
    };
    let first = ask(service.clone());
    gate.asked.notified().await;
    // The process stood still for longer than a hold lasts. The client asks again.
    stage.world.clock.advance(600_001);
    let again = ask(service);
    let_others_run().await;
    gate.open();
    assert_eq!(first.await.expect("an answer"), Err(Error::Unavailable));
    let again = again.await.expect("an answer").expect("the seat is free");
    assert_eq!(stage.owners(&["A1"]).await, [Some(booking_of(&again))]);
    stage.audit().await;
}
