use std::sync::Arc;

use seathold_core::Refusal;
use seathold_service::limits::{EVENT_RETRY_MS, REFUND_RETRY_MS, UNMATCHED_MS};
use seathold_service::model::{
    BookingStatus, GatewayEvent, Outcome, Payment, PaymentMethod, PaymentStatus,
};
use seathold_service::ports::EventKey;
use seathold_service::{Error, PayRequest, Received, Reply};
use seathold_testkit::world::{SEAT_PRICE, booking_of, cancel, pay, word};
use seathold_testkit::{BookkeepingGateway, Fault, FaultyStore};

use crate::support::Stage;

const TTL: i64 = 600_000;

/// A held seat with a payment that was started.
pub(crate) struct Started {
    pub(crate) stage: Stage,
    pub(crate) held: Reply,
    pub(crate) session: Reply,
}

impl Started {
    pub(crate) async fn new() -> Self {
        let stage = Stage::new().await;
        let held = stage.hold(&["A1"], &stage.world.key("ann")).await.expect("a hold");
        let session = stage.service.pay(pay(booking_of(&held), &stage.world.key("ann"))).await;
        Self { session: session.expect("a session"), held, stage }
    }

    pub(crate) async fn hear(&self, session: &Reply, outcome: Outcome) -> Received {
        let event = word(session, outcome, SEAT_PRICE);
        self.stage.service.receive(event).await.expect("a store")
    }

    pub(crate) async fn payment(&self, session: &Reply) -> Payment {
        let id = word(session, Outcome::Success, 0).payment_id.expect("ours");
        self.stage.world.store.payment(id).await.expect("a store").expect("a payment")
    }

    pub(crate) async fn status(&self) -> (BookingStatus, PaymentStatus) {
        let booking = self.stage.booking(booking_of(&self.held)).await;
        (booking.status, self.payment(&self.session).await.status)
    }
}

#[tokio::test]
async fn a_failed_payment_leaves_the_hold_and_a_success_after_it_counts() {
    let it = Started::new().await;
    it.hear(&it.session, Outcome::Failed).await;
    assert_eq!(it.status().await, (BookingStatus::Pending, PaymentStatus::Failed));
    it.hear(&it.session, Outcome::Success).await;
    assert_eq!(it.status().await, (BookingStatus::Confirmed, PaymentStatus::Completed));
    it.stage.audit().await;
}

#[tokio::test]
async fn a_failure_after_a_success_is_ignored() {
    let it = Started::new().await;
    it.hear(&it.session, Outcome::Success).await;
    it.hear(&it.session, Outcome::Failed).await;
    it.hear(&it.session, Outcome::Success).await;
    assert_eq!(it.status().await, (BookingStatus::Confirmed, PaymentStatus::Completed));
    it.stage.audit().await;
}

#[tokio::test]
async fn a_repeat_of_what_is_done_takes_one_read_and_one_of_another_amount_is_refused() {
    let it = Started::new().await;
    it.hear(&it.session, Outcome::Success).await;
    let store = FaultyStore::new(it.stage.world.store.clone(), Fault::Refused, 1);
    let store = Arc::new(store);
    let process = it.stage.world.process(store.clone());
    let event = word(&it.session, Outcome::Success, SEAT_PRICE);
    assert_eq!(process.receive(event.clone()).await, Ok(Received::Repeated));
    assert!(!store.struck(), "a second call");
    let other = GatewayEvent { amount: SEAT_PRICE + 1, ..event };
    let said = it.stage.service.receive(other).await;
    assert_eq!(said, Ok(Received::WrongAmount));
    it.stage.audit().await;
}

