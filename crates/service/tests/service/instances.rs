//! Many instances on one store, all of them doing everything at once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;
use seathold_core::{BookingId, Refusal, ShowtimeId};
use seathold_service::limits::{LEASE_WAIT_AGAIN, PAYMENT_LEASE_MS, SWEEP_GRACE_MS};
use seathold_service::model::{BookingStatus, Outcome, PaymentStatus};
use seathold_service::ports::{Lease, LeaseError, Leases};
use seathold_service::{Error, Service};
use seathold_testkit::world::{SEAT_PRICE, booking_of, cancel, hold, pay, word};
use seathold_testkit::{Fault, FaultyStore, GrantedToAll};
use uuid::Uuid;

use crate::support::Stage;

const TTL: i64 = 600_000;
const INSTANCES: usize = 3;
const SEATS: usize = 10;

/// Repeats of a request that was told that its showtime is busy; it may have to
/// give way to each of the others.
const REPEATS: usize = 100;

/// Wants two seats that others want too; gives the booking and its seats.
async fn want(stage: &Stage, service: &Arc<Service>, n: usize) -> Option<(BookingId, [usize; 2])> {
    let seats = [n % SEATS, (n + 1) % SEATS].map(|seat| seat + 1);
    let labels = seats.map(|seat| format!("A{seat}"));
    let key = stage.world.key(&format!("user-{n}"));
    let request = hold(stage.showtime, &labels.each_ref().map(String::as_str), &key);
    for _ in 0..REPEATS {
        match service.hold(request.clone()).await {
            Ok(reply) => return Some((booking_of(&reply), seats)),
            Err(Error::Busy) => {}
            Err(Error::Refused(Refusal::SeatsHeldByAnother(_) | Refusal::SeatsBooked(_))) => {
                return None;
            }
            Err(error) => panic!("buyer {n}: {error:?}"),
        }
    }
    panic!("buyer {n} was never served");
}

/// Pays at one instance, and the gateway tells another.
async fn buy(stage: &Stage, shop: &Arc<Service>, informed: &Arc<Service>, booking: BookingId) {
    let user = stage.booking(booking).await.user_id.to_string();
    let session = shop.pay(pay(booking, &stage.world.key(&user))).await.expect("a session");
    informed.receive(word(&session, Outcome::Success, 2 * SEAT_PRICE)).await.expect("taken");
}

#[tokio::test]
async fn a_lock_granted_to_everybody_at_once_sells_no_seat_twice() {
    let stage = Stage::new().await;
    let leases = Arc::new(GrantedToAll);
    let instances: Vec<_> = (0..INSTANCES)
        .map(|_| stage.world.process_with(stage.world.store.clone(), leases.clone()))
        .collect();
    let at = |n: usize| &instances[n % INSTANCES];
    let mut sold: Vec<(BookingId, [usize; 2])> = Vec::new();
    for round in 0..3 {
        let rush = (0..60).map(|n| want(&stage, at(n), 100 * round + n));
        let held: Vec<_> = join_all(rush).await.into_iter().flatten().collect();
        assert!(!held.is_empty() || sold.len() == SEATS / 2, "round {round}");
        // All that is owned, by whomever it was promised to.
        for (booking, seats) in held.iter().chain(&sold) {
            let labels = seats.map(|seat| format!("A{seat}"));
            let owners = stage.owners(&labels.each_ref().map(String::as_str)).await;
            assert_eq!(owners, [Some(*booking); 2], "round {round}: {labels:?}");
        }
        // One is paid for, the others run out and are wanted again.
        let bought: Vec<_> = held.into_iter().take(1).collect();
        join_all(bought.iter().map(|(booking, _)| buy(&stage, at(round), at(round + 1), *booking)))
            .await;
        sold.extend(bought);
        stage.audit().await;
        stage.world.clock.advance(TTL);
    }
    assert_eq!(sold.len(), 3);
    for (booking, _) in &sold {
        assert_eq!(stage.booking(*booking).await.status, BookingStatus::Confirmed);
    }
    stage.audit().await;
}

/// A lease whose owner is dead for a while; it says how long it was waited for.
#[derive(Default)]
struct OwnerDead {
    back: AtomicBool,
    waits: Mutex<Vec<Duration>>,
}

