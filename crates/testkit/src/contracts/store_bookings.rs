//! Rows of bookings: see [`Bookings`](seathold_service::ports::Bookings).

use seathold_core::PaymentId;
use seathold_service::model::{
    Booking, BookingRefund, BookingStatus, Extension, RefundReason, Settlement,
};
use seathold_service::ports::{
    BookingFilter, PageRequest, PendingFilter, Preparation, Refunds, StoreError,
};

use super::samples::{at, booking, booking_id, claim_of, payment_id, showtime_id, user};
use super::{Checked, StoreKit};

#[doc(hidden)]
#[macro_export]
macro_rules! bookings_contract {
    ($make:path) => {
        $crate::contract_tests! { $make:
            a_row_loads_as_it_was_written
            rows_that_are_not_there_are_left_out
            a_users_rows_come_newest_first_in_pages_with_the_total
            a_users_rows_are_narrowed_by_status_and_showtime
            users_with_similar_names_have_rows_of_their_own
            pending_rows_of_a_user_leave_out_what_is_settled
            expired_pending_rows_come_earliest_first
            a_settled_row_tells_what_it_became_and_when
            a_row_is_settled_once
            a_row_made_anew_since_it_was_read_is_not_settled
            a_sale_is_written_down_over_pending_and_expired
            a_sale_overrules_whatever_was_written
            a_row_names_the_first_payment_that_bought_it
            a_hold_that_lasts_longer_is_written_down_on_its_row
            a_refund_is_decided_once_and_of_what_is_sold
            no_sale_is_written_down_over_a_refund
            a_refunded_row_is_cancelled_once_its_seats_are_free
            refunds_are_counted_by_showtime
            rows_come_in_order_of_ids
        }
    };
}

async fn add(kit: &StoreKit, rows: impl IntoIterator<Item = Booking>) -> Checked {
    let holds = rows.into_iter().map(|row| (claim_of(&row, 1), row)).collect();
    kit.store.prepare(&Preparation { holds, ..Preparation::default() }).await?;
    Ok(())
}

fn settlement(n: u32, status: BookingStatus) -> Settlement {
    let seen_held_at = booking(n, "alice").held_at;
    Settlement { booking: booking_id(n), seen_held_at, status, at: at(50) }
}

async fn settle(kit: &StoreKit, n: u32, status: BookingStatus) -> Result<u64, StoreError> {
    kit.store.settle_bookings(&[settlement(n, status)]).await
}

async fn row(kit: &StoreKit, n: u32) -> Result<Booking, StoreError> {
    Ok(kit.store.booking(booking_id(n)).await?.expect("the row was written"))
}

/// Of alice, all.
fn alices() -> BookingFilter {
    let page = PageRequest { skip: 0, limit: 100 };
    BookingFilter { user: user("alice"), status: None, showtime: None, page }
}

/// Ids and total of a page.
async fn listed(
    kit: &StoreKit,
    filter: BookingFilter,
) -> Result<(Vec<seathold_core::BookingId>, u64), StoreError> {
    let page = kit.store.list_bookings(&filter).await?;
    Ok((page.data.iter().map(|row| row.id).collect(), page.total))
}

pub async fn a_row_loads_as_it_was_written(kit: &StoreKit) -> Checked {
    let plain = booking(1, "alice");
    let full = Booking {
        user_id: user("žofie|Ω 漢字"),
        confirmed_at: Some(at(3)),
        cancelled_at: Some(at(4)),
        was_held: true,
        paid_by: Some(payment_id(5)),
        refund: Some(BookingRefund { done_at: Some(at(6)), ..refund(5) }),
        ..booking(2, "-")
    };
    add(kit, [plain.clone(), full.clone()]).await?;
    assert_eq!(kit.store.booking(plain.id).await?, Some(plain));
    assert_eq!(kit.store.booking(full.id).await?, Some(full));
    Ok(())
}

