//! Payments of which the gateway does not tell by itself.

use seathold_service::limits::{CHECK_FOR_MS, CHECK_MAX_MS, FIRST_CHECK_MS};
use seathold_service::model::{BookingStatus, Outcome, PaymentMethod, PaymentStatus};
use seathold_service::{Checked, PayRequest};
use seathold_testkit::world::{SEAT_PRICE, booking_of, pay, word};

use crate::money::Started;

const TTL: i64 = 600_000;

#[tokio::test]
async fn a_payment_is_asked_about_when_due_and_sold_if_it_was_paid() {
    let it = Started::new().await;
    let (service, clock) = (&it.stage.service, &it.stage.world.clock);
    it.stage.world.gateway.decide(word(&it.session, Outcome::Success, SEAT_PRICE));
    assert_eq!(service.settle_payments().await, Ok(Checked::default()), "a callback may come yet");
    clock.advance(FIRST_CHECK_MS);
    assert_eq!(service.settle_payments().await, Ok(Checked { asked: 1, ended: 1 }));
    assert_eq!(it.status().await, (BookingStatus::Confirmed, PaymentStatus::Completed));
    // The callback comes after all.
    it.hear(&it.session, Outcome::Success).await;
    clock.advance(CHECK_FOR_MS);
    assert_eq!(service.settle_payments().await, Ok(Checked::default()));
    assert!(it.stage.world.gateway.refunded().is_empty());
    it.stage.audit().await;
}

#[tokio::test]
async fn a_payment_that_was_heard_of_is_not_asked_about() {
    for outcome in [Outcome::Success, Outcome::Failed] {
        let it = Started::new().await;
        it.hear(&it.session, outcome).await;
        it.stage.world.clock.advance(CHECK_FOR_MS);
        assert_eq!(it.stage.service.settle_payments().await, Ok(Checked::default()));
        it.stage.audit().await;
    }
}

#[tokio::test]
async fn checks_come_less_and_less_often_and_end_after_a_week() {
    let it = Started::new().await;
    let (service, clock) = (&it.stage.service, &it.stage.world.clock);
    let mut wait = FIRST_CHECK_MS;
    let mut asked = 0;
    while let Some(next) = it.payment(&it.session).await.next_check {
        let until = next.millis_since(service.now());
        assert!((wait..=wait * 3 / 2).contains(&until), "check {asked}: after {until} ms");
        clock.advance(until);
        if asked > 0 {
            wait = (2 * wait).min(CHECK_MAX_MS);
        }
        asked += 1;
        assert_eq!(service.settle_payments().await, Ok(Checked { asked: 1, ended: 0 }));
        assert_eq!(it.payment(&it.session).await.checks, asked);
    }
    assert!((20..60).contains(&asked), "asked {asked} times");
    assert_eq!(it.status().await.1, PaymentStatus::Pending, "money that comes still counts");
    it.stage.audit().await;
}

#[tokio::test]
async fn a_superseded_payment_is_asked_about_and_its_money_goes_back() {
    let it = Started::new().await;
    let (service, clock) = (&it.stage.service, &it.stage.world.clock);
    let booking = booking_of(&it.held);
    let request = pay(booking, &it.stage.world.key("ann"));
    let by_momo = PayRequest { method: PaymentMethod::Momo, ..request };
    let second = service.pay(by_momo).await.expect("a session");
    let mut momo = word(&second, Outcome::Success, SEAT_PRICE);
    momo.provider = PaymentMethod::Momo;
    service.receive(momo).await.expect("taken");
    assert_eq!(it.status().await, (BookingStatus::Confirmed, PaymentStatus::Failed));
    it.stage.world.gateway.decide(word(&it.session, Outcome::Success, SEAT_PRICE));
    clock.advance(FIRST_CHECK_MS);
    assert_eq!(service.settle_payments().await, Ok(Checked { asked: 1, ended: 1 }));
    assert_eq!(it.status().await, (BookingStatus::Confirmed, PaymentStatus::Refunded));
    assert_eq!(it.payment(&second).await.status, PaymentStatus::Completed);
    assert_eq!(it.stage.world.gateway.refunded().len(), 1);
    it.stage.audit().await;
}

#[tokio::test]
async fn a_gateway_that_says_no_ends_the_payment_and_is_not_asked_again() {
    let it = Started::new().await;
    it.stage.world.gateway.decide(word(&it.session, Outcome::Failed, SEAT_PRICE));
    it.stage.world.clock.advance(FIRST_CHECK_MS);
    let checked = it.stage.service.settle_payments().await;
    assert_eq!(checked, Ok(Checked { asked: 1, ended: 1 }));
    assert_eq!(it.status().await, (BookingStatus::Pending, PaymentStatus::Failed));
    it.stage.world.clock.advance(CHECK_FOR_MS);
    assert_eq!(it.stage.service.settle_payments().await, Ok(Checked::default()));
    it.stage.audit().await;
}

#[tokio::test]
async fn of_many_instances_one_asks() {
    let it = Started::new().await;
    it.stage.world.clock.advance(FIRST_CHECK_MS);
    let process = || it.stage.world.process(it.stage.world.store.clone());
    let (one, other) = (process(), process());
    let (one, other) = tokio::join!(one.settle_payments(), other.settle_payments());
    let asked = one.expect("a store").asked + other.expect("a store").asked;
    assert_eq!((asked, it.stage.world.gateway.asked()), (1, 1));
}

#[tokio::test]
async fn reconcile_asks_about_everything_and_leaves_nothing_open() {
    let it = Started::new().await;
    it.stage.world.gateway.decide(word(&it.session, Outcome::Success, SEAT_PRICE));
    let done = it.stage.service.reconcile().await.expect("a store");
    assert_eq!(done.payments, Checked { asked: 1, ended: 1 });
    assert_eq!((done.events_open, done.refunds_open), (0, 0));
    assert_eq!(it.status().await, (BookingStatus::Confirmed, PaymentStatus::Completed));
    let again = it.stage.service.reconcile().await.expect("a store");
    assert_eq!(again, seathold_service::Reconciled::default());
    it.stage.audit().await;
}

#[tokio::test]
async fn reconcile_gives_back_what_was_paid_too_late() {
    let it = Started::new().await;
    it.stage.world.clock.advance(TTL);
    it.stage.hold(&["A1"], &it.stage.world.key("bob")).await.expect("a hold");
    it.stage.world.gateway.decide(word(&it.session, Outcome::Success, SEAT_PRICE));
    it.stage.world.gateway.set_slow(true);
    let done = it.stage.service.reconcile().await.expect("a store");
    assert_eq!((done.refunds, done.refunds_open), (0, 1));
    it.stage.world.gateway.set_slow(false);
    let done = it.stage.service.reconcile().await.expect("a store");
    assert_eq!((done.refunds, done.refunds_open), (1, 0));
    assert_eq!(it.status().await, (BookingStatus::Expired, PaymentStatus::Refunded));
    it.stage.audit().await;
}