#[async_trait]
impl Leases for OwnerDead {
    async fn acquire(
        &self,
        showtime: ShowtimeId,
        token: Uuid,
        _ttl: Duration,
        wait: Duration,
    ) -> Result<Option<Lease>, LeaseError> {
        self.waits.lock().expect("nobody panicked").push(wait);
        Ok(self.back.load(Ordering::SeqCst).then_some(Lease { showtime, token }))
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

#[tokio::test]
async fn a_dead_owner_of_the_lock_is_waited_for_once_in_full() {
    let (stage, leases) = (Stage::new().await, Arc::new(OwnerDead::default()));
    let service = stage.world.process_with(stage.world.store.clone(), leases.clone());
    // With nothing more to do, its desk gives the lease back each time.
    for n in 0..5 {
        leases.back.store(n == 3, Ordering::SeqCst);
        let seats = [&*format!("A{}", n + 1)];
        let key = stage.world.key(&format!("user-{n}"));
        service.hold(hold(stage.showtime, &seats, &key)).await.expect("a hold");
    }
    let waits = leases.waits.lock().expect("nobody panicked").clone();
    let full = waits[0];
    assert!(full > Duration::ZERO, "{waits:?}");
    let again = full.min(LEASE_WAIT_AGAIN);
    assert_eq!(waits, [full, again, again, again, full]);
    stage.audit().await;
}

#[tokio::test]
async fn sweeps_inboxes_and_refunds_of_all_instances_at_once_do_each_thing_once() {
    let stage = Stage::new().await;
    let (paid, cancelled, left) = ("ann", "bob", "eve");
    let mut bookings = Vec::new();
    for (seat, user) in [("A1", paid), ("A2", cancelled), ("A3", left)] {
        let held = stage.hold(&[seat], &stage.world.key(user)).await.expect("a hold");
        bookings.push(booking_of(&held));
    }
    let mut payments = Vec::new();
    for (booking, user) in bookings.iter().zip([paid, cancelled]) {
        let session = stage.service.pay(pay(*booking, &stage.world.key(user))).await;
        payments.push(word(&session.expect("a session"), Outcome::Success, SEAT_PRICE));
    }
    stage.service.cancel(cancel(bookings[1], cancelled)).await.expect("cancelled");
    // An instance takes the gateway's word for both, and dies over it.
    for event in &payments {
        let store = FaultyStore::new(stage.world.store.clone(), Fault::DiesAfter, 2);
        let doomed = stage.world.process(Arc::new(store));
        let _ = doomed.receive(event.clone()).await;
        doomed.drain().await;
    }
    assert_eq!(stage.world.store.events_after(None, true, 9).await.expect("a store").len(), 2);
    stage.world.clock.advance((TTL + SWEEP_GRACE_MS).max(PAYMENT_LEASE_MS) + 1);

    let instances: Vec<_> =
        (0..INSTANCES).map(|_| stage.world.process(stage.world.store.clone())).collect();
    let mut swept = 0;
    for _ in 0..2 {
        let rounds = instances.iter().map(|service| async {
            let (sweep, inbox, refunds) =
                tokio::join!(service.sweep(), service.settle_inbox(), service.settle_refunds());
            inbox.expect("an inbox");
            refunds.expect("refunds");
            sweep.expect("a sweep").bookings
        });
        swept += join_all(rounds).await.into_iter().sum::<u64>();
        stage.world.clock.advance(PAYMENT_LEASE_MS + 1);
    }
    let mut found = Vec::new();
    for booking in bookings {
        found.push(stage.booking(booking).await.status);
    }
    let expected = [BookingStatus::Confirmed, BookingStatus::Cancelled, BookingStatus::Expired];
    assert_eq!(found, expected, "{swept} rows were swept");
    let refunded = stage.world.gateway.refunded();
    assert_eq!(refunded.len(), 1, "{refunded:?}");
    for (event, status) in payments.iter().zip([PaymentStatus::Completed, PaymentStatus::Refunded])
    {
        let payment = stage.world.store.payment(event.payment_id.expect("ours")).await;
        assert_eq!(payment.expect("a store").expect("it").status, status);
    }
    assert!(stage.world.store.events_after(None, true, 9).await.expect("a store").is_empty());
    stage.audit().await;
}