pub async fn rows_that_are_not_there_are_left_out(kit: &StoreKit) -> Checked {
    add(kit, [booking(1, "alice"), booking(2, "bob"), booking(3, "carol")]).await?;
    assert_eq!(kit.store.booking(booking_id(404)).await?, None);
    let mut found = kit.store.bookings(&[3, 404, 1].map(booking_id)).await?;
    found.sort_by_key(|row| row.id);
    assert_eq!(found, [booking(1, "alice"), booking(3, "carol")]);
    Ok(())
}

pub async fn a_users_rows_come_newest_first_in_pages_with_the_total(kit: &StoreKit) -> Checked {
    // The newest has the least id.
    let newest = Booking { created_at: at(100), ..booking(1, "alice") };
    add(kit, [3, 2, 4].map(|n| booking(n, "alice")).into_iter().chain([newest])).await?;
    add(kit, [booking(5, "bob")]).await?;
    for (skip, limit, expected) in
        [(0, 3, &[1, 4, 3][..]), (3, 3, &[2]), (4, 3, &[]), (u64::MAX, 3, &[])]
    {
        let filter = BookingFilter { page: PageRequest { skip, limit }, ..alices() };
        let expected: Vec<_> = expected.iter().map(|n| booking_id(*n)).collect();
        assert_eq!(listed(kit, filter).await?, (expected, 4));
    }
    Ok(())
}

pub async fn a_users_rows_are_narrowed_by_status_and_showtime(kit: &StoreKit) -> Checked {
    let elsewhere = |n| Booking { showtime_id: showtime_id(2), ..booking(n, "alice") };
    add(kit, [booking(1, "alice"), booking(2, "alice"), elsewhere(3), elsewhere(4)]).await?;
    settle(kit, 2, BookingStatus::Cancelled).await?;
    settle(kit, 3, BookingStatus::Cancelled).await?;
    let cancelled = BookingFilter { status: Some(BookingStatus::Cancelled), ..alices() };
    assert_eq!(listed(kit, cancelled.clone()).await?, ([3, 2].map(booking_id).to_vec(), 2));
    let there = BookingFilter { showtime: Some(showtime_id(2)), ..alices() };
    assert_eq!(listed(kit, there.clone()).await?, ([4, 3].map(booking_id).to_vec(), 2));
    let both = BookingFilter { status: cancelled.status, ..there };
    assert_eq!(listed(kit, both.clone()).await?, (vec![booking_id(3)], 1));
    let past = BookingFilter { page: PageRequest { skip: 1, limit: 5 }, ..both };
    assert_eq!(listed(kit, past).await?, (vec![], 1));
    Ok(())
}

pub async fn users_with_similar_names_have_rows_of_their_own(kit: &StoreKit) -> Checked {
    let names = ["a", "aa", "b", "a b", "ÿ"];
    add(kit, (1..).zip(names).map(|(n, name)| booking(n, name))).await?;
    for (n, name) in (1..).zip(names) {
        let filter = BookingFilter { user: user(name), ..alices() };
        assert_eq!(listed(kit, filter).await?, (vec![booking_id(n)], 1), "{name}");
        let pending = PendingFilter::OfUser(user(name));
        assert_eq!(kit.store.pending_bookings(&pending, 9).await?, [booking(n, name)]);
    }
    Ok(())
}

pub async fn pending_rows_of_a_user_leave_out_what_is_settled(kit: &StoreKit) -> Checked {
    add(kit, [1, 2, 3].map(|n| booking(n, "alice"))).await?;
    add(kit, [booking(4, "bob")]).await?;
    settle(kit, 2, BookingStatus::Expired).await?;
    let filter = PendingFilter::OfUser(user("alice"));
    let mut pending = kit.store.pending_bookings(&filter, 9).await?;
    pending.sort_by_key(|row| row.id);
    assert_eq!(pending, [1, 3].map(|n| booking(n, "alice")));
    assert_eq!(kit.store.pending_bookings(&filter, 1).await?.len(), 1);
    Ok(())
}