#[tokio::test]
async fn where_a_store_refuses_a_step_of_a_sale_the_next_try_need_not_wait() {
    for call in 0.. {
        let it = Started::new().await;
        let store = FaultyStore::new(it.stage.world.store.clone(), Fault::Refused, call);
        let store = Arc::new(store);
        let process = it.stage.world.process(store.clone());
        let event = word(&it.session, Outcome::Success, SEAT_PRICE);
        // It may say that it could not take it.
        let _ = process.receive(event).await;
        if !store.struck() {
            assert!(call > 6, "a sale makes more calls than {call}");
            return;
        }
        it.hear(&it.session, Outcome::Success).await;
        let sold = (BookingStatus::Confirmed, PaymentStatus::Completed);
        assert_eq!(it.status().await, sold, "call {call}");
        it.stage.audit().await;
    }
}

#[tokio::test]
async fn money_for_a_cancelled_booking_goes_back_even_though_its_seats_are_free() {
    let it = Started::new().await;
    it.stage.service.cancel(cancel(booking_of(&it.held), "ann")).await.expect("cancelled");
    it.hear(&it.session, Outcome::Success).await;
    assert_eq!(it.status().await, (BookingStatus::Cancelled, PaymentStatus::Refunded));
    assert_eq!(it.stage.world.gateway.refunded().len(), 1);
    assert_eq!(it.stage.free_seats().await, 10);
    it.stage.audit().await;
}

#[tokio::test]
async fn money_for_a_cancelled_showtime_goes_back() {
    let it = Started::new().await;
    it.stage.service.cancel_showtime(it.stage.showtime).await.expect("cancelled");
    it.hear(&it.session, Outcome::Success).await;
    assert_eq!(it.status().await, (BookingStatus::Cancelled, PaymentStatus::Refunded));
    it.stage.audit().await;
}

#[tokio::test]
async fn a_refund_is_asked_for_until_the_gateway_accepts_it() {
    let it = Started::new().await;
    it.stage.service.cancel(cancel(booking_of(&it.held), "ann")).await.expect("cancelled");
    it.stage.world.gateway.set_down(true);
    it.hear(&it.session, Outcome::Success).await;
    assert_eq!(it.stage.service.settle_refunds().await, Ok(0));
    assert_eq!(it.status().await.1, PaymentStatus::RefundPending);
    it.stage.world.gateway.set_down(false);
    assert_eq!(it.stage.service.settle_refunds().await, Ok(0), "not yet again");
    it.stage.world.clock.advance(2 * REFUND_RETRY_MS);
    assert_eq!(it.stage.service.settle_refunds().await, Ok(1));
    assert_eq!(it.stage.service.settle_refunds().await, Ok(0));
    assert_eq!(it.status().await.1, PaymentStatus::Refunded);
    it.stage.audit().await;
}

#[tokio::test]
async fn another_method_supersedes_the_first_and_money_on_both_sells_once() {
    let it = Started::new().await;
    let booking = booking_of(&it.held);
    let again = pay(booking, &it.stage.world.key("ann"));
    let same = it.stage.service.pay(again.clone()).await.expect("a session");
    assert_eq!(same.answer, it.session.answer, "the same method resumes the same session");
    let key = pay(booking, &it.stage.world.key("ann")).key;
    let by_momo = PayRequest { method: PaymentMethod::Momo, key, ..again };
    let second = it.stage.service.pay(by_momo).await.expect("a session");
    assert_ne!(second.answer, it.session.answer);
    assert_eq!(it.status().await.1, PaymentStatus::Failed);

    it.hear(&it.session, Outcome::Success).await;
    let mut momo = word(&second, Outcome::Success, SEAT_PRICE);
    momo.provider = PaymentMethod::Momo;
    it.stage.service.receive(momo).await.expect("a store");
    assert_eq!(it.status().await, (BookingStatus::Confirmed, PaymentStatus::Completed));
    assert_eq!(it.payment(&second).await.status, PaymentStatus::Refunded);
    it.stage.audit().await;
}

