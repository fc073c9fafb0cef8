//! What is told of bookings: see [`Outboxes`](seathold_service::ports::Outboxes).

use seathold_core::{BookingId, Timestamp};
use seathold_service::model::{
    Booking, BookingEvent, BookingRefund, BookingStatus, DeliveryState, Outbox, ReceiverId,
    RefundReason, Settlement,
};
use seathold_service::ports::{Preparation, StoreError};

use super::samples::{at, booking, booking_id, claim_of, payment_id};
use super::{Checked, StoreKit};

#[doc(hidden)]
#[macro_export]
macro_rules! outbox_contract {
    ($make:path) => {
        $crate::contract_tests! { $make:
            an_outbox_loads_as_it_was_written
            rows_without_an_outbox_stay_without
            untold_rows_come_when_they_are_due_the_earliest_first
            an_outbox_is_leased_to_one_of_those_that_saw_it_free
            an_outbox_is_written_by_its_leaseholder_only
            an_outbox_is_not_closed_over_what_has_happened_since
            whatever_ends_a_row_opens_its_outbox_in_the_same_write
            a_row_that_is_taken_back_leaves_nothing_to_tell
            dead_letters_come_in_order_of_ids
        }
    };
}

/// A row to be told of from the second it was made.
fn to_tell(n: u32) -> Booking {
    let row = booking(n, "alice");
    Booking { outbox: Some(Outbox::new(row.held_at)), ..row }
}

async fn add(kit: &StoreKit, rows: impl IntoIterator<Item = Booking>) -> Checked {
    let holds = rows.into_iter().map(|row| (claim_of(&row, 1), row)).collect();
    kit.store.prepare(&Preparation { holds, ..Preparation::default() }).await?;
    Ok(())
}

async fn row(kit: &StoreKit, n: u32) -> Result<Booking, StoreError> {
    Ok(kit.store.booking(booking_id(n)).await?.expect("the row was written"))
}