pub async fn expired_pending_rows_come_earliest_first(kit: &StoreKit) -> Checked {
    let until = |n, seconds| Booking { hold_expires_at: at(seconds), ..booking(n, "alice") };
    add(kit, [until(1, 30), until(2, 10), until(3, 20), until(4, 40), until(5, 5)]).await?;
    settle(kit, 3, BookingStatus::Confirmed).await?;
    let expired = async |seconds, limit| {
        let rows =
            kit.store.pending_bookings(&PendingFilter::ExpiredAt(at(seconds)), limit).await?;
        Ok::<_, StoreError>(rows.iter().map(|row| row.id).collect::<Vec<_>>())
    };
    assert_eq!(expired(4, 9).await?, []);
    assert_eq!(expired(30, 9).await?, [5, 2, 1].map(booking_id));
    assert_eq!(expired(99, 2).await?, [5, 2].map(booking_id));
    Ok(())
}

pub async fn a_settled_row_tells_what_it_became_and_when(kit: &StoreKit) -> Checked {
    add(kit, [1, 2, 3].map(|n| booking(n, "alice"))).await?;
    let all = [
        settlement(1, BookingStatus::Confirmed),
        settlement(2, BookingStatus::Cancelled),
        settlement(404, BookingStatus::Expired),
        settlement(3, BookingStatus::Expired),
    ];
    assert_eq!(kit.store.settle_bookings(&all).await?, 3);
    let settled = |n, status| Booking { status, updated_at: at(50), ..booking(n, "alice") };
    let when = Some(at(50));
    let confirmed = Booking { confirmed_at: when, ..settled(1, BookingStatus::Confirmed) };
    let cancelled = Booking { cancelled_at: when, ..settled(2, BookingStatus::Cancelled) };
    assert_eq!(row(kit, 1).await?, confirmed);
    assert_eq!(row(kit, 2).await?, cancelled);
    assert_eq!(row(kit, 3).await?, settled(3, BookingStatus::Expired));
    Ok(())
}

pub async fn a_row_is_settled_once(kit: &StoreKit) -> Checked {
    add(kit, [booking(1, "alice")]).await?;
    assert_eq!(settle(kit, 1, BookingStatus::Expired).await?, 1);
    let expired = row(kit, 1).await?;
    for status in [BookingStatus::Cancelled, BookingStatus::Confirmed, BookingStatus::Expired] {
        assert_eq!(settle(kit, 1, status).await?, 0);
    }
    assert_eq!(row(kit, 1).await?, expired);
    Ok(())
}

pub async fn a_row_made_anew_since_it_was_read_is_not_settled(kit: &StoreKit) -> Checked {
    add(kit, [booking(1, "alice")]).await?;
    let seen = settlement(1, BookingStatus::Expired);
    let seen = Settlement { seen_held_at: at(0), ..seen };
    assert_eq!(kit.store.settle_bookings(&[seen]).await?, 0);
    assert_eq!(row(kit, 1).await?, booking(1, "alice"));
    Ok(())
}

async fn confirm(
    kit: &StoreKit,
    n: u32,
    by: Option<PaymentId>,
) -> Result<Option<Booking>, StoreError> {
    kit.store.confirm_booking(booking_id(n), by, at(70)).await
}

pub async fn a_sale_is_written_down_over_pending_and_expired(kit: &StoreKit) -> Checked {
    add(kit, [booking(1, "alice"), booking(2, "alice")]).await?;
    settle(kit, 2, BookingStatus::Expired).await?;
    for n in [1, 2] {
        let confirmed = Booking {
            status: BookingStatus::Confirmed,
            confirmed_at: Some(at(70)),
            updated_at: at(70),
            paid_by: Some(payment_id(n)),
            ..booking(n, "alice")
        };
        assert_eq!(confirm(kit, n, Some(payment_id(n))).await?, Some(confirmed.clone()));
        assert_eq!(row(kit, n).await?, confirmed);
    }
    let pending = PendingFilter::OfUser(user("alice"));
    assert_eq!(kit.store.pending_bookings(&pending, 9).await?, []);
    Ok(())
}