#[tokio::test]
async fn an_event_that_comes_before_its_payment_is_known_is_kept_and_matched() {
    let stage = Stage::new().await;
    let held = stage.hold(&["A1"], &stage.world.key("ann")).await.expect("a hold");
    let key = stage.world.key("ann");
    stage.world.gateway.set_down(true);
    let refused = stage.service.pay(pay(booking_of(&held), &key)).await;
    assert_eq!(refused, Err(Error::Gateway));
    let payments = stage.world.store.payments_after(None, 10).await.expect("a store");
    let event = GatewayEvent {
        provider: PaymentMethod::Card,
        transaction_id: BookkeepingGateway::transaction(payments[0].id),
        payment_id: None,
        outcome: Outcome::Success,
        amount: SEAT_PRICE,
        currency: None,
        paid_at: None,
    };
    // The gateway had opened it all the same: only its answer was lost.
    let heard = stage.service.receive(event).await;
    assert_eq!(heard, Ok(Received::UnknownTransaction));
    assert_eq!(stage.service.settle_inbox().await, Ok(0));
    assert_eq!(stage.booking(booking_of(&held)).await.status, BookingStatus::Pending);
    stage.world.gateway.set_down(false);
    stage.service.pay(pay(booking_of(&held), &key)).await.expect("the same payment, opened");
    assert_eq!(stage.booking(booking_of(&held)).await.status, BookingStatus::Confirmed);
    stage.audit().await;
}

#[tokio::test]
async fn a_wrong_amount_or_currency_changes_nothing() {
    let it = Started::new().await;
    let wrong = word(&it.session, Outcome::Success, 1);
    assert_eq!(it.stage.service.receive(wrong).await, Ok(Received::WrongAmount));
    let mut wrong = word(&it.session, Outcome::Success, SEAT_PRICE);
    wrong.currency = "USD".parse().ok();
    assert_eq!(it.stage.service.receive(wrong).await, Ok(Received::WrongAmount));
    assert_eq!(it.status().await, (BookingStatus::Pending, PaymentStatus::Pending));
    it.hear(&it.session, Outcome::Success).await;
    assert_eq!(it.status().await, (BookingStatus::Confirmed, PaymentStatus::Completed));
    it.stage.audit().await;
}

#[tokio::test]
async fn a_booking_that_costs_nothing_is_confirmed_at_once() {
    let stage = Stage::new().await;
    let mut free = seathold_testkit::world::ten_seats(stage.service.now());
    free.price = seathold_core::PriceTable::new(0, 0, 0).expect("prices");
    let made = stage.service.create_showtime(free).await.expect("a showtime");
    let key = stage.world.key("ann");
    let request = seathold_testkit::world::hold(made.summary.showtime.id, &["A1"], &key);
    let held = stage.service.hold(request).await.expect("a hold");
    stage.service.pay(pay(booking_of(&held), &stage.world.key("ann"))).await.expect("confirmed");
    assert_eq!(stage.booking(booking_of(&held)).await.status, BookingStatus::Confirmed);
    assert!(stage.world.gateway.opened().is_empty());
    stage.audit().await;
}

#[tokio::test]
async fn payments_race_with_cancellation_and_the_money_is_where_the_seats_are() {
    for round in 0..20 {
        let it = Arc::new(Started::new().await);
        if round % 2 == 1 {
            it.stage.world.clock.advance(TTL - 1);
        }
        let (paying, cancelling) = (it.clone(), it.clone());
        let (_, cancelled) = tokio::join!(
            async move { paying.hear(&paying.session, Outcome::Success).await },
            async move {
                cancelling.stage.service.cancel(cancel(booking_of(&cancelling.held), "ann")).await
            },
        );
        match it.status().await {
            (BookingStatus::Confirmed, PaymentStatus::Completed) => {
                assert_eq!(cancelled, Err(Error::Refused(Refusal::BookingNotPending)));
            }
            (BookingStatus::Cancelled, PaymentStatus::Refunded) => assert!(cancelled.is_ok()),
            other => panic!("neither sold nor given back: {other:?}"),
        }
        it.stage.audit().await;
    }
}

