//! What others are told of bookings.

use std::sync::Arc;

use seathold_core::{BookingId, Refusal};
use seathold_service::limits::{
    CLAIM_LEASE_MS, OUTBOX_LEASE_MS, SWEEP_GRACE_MS, TELL_RETRY_MAX_MS, TELL_RETRY_MS,
    TELL_TRIES_MAX,
};
use seathold_service::model::{BookingEvent, BookingEventId, ReceiverId};
use seathold_service::{Error, Past, Service};
use seathold_testkit::world::{booking_of, cancel, refund};

use crate::crash::{Story, tell};
use crate::refunds::sold;
use crate::support::Stage;

const TTL: i64 = 600_000;

/// The life of a booking that was sold and given back.
const LIFE: [BookingEvent; 4] = [Held, Confirmed, Cancelled, Refunded];

use BookingEvent::{Cancelled, Confirmed, Expired, Held, Refunded};

/// A stage where this many receivers are told.
async fn with_receivers(names: &[&str]) -> (Stage, Vec<ReceiverId>) {
    let mut stage = Stage::new().await;
    let receivers = names.iter().map(|name| stage.world.receivers.add(name)).collect();
    stage.restart();
    (stage, receivers)
}

/// What a receiver heard of a booking.
fn heard(stage: &Stage, receiver: ReceiverId, booking: BookingId) -> Vec<BookingEvent> {
    let heard = stage.world.receivers.heard(receiver).into_iter();
    heard.filter(|it| it.booking == booking).map(|it| it.event).collect()
}

async fn held(stage: &Stage, user: &str, seat: &str) -> BookingId {
    booking_of(&stage.hold(&[seat], &stage.world.key(user)).await.expect("a hold"))
}

async fn told(stage: &Stage) -> u64 {
    stage.service.tell_events().await.expect("a store").told
}

async fn give_back(stage: &Stage, booking: BookingId) {
    let request = refund(booking, &stage.world.key("ann"), false);
    stage.service.refund_booking(request).await.expect("given back");
}

#[tokio::test]
async fn where_nobody_is_told_rows_have_no_outbox() {
    let stage = Stage::new().await;
    let booking = held(&stage, "ann", "A1").await;
    assert_eq!(stage.booking(booking).await.outbox, None);
    assert_eq!(told(&stage).await, 0);
}

#[tokio::test]
async fn each_event_of_a_life_is_told_once_as_it_comes() {
    let (stage, to) = with_receivers(&["a"]).await;
    let booking = held(&stage, "ann", "A1").await;
    assert_eq!((told(&stage).await, told(&stage).await), (1, 0));
    assert_eq!(heard(&stage, to[0], booking), [Held]);
    let at = stage.booking(booking).await.held_at.as_millis();
    assert_eq!(stage.world.receivers.bodies(to[0]), [format!("held at {at}, is pending")]);
    stage.service.cancel(cancel(booking, "ann")).await.expect("cancelled");
    assert_eq!((told(&stage).await, told(&stage).await), (1, 0));
    assert_eq!(heard(&stage, to[0], booking), [Held, Cancelled]);
    stage.audit().await;
}

#[tokio::test]
async fn what_happened_before_anybody_looked_is_told_in_order() {
    let (stage, to) = with_receivers(&["a"]).await;
    let booking = sold(&stage, "ann", "A1").await;
    give_back(&stage, booking).await;
    assert_eq!(told(&stage).await, 4);
    assert_eq!(heard(&stage, to[0], booking), [Held, Confirmed, Cancelled, Refunded]);
    assert!(!stage.booking(booking).await.outbox.expect("it has one").open);
}

#[tokio::test]
async fn an_expiry_is_told_once_the_seats_are_free_and_a_late_sale_after_it() {
    let (stage, to) = with_receivers(&["a"]).await;
    let booking = held(&stage, "ann", "A1").await;
    stage.world.clock.advance(TTL + SWEEP_GRACE_MS);
    assert_eq!(told(&stage).await, 1);
    assert_eq!(heard(&stage, to[0], booking), [Held]);
    stage.service.sweep().await.expect("a sweep");
    assert_eq!(told(&stage).await, 1);
    assert_eq!(heard(&stage, to[0], booking), [Held, Expired]);
    stage.world.store.confirm_booking(booking, None, stage.service.now()).await.expect("a store");
    assert_eq!(told(&stage).await, 1);
    assert_eq!(heard(&stage, to[0], booking), [Held, Expired, Confirmed]);
}