pub async fn a_sale_overrules_whatever_was_written(kit: &StoreKit) -> Checked {
    add(kit, [booking(1, "alice")]).await?;
    settle(kit, 1, BookingStatus::Cancelled).await?;
    let confirmed = confirm(kit, 1, Some(payment_id(1))).await?.expect("it is there");
    assert_eq!((confirmed.status, confirmed.cancelled_at), (BookingStatus::Confirmed, None));
    assert_eq!(confirmed.paid_by, Some(payment_id(1)));
    assert_eq!(row(kit, 1).await?, confirmed);
    assert_eq!(confirm(kit, 404, None).await?, None);
    Ok(())
}

pub async fn a_row_names_the_first_payment_that_bought_it(kit: &StoreKit) -> Checked {
    add(kit, [booking(1, "alice")]).await?;
    // Somebody found the seats sold, and did not know for which payment.
    settle(kit, 1, BookingStatus::Confirmed).await?;
    let nobody = confirm(kit, 1, None).await?.expect("it is there");
    assert_eq!((nobody.paid_by, nobody.confirmed_at), (None, Some(at(50))));
    let first = confirm(kit, 1, Some(payment_id(1))).await?.expect("it is there");
    assert_eq!((first.paid_by, first.confirmed_at), (Some(payment_id(1)), Some(at(50))));
    assert_eq!(confirm(kit, 1, Some(payment_id(2))).await?, Some(first.clone()));
    assert_eq!(row(kit, 1).await?, first);
    Ok(())
}

pub async fn a_hold_that_lasts_longer_is_written_down_on_its_row(kit: &StoreKit) -> Checked {
    add(kit, [1, 2, 3].map(|n| booking(n, "alice"))).await?;
    settle(kit, 3, BookingStatus::Cancelled).await?;
    let until = |n, seconds| {
        let seen_held_at = booking(n, "alice").held_at;
        Extension { booking: booking_id(n), seen_held_at, until: at(seconds) }
    };
    let anew = Extension { seen_held_at: at(0), ..until(2, 900) };
    let all = [until(1, 700), anew, until(3, 900), until(404, 900)];
    assert_eq!(kit.store.extend_bookings(&all).await?, 1);
    assert_eq!(kit.store.extend_bookings(&[until(1, 650)]).await?, 0, "never shorter");
    let longer = Booking { hold_expires_at: at(700), ..booking(1, "alice") };
    assert_eq!(row(kit, 1).await?, longer);
    assert_eq!(row(kit, 2).await?, booking(2, "alice"));
    let expired = PendingFilter::ExpiredAt(at(650));
    assert_eq!(kit.store.pending_bookings(&expired, 9).await?, [booking(2, "alice")]);
    assert_eq!(
        kit.store.pending_bookings(&PendingFilter::ExpiredAt(at(700)), 9).await?,
        [booking(2, "alice"), longer]
    );
    Ok(())
}

fn refund(n: u32) -> BookingRefund {
    let (id, reason) = (payment_id(n).refund(), RefundReason::ShowtimeCancelled);
    BookingRefund { id, reason, since: at(80), done_at: None }
}

/// A sold booking, given back.
async fn given_back(kit: &StoreKit, n: u32) -> Result<Booking, StoreError> {
    confirm(kit, n, Some(payment_id(n))).await?;
    let marked = kit.store.mark_refund(booking_id(n), &refund(n)).await?;
    Ok(marked.expect("it is there"))
}

pub async fn a_refund_is_decided_once_and_of_what_is_sold(kit: &StoreKit) -> Checked {
    add(kit, [booking(1, "alice")]).await?;
    let mark = async |refund: BookingRefund| kit.store.mark_refund(booking_id(1), &refund).await;
    assert_eq!(mark(refund(1)).await?, Some(booking(1, "alice")), "it is not sold");
    let sold = confirm(kit, 1, Some(payment_id(1))).await?.expect("it is there");
    let marked = Booking { refund: Some(refund(1)), updated_at: at(80), ..sold };
    assert_eq!(mark(refund(1)).await?, Some(marked.clone()));
    let second = BookingRefund { reason: RefundReason::Owner, since: at(90), ..refund(2) };
    assert_eq!(mark(second).await?, Some(marked.clone()));
    assert_eq!(row(kit, 1).await?, marked);
    assert_eq!(kit.store.mark_refund(booking_id(404), &refund(1)).await?, None);
    Ok(())
}

