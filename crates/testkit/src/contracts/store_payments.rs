//! Payments and the inbox: see [`Payments`](seathold_service::ports::Payments).

use seathold_service::model::{
    Outcome, Payment, PaymentMethod, PaymentStatus, ReceivedEvent, RefundReason,
};
use seathold_service::ports::{EventKey, Inserted, PaymentMove, StoreError};

use super::samples::{at, booking_id, event, payment, payment_id};
use super::{Checked, StoreKit};

#[doc(hidden)]
#[macro_export]
macro_rules! payments_contract {
    ($make:path) => {
        $crate::contract_tests! { $make:
            a_payment_loads_as_it_was_added
            a_booking_has_one_pending_payment
            money_that_goes_back_stands_beside_a_pending_payment
            adding_a_payment_again_leaves_it_as_it_is
            a_session_is_stored_and_found_by_its_reference
            a_session_without_a_reference_leaves_the_one_that_is_there
            two_payments_of_a_provider_cannot_have_one_reference
            a_step_is_made_only_from_the_states_it_may_start_from
            a_charge_brings_its_own_reference_and_keeps_it
            a_step_that_would_take_anothers_reference_does_nothing
            a_step_at_its_deadline_does_nothing
            payments_with_a_status_come_in_order_of_ids
            payments_to_check_come_earliest_first
            a_check_is_counted_by_one_of_those_that_saw_it_due
            a_step_ends_what_was_planned_unless_it_says_otherwise
            payments_come_in_order_of_ids
            the_payments_of_a_booking_come_in_order_of_ids
            an_event_is_kept_once
            events_differ_by_provider_reference_and_outcome
            a_payment_is_leased_to_one_at_a_time
            a_finished_event_stays_finished
            an_event_that_is_not_done_is_postponed
            unfinished_events_come_page_by_page
            a_store_that_works_says_so
        }
    };
}

async fn add(kit: &StoreKit, payment: &Payment) -> Checked {
    assert_eq!(kit.store.insert_payment(payment).await?, Inserted::Yes);
    Ok(())
}

pub async fn the_payments_of_a_booking_come_in_order_of_ids(kit: &StoreKit) -> Checked {
    let failed =
        |n| Payment { booking_id: booking_id(1), status: PaymentStatus::Failed, ..payment(n) };
    for payment in [failed(3), payment(1), failed(2), payment(4)] {
        add(kit, &payment).await?;
    }
    let paid = step(1, PaymentStatus::Completed);
    assert!(kit.store.move_payment(&paid).await?);
    let of = async |n, limit| {
        let payments = kit.store.payments_of(booking_id(n), limit).await?;
        Ok::<_, StoreError>(payments.into_iter().map(|it| it.id).collect::<Vec<_>>())
    };
    assert_eq!(of(1, 9).await?, [1, 2, 3].map(payment_id));
    assert_eq!(of(1, 2).await?, [1, 2].map(payment_id));
    assert_eq!(of(4, 9).await?, [payment_id(4)]);
    assert_eq!(of(404, 9).await?, []);
    Ok(())
}

async fn stored(kit: &StoreKit, n: u32) -> Result<Payment, StoreError> {
    Ok(kit.store.payment(payment_id(n)).await?.expect("the payment was added"))
}

async fn open(kit: &StoreKit, n: u32, reference: &str) -> Result<bool, StoreError> {
    kit.store
        .open_session(payment_id(n), Some(reference), "https://pay.example/1", at(600), at(9))
        .await
}

/// A step from pending.
fn step(n: u32, to: PaymentStatus) -> PaymentMove<'static> {
    PaymentMove {
        id: payment_id(n),
        from: &[PaymentStatus::Pending],
        to,
        paid_at: None,
        transaction_id: None,
        refund_reason: None,
        keep_checking: false,
        at: at(20),
        deadline: None,
    }
}