#[tokio::test]
async fn each_receiver_is_told_apart_from_the_others() {
    let (stage, to) = with_receivers(&["a", "b"]).await;
    stage.world.receivers.set_down(to[1], true);
    let booking = sold(&stage, "ann", "A1").await;
    assert_eq!(told(&stage).await, 2);
    assert_eq!(heard(&stage, to[0], booking), [Held, Confirmed]);
    assert_eq!(heard(&stage, to[1], booking), []);
    stage.world.receivers.set_down(to[1], false);
    assert_eq!(told(&stage).await, 0, "it is given a rest");
    give_back(&stage, booking).await;
    assert_eq!(told(&stage).await, 2, "the other hears at once");
    assert_eq!(heard(&stage, to[0], booking), LIFE);
    assert_eq!(heard(&stage, to[1], booking), []);
    stage.world.clock.advance(2 * TELL_RETRY_MS);
    assert_eq!(told(&stage).await, 4);
    assert_eq!(heard(&stage, to[0], booking), LIFE);
    assert_eq!(heard(&stage, to[1], booking), LIFE);
}

#[tokio::test]
async fn what_is_never_taken_is_given_up_and_what_comes_later_is_told() {
    let (stage, to) = with_receivers(&["a"]).await;
    stage.world.receivers.set_down(to[0], true);
    let booking = held(&stage, "ann", "A1").await;
    let id = BookingEventId { booking, event: Held };
    let mut dead = 0;
    for _ in 0..TELL_TRIES_MAX {
        assert_eq!(dead, 0);
        dead = stage.service.tell_events().await.expect("a store").dead;
        stage.world.clock.advance(2 * TELL_RETRY_MAX_MS);
    }
    assert_eq!(dead, 1);
    let (letters, more) = stage.service.dead_letters(None).await.expect("a store");
    assert_eq!((letters.len(), more), (1, None));
    assert_eq!((letters[0].id, letters[0].tries), (id, TELL_TRIES_MAX));
    assert_eq!(letters[0].error.as_deref(), Some("down"));
    stage.world.receivers.set_down(to[0], false);
    stage.service.sweep().await.expect("a sweep");
    assert_eq!(told(&stage).await, 1);
    assert_eq!(heard(&stage, to[0], booking), [Expired]);
    assert_eq!(stage.service.count_dead_letters().await, Ok(1));
    // Until somebody asks for it.
    assert_eq!(stage.service.revive(id).await, Ok(1));
    assert_eq!(stage.service.revive(id).await, Ok(0));
    assert_eq!(stage.service.count_dead_letters().await, Ok(0));
    assert_eq!(told(&stage).await, 1);
    assert_eq!(heard(&stage, to[0], booking), [Expired, Held]);
}

#[tokio::test]
async fn a_receiver_that_is_down_is_left_alone_for_the_rest_of_the_round() {
    let (stage, to) = with_receivers(&["a"]).await;
    stage.world.receivers.set_down(to[0], true);
    for n in 0..50 {
        let user = format!("user-{n}");
        let showtime =
            stage.service.create_showtime(seathold_testkit::world::ten_seats(stage.service.now()));
        let showtime = showtime.await.expect("a showtime").summary.showtime.id;
        let hold = seathold_testkit::world::hold(showtime, &["A1"], &stage.world.key(&user));
        stage.service.hold(hold).await.expect("a hold");
    }
    stage.service.tell_events().await.expect("a store");
    assert!(stage.world.receivers.tries() <= 16 + 8, "{}", stage.world.receivers.tries());
    stage.world.receivers.set_down(to[0], false);
    stage.world.clock.advance(2 * TELL_RETRY_MS);
    assert_eq!(told(&stage).await, 50);
}

#[tokio::test]
async fn of_two_instances_one_tells_of_a_booking_at_a_time() {
    let (stage, to) = with_receivers(&["a"]).await;
    let other = stage.world.process(stage.world.store.clone());
    let mut bookings = Vec::new();
    for seat in ["A1", "A2", "A3", "A4"] {
        bookings.push(sold(&stage, "ann", seat).await);
    }
    let (one, two) = tokio::join!(stage.service.tell_events(), other.tell_events());
    assert_eq!(one.expect("a store").told + two.expect("a store").told, 8);
    for booking in bookings {
        assert_eq!(heard(&stage, to[0], booking), [Held, Confirmed]);
    }
}