async fn untold(kit: &StoreKit, seconds: i64, limit: u32) -> Result<Vec<BookingId>, StoreError> {
    let rows = kit.store.untold_bookings(at(seconds), limit).await?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

/// With one delivery in each state.
fn full(next_try: Timestamp) -> Outbox {
    let mut outbox = Outbox::new(next_try);
    let states = [DeliveryState::Told, DeliveryState::Waiting, DeliveryState::Dead];
    for (n, state) in (0..).zip(states) {
        let delivery =
            outbox.delivery_mut(BookingEvent::ALL[n], ReceiverId([n as u8 + 0xf0; 8]), at(5));
        (delivery.state, delivery.tries, delivery.at) = (state, n as u32, at(6));
        delivery.error = (n == 2).then(|| "it answered $500".to_owned());
    }
    outbox
}

pub async fn an_outbox_loads_as_it_was_written(kit: &StoreKit) -> Checked {
    add(kit, [to_tell(1)]).await?;
    assert_eq!(row(kit, 1).await?, to_tell(1));
    assert!(kit.store.write_outbox(&to_tell(1), &full(at(9)), true).await?);
    assert_eq!(row(kit, 1).await?, Booking { outbox: Some(full(at(9))), ..to_tell(1) });
    let rows = kit.store.untold_bookings(at(9), 9).await?;
    assert_eq!(rows, [row(kit, 1).await?]);
    Ok(())
}

pub async fn rows_without_an_outbox_stay_without(kit: &StoreKit) -> Checked {
    let plain = booking(1, "alice");
    add(kit, [plain.clone()]).await?;
    assert!(!kit.store.lease_outbox(plain.id, 0, at(60)).await?);
    assert!(!kit.store.write_outbox(&plain, &full(at(9)), false).await?);
    let seen_held_at = plain.held_at;
    let settlement =
        Settlement { booking: plain.id, seen_held_at, status: BookingStatus::Expired, at: at(50) };
    kit.store.settle_bookings(&[settlement]).await?;
    kit.store.confirm_booking(plain.id, Some(payment_id(1)), at(60)).await?;
    give_back(kit, 1).await?;
    assert_eq!(row(kit, 1).await?.outbox, None);
    assert!(untold(kit, 9_999, 9).await?.is_empty());
    Ok(())
}

pub async fn untold_rows_come_when_they_are_due_the_earliest_first(kit: &StoreKit) -> Checked {
    add(kit, [to_tell(3), to_tell(1), to_tell(2), booking(4, "alice")]).await?;
    assert_eq!(untold(kit, 0, 9).await?, []);
    assert_eq!(untold(kit, 2, 9).await?, [1, 2].map(booking_id));
    assert_eq!(untold(kit, 9, 2).await?, [1, 2].map(booking_id));
    let closed = Outbox { open: false, ..Outbox::new(at(1)) };
    assert!(kit.store.write_outbox(&to_tell(1), &closed, true).await?);
    assert!(kit.store.write_outbox(&to_tell(2), &Outbox::new(at(7)), true).await?);
    assert_eq!(untold(kit, 9, 9).await?, [3, 2].map(booking_id));
    Ok(())
}

/// The outbox of a row that was never told of, on its first lease.
fn leased(until: Timestamp) -> Outbox {
    Outbox { leased_until: until, lease: 1, ..Outbox::new(until) }
}

pub async fn an_outbox_is_leased_to_one_of_those_that_saw_it_free(kit: &StoreKit) -> Checked {
    add(kit, [to_tell(1)]).await?;
    let lease = async |seen, until| kit.store.lease_outbox(booking_id(1), seen, at(until)).await;
    assert!(lease(0, 60).await?);
    assert!(!lease(0, 61).await?, "somebody was faster");
    assert_eq!(row(kit, 1).await?.outbox, Some(leased(at(60))));
    assert_eq!(untold(kit, 59, 9).await?, []);
    assert_eq!(untold(kit, 60, 9).await?, [booking_id(1)]);
    assert!(lease(1, 120).await?, "it was over");
    let second = Outbox { lease: 2, ..leased(at(120)) };
    let seen = Booking { outbox: Some(second.clone()), ..to_tell(1) };
    let closed = Outbox { open: false, next_try: at(70), leased_until: at(70), ..second };
    assert!(kit.store.write_outbox(&seen, &closed, true).await?);
    assert!(!lease(2, 180).await?, "there is nothing to tell");
    assert!(!kit.store.lease_outbox(booking_id(404), 0, at(2)).await?);
    Ok(())
}

pub async fn an_outbox_is_written_by_its_leaseholder_only(kit: &StoreKit) -> Checked {
    add(kit, [to_tell(1)]).await?;
    assert!(kit.store.lease_outbox(booking_id(1), 0, at(60)).await?);
    for unchanged in [false, true] {
        assert!(!kit.store.write_outbox(&to_tell(1), &full(at(9)), unchanged).await?);
    }
    let seen = Booking { outbox: Some(leased(at(60))), ..to_tell(1) };
    assert_eq!(row(kit, 1).await?, seen);
    let noted = Outbox { lease: 1, ..full(at(60)) };
    assert!(kit.store.write_outbox(&seen, &noted, false).await?);
    assert_eq!(row(kit, 1).await?.outbox, Some(noted));
    Ok(())
}

pub async fn an_outbox_is_not_closed_over_what_has_happened_since(kit: &StoreKit) -> Checked {
    add(kit, [to_tell(1)]).await?;
    let seen = row(kit, 1).await?;
    kit.store.confirm_booking(booking_id(1), Some(payment_id(1)), at(60)).await?;
    let closed = Outbox { open: false, ..full(at(1)) };
    assert!(!kit.store.write_outbox(&seen, &closed, true).await?);
    // Not so what was told meanwhile.
    assert!(kit.store.write_outbox(&seen, &full(at(1)), false).await?);
    let seen = row(kit, 1).await?;
    give_back(kit, 1).await?;
    let sold_seen = kit.store.write_outbox(&seen, &closed, true).await?;
    assert!(!sold_seen, "it was cancelled since");
    let seen = row(kit, 1).await?;
    assert!(kit.store.write_outbox(&seen, &closed, true).await?);
    assert_eq!(row(kit, 1).await?, Booking { outbox: Some(closed), ..seen });
    Ok(())
}

/// Gives a sold booking back, with its money.
async fn give_back(kit: &StoreKit, n: u32) -> Checked {
    let (id, reason) = (payment_id(n).refund(), RefundReason::Owner);
    let refund = BookingRefund { id, reason, since: at(80), done_at: None };
    kit.store.mark_refund(booking_id(n), &refund).await?;
    kit.store.cancel_refunded(booking_id(n), at(90)).await?;
    kit.store.note_refunded(booking_id(n), at(91)).await
}

pub async fn whatever_ends_a_row_opens_its_outbox_in_the_same_write(kit: &StoreKit) -> Checked {
    add(kit, [to_tell(1), to_tell(2)]).await?;
    // As if one receiver had its rest: whoever is at it, and what was noted, stay.
    let noted = |seconds| Outbox { leased_until: at(400), ..full(at(seconds)) };
    let close = async |n| {
        let (seen, closed) = (row(kit, n).await?, Outbox { open: false, ..noted(300) });
        assert!(kit.store.write_outbox(&seen, &closed, true).await?);
        Ok::<_, StoreError>(())
    };
    let is_open = async |n, since| {
        assert_eq!(row(kit, n).await?.outbox, Some(noted(since)));
        close(n).await
    };
    close(1).await?;
    close(2).await?;
    for status in [BookingStatus::Expired, BookingStatus::Cancelled] {
        let seen_held_at = to_tell(1).held_at;
        let settlement = Settlement { booking: booking_id(1), seen_held_at, status, at: at(50) };
        kit.store.settle_bookings(&[settlement]).await?;
        if status == BookingStatus::Expired {
            is_open(1, 50).await?;
        }
    }
    assert_eq!(untold(kit, 9_999, 9).await?, [], "it was settled once");
    let sold = kit.store.confirm_booking(booking_id(2), Some(payment_id(2)), at(60)).await?;
    assert_eq!(sold.and_then(|row| row.outbox), Some(noted(60)));
    is_open(2, 60).await?;
    kit.store.confirm_booking(booking_id(2), Some(payment_id(2)), at(61)).await?;
    assert_eq!(untold(kit, 9_999, 9).await?, [], "it was sold once");
    let (id, reason) = (payment_id(2).refund(), RefundReason::Owner);
    let refund = BookingRefund { id, reason, since: at(80), done_at: None };
    kit.store.mark_refund(booking_id(2), &refund).await?;
    kit.store.cancel_refunded(booking_id(2), at(90)).await?;
    is_open(2, 90).await?;
    for seconds in [91, 92] {
        kit.store.note_refunded(booking_id(2), at(seconds)).await?;
        if seconds == 91 {
            is_open(2, 91).await?;
        }
    }
    assert_eq!(untold(kit, 9_999, 9).await?, [], "it was refunded once");
    Ok(())
}

pub async fn a_row_that_is_taken_back_leaves_nothing_to_tell(kit: &StoreKit) -> Checked {
    add(kit, [to_tell(1)]).await?;
    kit.store.unprepare(&[(claim_of(&to_tell(1), 1), booking_id(1))], &[]).await?;
    assert_eq!(untold(kit, 9_999, 9).await?, []);
    assert!(kit.store.untold_bookings(at(9_999), 0).await?.is_empty());
    Ok(())
}

pub async fn dead_letters_come_in_order_of_ids(kit: &StoreKit) -> Checked {
    add(kit, [1, 2, 3, 4].map(to_tell)).await?;
    for n in [3, 1, 2] {
        assert!(kit.store.write_outbox(&to_tell(n), &full(to_tell(n).held_at), true).await?);
    }
    let dead = async |after, limit| {
        let rows = kit.store.dead_letters(after, limit).await?;
        Ok::<_, StoreError>(rows.into_iter().map(|row| row.id).collect::<Vec<_>>())
    };
    assert_eq!(dead(None, 2).await?, [1, 2].map(booking_id));
    assert_eq!(dead(Some(booking_id(2)), 9).await?, [booking_id(3)]);
    let revived = Outbox::new(at(9));
    assert!(kit.store.write_outbox(&row(kit, 1).await?, &revived, true).await?);
    assert_eq!(dead(None, 9).await?, [2, 3].map(booking_id));
    Ok(())
}