pub async fn a_payment_loads_as_it_was_added(kit: &StoreKit) -> Checked {
    let full = Payment {
        transaction_id: Some("TXN|1".to_owned()),
        status: PaymentStatus::RefundPending,
        payment_url: Some("https://pay.example/1".to_owned()),
        paid_at: Some(at(5)),
        refund_reason: Some(RefundReason::Owner),
        again_of: Some(payment_id(7)),
        next_check: Some(at(6)),
        checks: 8,
        ..payment(2)
    };
    for payment in [payment(1), full] {
        add(kit, &payment).await?;
        assert_eq!(kit.store.payment(payment.id).await?, Some(payment));
    }
    assert_eq!(kit.store.payment(payment_id(404)).await?, None);
    Ok(())
}

pub async fn a_booking_has_one_pending_payment(kit: &StoreKit) -> Checked {
    let [first, second, other] = [1, 2, 3].map(payment);
    let second = Payment { booking_id: first.booking_id, ..second };
    add(kit, &first).await?;
    add(kit, &other).await?;
    let refused = kit.store.insert_payment(&second).await?;
    assert_eq!(refused, Inserted::Pending(Box::new(first)));
    assert_eq!(kit.store.payment(second.id).await?, None);
    assert!(kit.store.move_payment(&step(1, PaymentStatus::Failed)).await?);
    add(kit, &second).await?;
    assert_eq!(kit.store.payment(second.id).await?, Some(second.clone()));
    assert_eq!(kit.store.pending_payment(second.booking_id).await?, Some(second));
    assert_eq!(kit.store.pending_payment(other.booking_id).await?, Some(other));
    assert_eq!(kit.store.pending_payment(booking_id(404)).await?, None);
    Ok(())
}

pub async fn money_that_goes_back_stands_beside_a_pending_payment(kit: &StoreKit) -> Checked {
    add(kit, &payment(1)).await?;
    let again = Payment {
        booking_id: payment(1).booking_id,
        status: PaymentStatus::RefundPending,
        transaction_id: Some("TXN-2".to_owned()),
        ..payment(2)
    };
    add(kit, &again).await?;
    add(kit, &again).await?;
    assert_eq!(stored(kit, 2).await?, again);
    assert_eq!(kit.store.pending_payment(again.booking_id).await?, Some(payment(1)));
    Ok(())
}

pub async fn adding_a_payment_again_leaves_it_as_it_is(kit: &StoreKit) -> Checked {
    add(kit, &payment(1)).await?;
    let again = kit.store.insert_payment(&payment(1)).await?;
    assert_eq!(again, Inserted::Pending(Box::new(payment(1))));
    kit.store.move_payment(&step(1, PaymentStatus::Completed)).await?;
    let completed = stored(kit, 1).await?;
    add(kit, &payment(1)).await?;
    assert_eq!(stored(kit, 1).await?, completed);
    Ok(())
}

pub async fn a_session_is_stored_and_found_by_its_reference(kit: &StoreKit) -> Checked {
    add(kit, &payment(1)).await?;
    assert!(open(kit, 1, "TXN").await?);
    let opened = Payment {
        transaction_id: Some("TXN".to_owned()),
        payment_url: Some("https://pay.example/1".to_owned()),
        updated_at: at(9),
        ..payment(1)
    };
    assert_eq!(stored(kit, 1).await?, opened);
    let find =
        async |provider, reference| kit.store.payment_of_transaction(provider, reference).await;
    assert_eq!(find(PaymentMethod::Momo, "TXN").await?, Some(opened));
    assert_eq!(find(PaymentMethod::Vnpay, "TXN").await?, None);
    assert_eq!(find(PaymentMethod::Momo, "TX").await?, None);
    assert!(open(kit, 1, "TXN").await?, "the same session again");
    assert!(!open(kit, 404, "TXN-2").await?, "no such payment");
    Ok(())
}