#[tokio::test]
async fn a_history_tells_what_happened_in_order() {
    let (stage, to) = with_receivers(&["a"]).await;
    let booking = sold(&stage, "ann", "A1").await;
    stage.world.clock.advance(1_000);
    give_back(&stage, booking).await;
    stage.world.clock.advance(1_000);
    told(&stage).await;
    let history = stage.service.history(booking).await.expect("a booking");
    assert!(history.is_sorted_by_key(|event| event.at), "{history:?}");
    let has = |what: &dyn Fn(&Past) -> bool| history.iter().filter(|it| what(&it.what)).count();
    for event in [Held, Confirmed, Cancelled, Refunded] {
        assert_eq!(has(&|it| *it == Past::Booking(event)), 1, "{history:?}");
        let told = BookingEventId { booking, event };
        assert_eq!(has(&|it| *it == Past::Told(told, Some(to[0].to_string()))), 1);
    }
    assert_eq!(has(&|it| matches!(it, Past::PaymentStarted { .. })), 1);
    assert_eq!(has(&|it| matches!(it, Past::PaymentPaid { .. })), 1);
    assert_eq!(has(&|it| matches!(it, Past::PaymentRefunded(..))), 1);
    assert_eq!(has(&|it| matches!(it, Past::RefundDecided(..))), 1);
    let nobody = stage.world.env().booking_id();
    let none = stage.service.history(nobody).await;
    assert_eq!(none, Err(Error::Refused(Refusal::BookingNotFound)));
}

/// What must have been heard: each event of the life so far, the first time each in
/// order, a repeat only of what was told last.
fn heard_in_order(events: &[BookingEvent], life: &[BookingEvent]) {
    let mut distinct = events.to_vec();
    distinct.dedup();
    assert_eq!(distinct, life);
}

/// Someone tells of a life, of which the end came while nobody looked.
struct Telling {
    receiver: ReceiverId,
    booking: BookingId,
}

impl Story for Telling {
    async fn begin(stage: &Stage) -> Self {
        let receiver = stage.world.receivers.add("a");
        let service = stage.world.process(stage.world.store.clone());
        let key = stage.world.key("ann");
        let hold = seathold_testkit::world::hold(stage.showtime, &["A1"], &key);
        let booking = booking_of(&service.hold(hold).await.expect("a hold"));
        service.cancel(cancel(booking, "ann")).await.expect("cancelled");
        Self { receiver, booking }
    }

    async fn attempt(&mut self, service: &Arc<Service>, _: &Stage) {
        let _ = service.tell_events().await;
    }

    async fn mend(self, stage: &Stage) {
        stage.world.clock.advance(OUTBOX_LEASE_MS);
        stage.service.tell_events().await.expect("a store");
        heard_in_order(&heard(stage, self.receiver, self.booking), &[Held, Cancelled]);
        let count = stage.world.receivers.tries();
        stage.world.clock.advance(OUTBOX_LEASE_MS);
        assert_eq!(stage.service.tell_events().await.expect("a store").told, 0);
        assert_eq!(stage.world.receivers.tries(), count, "there is nothing left to tell");
    }
}

#[tokio::test]
async fn telling_survives_any_single_fault() {
    tell::<Telling>().await;
}

/// The changes themselves fail: what was written down is told, and nothing else.
struct Changing {
    receiver: ReceiverId,
    booking: Option<BookingId>,
}

impl Story for Changing {
    async fn begin(stage: &Stage) -> Self {
        Self { receiver: stage.world.receivers.add("a"), booking: None }
    }

    async fn attempt(&mut self, service: &Arc<Service>, stage: &Stage) {
        let key = stage.world.key("ann");
        let hold = seathold_testkit::world::hold(stage.showtime, &["A1"], &key);
        let Ok(reply) = service.hold(hold).await else { return };
        self.booking = Some(booking_of(&reply));
        let _ = service.cancel(cancel(booking_of(&reply), "ann")).await;
    }

    async fn mend(self, stage: &Stage) {
        stage.world.clock.advance(CLAIM_LEASE_MS + OUTBOX_LEASE_MS + TTL + SWEEP_GRACE_MS);
        stage.service.sweep().await.expect("a sweep");
        stage.service.tell_events().await.expect("a store");
        stage.world.clock.advance(OUTBOX_LEASE_MS);
        stage.service.tell_events().await.expect("a store");
        let Some(booking) = self.booking else {
            // Nobody was told that it is held: it may have been all the same.
            let heard = stage.world.receivers.heard(self.receiver);
            assert!([0, 2].contains(&heard.len()), "{heard:?}");
            return;
        };
        let end = match stage.booking(booking).await.status.as_str() {
            "cancelled" => Cancelled,
            _ => Expired,
        };
        assert_eq!(heard(stage, self.receiver, booking), [Held, end]);
    }
}

#[tokio::test]
async fn every_change_that_is_written_down_is_told_whatever_fails() {
    tell::<Changing>().await;
}