#[tokio::test]
async fn a_wrong_amount_that_came_first_does_not_stand_in_the_way_of_the_right_one() {
    for settled_between in [false, true] {
        let stage = Stage::new().await;
        let held = stage.hold(&["A1"], &stage.world.key("ann")).await.expect("a hold");
        let key = stage.world.key("ann");
        stage.world.gateway.set_down(true);
        assert_eq!(stage.service.pay(pay(booking_of(&held), &key)).await, Err(Error::Gateway));
        let payments = stage.world.store.payments_after(None, 10).await.expect("a store");
        let mut event = GatewayEvent {
            provider: PaymentMethod::Card,
            transaction_id: BookkeepingGateway::transaction(payments[0].id),
            payment_id: None,
            outcome: Outcome::Success,
            amount: 1,
            currency: None,
            paid_at: None,
        };
        let heard = stage.service.receive(event.clone()).await;
        assert_eq!(heard, Ok(Received::UnknownTransaction), "nobody can know yet");
        stage.world.gateway.set_down(false);
        stage.service.pay(pay(booking_of(&held), &key)).await.expect("opened");
        if settled_between {
            stage.service.settle_inbox().await.expect("an inbox");
        }
        event.amount = SEAT_PRICE;
        assert_eq!(stage.service.receive(event).await, Ok(Received::Taken));
        assert_eq!(stage.booking(booking_of(&held)).await.status, BookingStatus::Confirmed);
        stage.audit().await;
    }
}

#[tokio::test]
async fn a_key_the_payment_of_which_was_superseded_opens_nothing_anew() {
    let stage = Stage::new().await;
    let held = stage.hold(&["A1"], &stage.world.key("ann")).await.expect("a hold");
    let by_card = pay(booking_of(&held), &stage.world.key("ann"));
    stage.world.gateway.set_down(true);
    assert_eq!(stage.service.pay(by_card.clone()).await, Err(Error::Gateway));
    stage.world.gateway.set_down(false);
    let key = pay(booking_of(&held), &stage.world.key("ann")).key;
    let by_momo = PayRequest { method: PaymentMethod::Momo, key, ..by_card.clone() };
    stage.service.pay(by_momo).await.expect("a session");
    let again = stage.service.pay(by_card).await;
    assert_eq!(again, Err(Error::Refused(Refusal::KeyReused)));
    let opened = stage.world.gateway.opened();
    assert_eq!(opened.iter().map(|it| it.method).collect::<Vec<_>>(), [PaymentMethod::Momo]);
    stage.audit().await;
}

#[tokio::test]
async fn a_second_charge_of_one_payment_goes_back_and_the_first_stays_sold() {
    let it = Started::new().await;
    it.hear(&it.session, Outcome::Success).await;
    let mut again = word(&it.session, Outcome::Success, SEAT_PRICE);
    again.transaction_id = "ANOTHER".to_owned();
    for _ in 0..2 {
        it.stage.service.receive(again.clone()).await.expect("a store");
    }
    it.stage.service.settle_inbox().await.expect("an inbox");
    assert_eq!(it.status().await, (BookingStatus::Confirmed, PaymentStatus::Completed));
    let first = it.payment(&it.session).await;
    let second = it.stage.world.store.payment_of_transaction(PaymentMethod::Card, "ANOTHER").await;
    let second = second.expect("a store").expect("a row of its own");
    assert_eq!((second.status, second.again_of), (PaymentStatus::Refunded, Some(first.id)));
    let refunds = it.stage.world.gateway.refunded();
    assert_eq!(refunds.len(), 1, "{refunds:?}");
    assert_eq!((refunds[0].payment_id, refunds[0].refund_id), (first.id, second.id.refund()));
    assert_eq!(refunds[0].transaction_id.as_deref(), Some("ANOTHER"));
    it.stage.audit().await;
}

#[tokio::test]
async fn a_charge_under_another_reference_than_was_opened_sells_and_goes_back_by_its_own() {
    let it = Started::new().await;
    let mut event = word(&it.session, Outcome::Success, SEAT_PRICE);
    event.transaction_id = "CHARGE".to_owned();
    it.stage.service.receive(event).await.expect("a store");
    assert_eq!(it.status().await, (BookingStatus::Confirmed, PaymentStatus::Completed));
    assert_eq!(it.payment(&it.session).await.transaction_id.as_deref(), Some("CHARGE"));
    it.stage.audit().await;
}