pub async fn a_session_without_a_reference_leaves_the_one_that_is_there(kit: &StoreKit) -> Checked {
    add(kit, &payment(1)).await?;
    let open_without =
        async |url| kit.store.open_session(payment_id(1), None, url, at(601), at(9)).await;
    assert!(open_without("https://pay.example/a").await?);
    let opened = stored(kit, 1).await?;
    assert_eq!(opened.transaction_id, None);
    assert_eq!(opened.payment_url.as_deref(), Some("https://pay.example/a"));
    assert_eq!(opened.expires_at, at(601));
    assert!(open(kit, 1, "TXN").await?);
    assert!(open_without("https://pay.example/b").await?);
    assert_eq!(stored(kit, 1).await?.transaction_id.as_deref(), Some("TXN"));
    Ok(())
}

pub async fn two_payments_of_a_provider_cannot_have_one_reference(kit: &StoreKit) -> Checked {
    let elsewhere = Payment { provider: PaymentMethod::Card, ..payment(3) };
    for payment in [payment(1), payment(2), elsewhere] {
        add(kit, &payment).await?;
    }
    assert!(open(kit, 1, "TXN").await?);
    assert!(!open(kit, 2, "TXN").await?);
    assert_eq!(stored(kit, 2).await?, payment(2));
    assert!(open(kit, 3, "TXN").await?, "another provider's references are its own");
    Ok(())
}

pub async fn a_step_is_made_only_from_the_states_it_may_start_from(kit: &StoreKit) -> Checked {
    add(kit, &payment(1)).await?;
    assert!(kit.store.move_payment(&step(1, PaymentStatus::Failed)).await?);
    let failed = Payment { status: PaymentStatus::Failed, updated_at: at(20), ..payment(1) };
    assert_eq!(stored(kit, 1).await?, failed);
    assert!(!kit.store.move_payment(&step(1, PaymentStatus::Completed)).await?);
    assert_eq!(stored(kit, 1).await?, failed);
    let paid = PaymentMove {
        from: &[PaymentStatus::Pending, PaymentStatus::Failed],
        paid_at: Some(at(19)),
        ..step(1, PaymentStatus::Completed)
    };
    assert!(kit.store.move_payment(&paid).await?);
    let completed = Payment { status: PaymentStatus::Completed, paid_at: Some(at(19)), ..failed };
    assert_eq!(stored(kit, 1).await?, completed);
    assert!(!kit.store.move_payment(&paid).await?, "a repeat does nothing");
    assert!(!kit.store.move_payment(&step(404, PaymentStatus::Failed)).await?);
    Ok(())
}

pub async fn a_charge_brings_its_own_reference_and_keeps_it(kit: &StoreKit) -> Checked {
    add(kit, &payment(1)).await?;
    add(kit, &payment(2)).await?;
    assert!(open(kit, 1, "OPENED").await?);
    for n in [1, 2] {
        let reference = ["", "HEARD-1", "HEARD-2"][n as usize];
        let paid = step(n, PaymentStatus::Completed);
        let paid = PaymentMove { transaction_id: Some(reference), ..paid };
        assert!(kit.store.move_payment(&paid).await?);
    }
    assert_eq!(stored(kit, 1).await?.transaction_id.as_deref(), Some("HEARD-1"));
    assert!(open(kit, 1, "OPENED-LATE").await?);
    assert_eq!(stored(kit, 1).await?.transaction_id.as_deref(), Some("HEARD-1"));
    let heard = kit.store.payment_of_transaction(PaymentMethod::Momo, "HEARD-2").await?;
    assert_eq!(heard, Some(stored(kit, 2).await?));
    assert_eq!(kit.store.payment_of_transaction(PaymentMethod::Momo, "OPENED").await?, None);
    Ok(())
}

pub async fn a_step_that_would_take_anothers_reference_does_nothing(kit: &StoreKit) -> Checked {
    add(kit, &payment(1)).await?;
    add(kit, &payment(2)).await?;
    assert!(open(kit, 1, "TXN").await?);
    let paid = step(2, PaymentStatus::Completed);
    let paid = PaymentMove { transaction_id: Some("TXN"), ..paid };
    assert!(!kit.store.move_payment(&paid).await?);
    assert_eq!(stored(kit, 2).await?, payment(2));
    Ok(())
}