pub async fn no_sale_is_written_down_over_a_refund(kit: &StoreKit) -> Checked {
    add(kit, [booking(1, "alice")]).await?;
    let marked = given_back(kit, 1).await?;
    assert_eq!(confirm(kit, 1, Some(payment_id(1))).await?, Some(marked));
    let cancelled = kit.store.cancel_refunded(booking_id(1), at(90)).await?;
    assert_eq!(confirm(kit, 1, Some(payment_id(1))).await?, cancelled);
    assert_eq!(Some(row(kit, 1).await?), cancelled);
    Ok(())
}

pub async fn a_refunded_row_is_cancelled_once_its_seats_are_free(kit: &StoreKit) -> Checked {
    add(kit, [1, 2, 3, 4].map(|n| booking(n, "alice"))).await?;
    confirm(kit, 4, Some(payment_id(4))).await?;
    let mut marked = Vec::new();
    for n in [3, 1, 2] {
        marked.push(given_back(kit, n).await?);
    }
    marked.sort_by_key(|row| row.id);
    let refunding = async |after, limit| kit.store.refunding_bookings(after, limit).await;
    assert_eq!(refunding(None, 9).await?, marked);
    assert_eq!(refunding(None, 2).await?, marked[..2]);
    assert_eq!(refunding(Some(booking_id(1)), 9).await?, marked[1..]);
    let cancelled = Booking {
        status: BookingStatus::Cancelled,
        cancelled_at: Some(at(90)),
        updated_at: at(90),
        ..marked[0].clone()
    };
    for when in [90, 95] {
        let row = kit.store.cancel_refunded(booking_id(1), at(when)).await?;
        assert_eq!(row, Some(cancelled.clone()));
    }
    assert_eq!(refunding(None, 9).await?, marked[1..]);
    let sold = row(kit, 4).await?;
    assert_eq!(kit.store.cancel_refunded(booking_id(4), at(90)).await?, Some(sold));
    assert_eq!(kit.store.cancel_refunded(booking_id(404), at(90)).await?, None);
    Ok(())
}

pub async fn refunds_are_counted_by_showtime(kit: &StoreKit) -> Checked {
    let elsewhere = Booking { showtime_id: showtime_id(2), ..booking(4, "alice") };
    add(kit, [1, 2, 3].map(|n| booking(n, "alice")).into_iter().chain([elsewhere])).await?;
    for n in [1, 2, 4] {
        given_back(kit, n).await?;
    }
    confirm(kit, 3, None).await?;
    kit.store.cancel_refunded(booking_id(2), at(90)).await?;
    for when in [91, 92] {
        kit.store.note_refunded(booking_id(2), at(when)).await?;
        kit.store.note_refunded(booking_id(3), at(when)).await?;
    }
    let done = row(kit, 2).await?.refund.and_then(|refund| refund.done_at);
    assert_eq!(done, Some(at(91)));
    assert_eq!(row(kit, 3).await?.refund, None);
    let of = async |n| kit.store.refunds_of(showtime_id(n)).await;
    assert_eq!(of(1).await?, Refunds { pending: 1, done: 1 });
    assert_eq!(of(2).await?, Refunds { pending: 1, done: 0 });
    assert_eq!(of(3).await?, Refunds::default());
    Ok(())
}

pub async fn rows_come_in_order_of_ids(kit: &StoreKit) -> Checked {
    add(kit, [5, 1, 300, 2].map(|n| booking(n, "alice"))).await?;
    let ids = async |after, limit| {
        let rows = kit.store.bookings_after(after, limit).await?;
        Ok::<_, StoreError>(rows.iter().map(|row| row.id).collect::<Vec<_>>())
    };
    assert_eq!(ids(None, 3).await?, [1, 2, 5].map(booking_id));
    assert_eq!(ids(Some(booking_id(2)), 9).await?, [5, 300].map(booking_id));
    assert_eq!(ids(Some(booking_id(300)), 9).await?, []);
    Ok(())
}