#[tokio::test]
async fn a_refund_that_takes_the_gateway_a_while_is_asked_for_until_it_is_done() {
    let it = Started::new().await;
    it.stage.service.cancel(cancel(booking_of(&it.held), "ann")).await.expect("cancelled");
    it.stage.world.gateway.set_slow(true);
    it.hear(&it.session, Outcome::Success).await;
    for _ in 0..3 {
        assert_eq!(it.stage.service.settle_refunds().await, Ok(0));
        assert_eq!(it.status().await.1, PaymentStatus::RefundPending);
        it.stage.world.clock.advance(20 * REFUND_RETRY_MS);
    }
    it.stage.world.gateway.set_slow(false);
    assert_eq!(it.stage.service.settle_refunds().await, Ok(1));
    assert_eq!(it.stage.world.gateway.refunded().len(), 1);
    it.stage.audit().await;
}

#[tokio::test]
async fn money_that_comes_when_the_show_is_over_goes_back() {
    let it = Started::new().await;
    it.stage.world.clock.advance(3 * 3_600_000);
    it.hear(&it.session, Outcome::Success).await;
    assert_eq!(it.status().await, (BookingStatus::Expired, PaymentStatus::Refunded));
    it.stage.audit().await;
}

#[tokio::test]
async fn a_success_that_matches_nothing_is_named_after_a_while() {
    let stage = Stage::new().await;
    let event = GatewayEvent {
        provider: PaymentMethod::Vnpay,
        transaction_id: "14422574".to_owned(),
        payment_id: None,
        outcome: Outcome::Success,
        amount: SEAT_PRICE,
        currency: None,
        paid_at: None,
    };
    let heard = stage.service.receive(event).await;
    assert_eq!(heard, Ok(Received::UnknownTransaction));
    assert!(stage.service.verify().await.expect("a report").unmatched.is_empty());
    stage.world.clock.advance(UNMATCHED_MS + 1);
    let report = stage.service.verify().await.expect("a report");
    assert_eq!(report.unmatched, ["vnpay 14422574: 100000"]);
    assert!(report.is_clean());
}

#[tokio::test]
async fn a_round_leaves_an_event_alone_for_a_while_after_it_was_in_vain() {
    let stage = Stage::new().await;
    let held = stage.hold(&["A1"], &stage.world.key("ann")).await.expect("a hold");
    let key = stage.world.key("ann");
    stage.world.gateway.set_down(true);
    assert_eq!(stage.service.pay(pay(booking_of(&held), &key)).await, Err(Error::Gateway));
    let payments = stage.world.store.payments_after(None, 10).await.expect("a store");
    let event = GatewayEvent {
        provider: PaymentMethod::Card,
        transaction_id: BookkeepingGateway::transaction(payments[0].id),
        payment_id: None,
        outcome: Outcome::Success,
        amount: SEAT_PRICE,
        currency: None,
        paid_at: None,
    };
    let key = EventKey::from(&event);
    let row = async || stage.world.store.event(&key).await.expect("a store").expect("a row");
    stage.service.receive(event.clone()).await.expect("kept");
    for tries in 1..=4 {
        let before = stage.service.now();
        assert_eq!(stage.service.settle_inbox().await, Ok(0));
        let next = row().await.next_try.expect("a next try");
        let wait = next.millis_since(before);
        let least = EVENT_RETRY_MS << (tries - 1);
        assert!((least..=least * 3 / 2).contains(&wait), "try {tries}: {wait} ms");
        stage.world.clock.advance(wait - 1);
        assert_eq!(stage.service.settle_inbox().await, Ok(0));
        assert_eq!(row().await.tries, tries, "not before its time");
        stage.world.clock.advance(1);
    }
    stage.audit().await;
}