pub async fn a_step_at_its_deadline_does_nothing(kit: &StoreKit) -> Checked {
    add(kit, &payment(1)).await?;
    let now = kit.clock.now();
    let late = PaymentMove { deadline: Some(now), ..step(1, PaymentStatus::Completed) };
    assert!(!kit.store.move_payment(&late).await?);
    assert_eq!(stored(kit, 1).await?, payment(1));
    let timely = PaymentMove { deadline: Some(now.plus_millis(60_000)), ..late };
    assert!(kit.store.move_payment(&timely).await?);
    Ok(())
}

pub async fn payments_with_a_status_come_in_order_of_ids(kit: &StoreKit) -> Checked {
    for n in [3, 1, 2] {
        add(kit, &payment(n)).await?;
    }
    let after = async |status, after, limit| {
        let payments = kit.store.payments_with_status(status, after, limit).await?;
        Ok::<_, StoreError>(payments.iter().map(|payment| payment.id).collect::<Vec<_>>())
    };
    let with = async |status, limit| after(status, None, limit).await;
    assert_eq!(with(PaymentStatus::Pending, 2).await?, [1, 2].map(payment_id));
    let (pending, first) = (PaymentStatus::Pending, Some(payment_id(1)));
    assert_eq!(after(pending, first, 9).await?, [2, 3].map(payment_id));
    assert_eq!(after(pending, first, 1).await?, [payment_id(2)]);
    assert_eq!(with(PaymentStatus::RefundPending, 9).await?, []);
    for n in [3, 1] {
        assert!(kit.store.move_payment(&step(n, PaymentStatus::RefundPending)).await?);
    }
    assert_eq!(with(PaymentStatus::Pending, 9).await?, [payment_id(2)]);
    assert_eq!(with(PaymentStatus::RefundPending, 9).await?, [1, 3].map(payment_id));
    assert_eq!(with(PaymentStatus::Refunded, 9).await?, []);
    Ok(())
}

/// A payment that is to be asked about then.
fn to_check(n: u32, seconds: i64) -> Payment {
    Payment { next_check: Some(at(seconds)), ..payment(n) }
}

pub async fn payments_to_check_come_earliest_first(kit: &StoreKit) -> Checked {
    for payment in [to_check(1, 30), to_check(2, 10), to_check(3, 20), payment(4)] {
        add(kit, &payment).await?;
    }
    let due = async |seconds, limit| {
        let payments = kit.store.payments_to_check(at(seconds), limit).await?;
        Ok::<_, StoreError>(payments.iter().map(|payment| payment.id).collect::<Vec<_>>())
    };
    assert_eq!(due(9, 9).await?, []);
    assert_eq!(due(20, 9).await?, [2, 3].map(payment_id));
    assert_eq!(due(99, 2).await?, [2, 3].map(payment_id));
    let superseded = PaymentMove { keep_checking: true, ..step(3, PaymentStatus::Failed) };
    assert!(kit.store.move_payment(&superseded).await?);
    assert_eq!(due(99, 9).await?, [2, 3, 1].map(payment_id), "it may be paid all the same");
    // Whatever its refund is due.
    let charged = Payment { status: PaymentStatus::RefundPending, ..to_check(5, 1) };
    add(kit, &charged).await?;
    assert_eq!(due(99, 9).await?, [2, 3, 1].map(payment_id));
    Ok(())
}

pub async fn a_check_is_counted_by_one_of_those_that_saw_it_due(kit: &StoreKit) -> Checked {
    add(kit, &to_check(1, 10)).await?;
    let count = async |seen: Option<i64>, next: Option<i64>| {
        kit.store.count_check(payment_id(1), seen.map(at), next.map(at)).await
    };
    assert!(!count(Some(9), Some(20)).await?);
    assert!(!count(None, Some(20)).await?);
    assert!(count(Some(10), Some(20)).await?);
    assert!(!count(Some(10), Some(30)).await?);
    assert_eq!(stored(kit, 1).await?, Payment { checks: 1, ..to_check(1, 20) });
    assert!(count(Some(20), None).await?);
    assert!(!count(Some(20), None).await?);
    assert_eq!(stored(kit, 1).await?, Payment { checks: 2, ..payment(1) });
    assert!(count(None, Some(40)).await?);
    assert_eq!(stored(kit, 1).await?, Payment { checks: 3, ..to_check(1, 40) });
    assert!(!kit.store.count_check(payment_id(404), None, None).await?);
    Ok(())
}

pub async fn a_step_ends_what_was_planned_unless_it_says_otherwise(kit: &StoreKit) -> Checked {
    for n in [1, 2] {
        add(kit, &Payment { checks: 3, ..to_check(n, 10) }).await?;
        let reason = Some(RefundReason::PaidTwice);
        let step = step(n, PaymentStatus::RefundPending);
        let step = PaymentMove { keep_checking: n == 1, refund_reason: reason, ..step };
        assert!(kit.store.move_payment(&step).await?);
    }
    let planned = |n| async move {
        let payment = stored(kit, n).await?;
        assert_eq!(payment.refund_reason, Some(RefundReason::PaidTwice));
        Ok::<_, StoreError>((payment.next_check, payment.checks))
    };
    assert_eq!(planned(1).await?, (Some(at(10)), 3));
    assert_eq!(planned(2).await?, (None, 0));
    Ok(())
}

pub async fn payments_come_in_order_of_ids(kit: &StoreKit) -> Checked {
    for n in [5, 1, 300, 2] {
        add(kit, &payment(n)).await?;
    }
    let ids = async |after, limit| {
        let payments = kit.store.payments_after(after, limit).await?;
        Ok::<_, StoreError>(payments.iter().map(|payment| payment.id).collect::<Vec<_>>())
    };
    assert_eq!(ids(None, 3).await?, [1, 2, 5].map(payment_id));
    assert_eq!(ids(Some(payment_id(2)), 9).await?, [5, 300].map(payment_id));
    assert_eq!(ids(Some(payment_id(300)), 9).await?, []);
    Ok(())
}

fn success(reference: &str) -> ReceivedEvent {
    event(PaymentMethod::Momo, reference, Outcome::Success)
}

fn key(event: &ReceivedEvent) -> EventKey {
    EventKey::from(&event.event)
}

pub async fn an_event_is_kept_once(kit: &StoreKit) -> Checked {
    let first = success("TXN");
    assert_eq!(kit.store.event(&key(&first)).await?, None);
    assert_eq!(kit.store.receive_event(&first).await?, first);
    assert_eq!(kit.store.event(&key(&first)).await?, Some(first.clone()));
    let mut second = ReceivedEvent { received_at: at(99), ..first.clone() };
    second.event.amount += 1;
    assert_eq!(kit.store.receive_event(&second).await?, first);
    kit.store.finish_event(&key(&first)).await?;
    let done = ReceivedEvent { done: true, ..first };
    assert_eq!(kit.store.receive_event(&second).await?, done);
    assert_eq!(kit.store.events_after(None, false, 9).await?, [done]);
    Ok(())
}

pub async fn events_differ_by_provider_reference_and_outcome(kit: &StoreKit) -> Checked {
    let mut bare = event(PaymentMethod::Momo, "TXN", Outcome::Failed);
    bare.event.payment_id = None;
    bare.event.currency = None;
    bare.event.paid_at = None;
    let card = event(PaymentMethod::Card, "TXN", Outcome::Success);
    let events = [success("TXN"), bare, card, success("TXN-2"), success("TX")];
    for event in &events {
        assert_eq!(&kit.store.receive_event(event).await?, event);
    }
    for event in events {
        assert_eq!(kit.store.event(&key(&event)).await?, Some(event));
    }
    Ok(())
}

pub async fn a_payment_is_leased_to_one_at_a_time(kit: &StoreKit) -> Checked {
    let lease = async |now: i64, until: i64| {
        kit.store.lease_payment(payment_id(1), at(now), at(until)).await
    };
    assert!(!lease(0, 10).await?, "it is not there");
    kit.store.insert_payment(&payment(1)).await?;
    assert!(lease(0, 10).await?);
    assert!(!lease(9, 19).await?);
    assert!(lease(10, 20).await?);
    assert!(!lease(10, 20).await?);
    assert_eq!(stored(kit, 1).await?, Payment { lease_until: Some(at(20)), ..payment(1) });
    assert!(!lease(19, 12).await?, "another has it by now");
    assert!(lease(20, 12).await?, "given back");
    assert!(lease(12, 22).await?);
    Ok(())
}

pub async fn a_finished_event_stays_finished(kit: &StoreKit) -> Checked {
    let event = success("TXN");
    kit.store.receive_event(&event).await?;
    for _ in 0..2 {
        kit.store.finish_event(&key(&event)).await?;
    }
    let done = ReceivedEvent { done: true, ..event };
    assert_eq!(kit.store.event(&key(&done)).await?, Some(done));
    kit.store.finish_event(&key(&success("not there"))).await?;
    Ok(())
}

pub async fn an_event_that_is_not_done_is_postponed(kit: &StoreKit) -> Checked {
    let event = success("TXN");
    kit.store.receive_event(&event).await?;
    for n in 1..=2 {
        kit.store.postpone_event(&key(&event), at(40 + n)).await?;
        let postponed =
            ReceivedEvent { tries: n as u32, next_try: Some(at(40 + n)), ..event.clone() };
        assert_eq!(kit.store.event(&key(&event)).await?, Some(postponed));
    }
    kit.store.finish_event(&key(&event)).await?;
    kit.store.postpone_event(&key(&event), at(99)).await?;
    let done = kit.store.event(&key(&event)).await?.expect("it is there");
    assert_eq!((done.tries, done.next_try, done.done), (2, Some(at(42)), true));
    kit.store.postpone_event(&key(&success("not there")), at(99)).await?;
    // Forgotten all the same: it is the event that counts.
    let other = success("TXN-2");
    kit.store.receive_event(&other).await?;
    kit.store.postpone_event(&key(&other), at(41)).await?;
    kit.store.forget_event(&other.event).await?;
    assert_eq!(kit.store.event(&key(&other)).await?, None);
    Ok(())
}

pub async fn unfinished_events_come_page_by_page(kit: &StoreKit) -> Checked {
    let mut events = Vec::new();
    for provider in PaymentMethod::ALL {
        for outcome in [Outcome::Success, Outcome::Failed] {
            events.extend(["TXN-1", "TXN-10", "TXN-2"].map(|txn| event(provider, txn, outcome)));
        }
    }
    for event in &events {
        kit.store.receive_event(event).await?;
    }
    let (done, open) = events.split_at_mut(5);
    for event in done {
        kit.store.finish_event(&key(event)).await?;
    }
    let mut found = paged(kit, true).await?;
    found.sort_by_key(key);
    open.sort_by_key(key);
    assert_eq!(found, open);
    assert_eq!(paged(kit, false).await?.len(), events.len());
    Ok(())
}

/// All events, read four at a time.
async fn paged(kit: &StoreKit, unfinished: bool) -> Result<Vec<ReceivedEvent>, StoreError> {
    let mut all: Vec<ReceivedEvent> = Vec::new();
    loop {
        let after = all.last().map(key);
        let page = kit.store.events_after(after.as_ref(), unfinished, 4).await?;
        assert!(page.len() <= 4);
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

pub async fn a_store_that_works_says_so(kit: &StoreKit) -> Checked {
    kit.store.ping().await
}
