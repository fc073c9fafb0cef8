//! Idempotency keys, and what is written before a commit: see
//! [`Bookings`](seathold_service::ports::Bookings).

use std::sync::Arc;

use seathold_service::model::{Booking, BookingStatus, Claim, ClaimStatus, Resource, Settlement};
use seathold_service::ports::{
    BookingFilter, ClaimEnd, PageRequest, PendingFilter, Preparation, Prepared, StoreError,
};

use super::samples::{
    answer, at, booking, booking_id, claim_key, claim_of, hold, payment_id, user, uuid,
};
use super::{Checked, StoreKit};

#[doc(hidden)]
#[macro_export]
macro_rules! claims_contract {
    ($make:path) => {
        $crate::contract_tests! { $make:
            a_new_hold_writes_its_claim_and_its_row
            a_key_in_use_gives_its_claim_and_writes_no_row
            of_two_holds_with_one_key_in_one_call_the_second_is_the_duplicate
            one_key_of_two_users_is_two_keys
            of_many_concurrent_holds_with_one_key_exactly_one_is_opened
            a_cancel_marks_rows_that_are_pending_and_have_no_mark
            taking_a_cancel_back_removes_only_its_own_mark_and_only_while_pending
            a_displaced_row_is_known_to_have_been_held
            taking_a_hold_back_removes_claim_and_row
            taking_a_hold_back_removes_a_row_that_no_claim_names
            a_hold_that_was_taken_over_is_not_taken_back
            a_claim_of_its_own_loads_as_it_was_added
            of_two_who_take_a_claim_over_one_wins
            a_row_is_made_anew_when_its_claim_is_taken_over
            a_claim_ends_as_its_owner_says
            a_claim_is_not_ended_by_anybody_else
            purging_spares_claims_whose_time_has_not_come
        }
    };
}

async fn open(
    kit: &StoreKit,
    holds: impl IntoIterator<Item = (Claim, Booking)>,
) -> Result<Vec<Prepared>, StoreError> {
    let holds = holds.into_iter().collect();
    kit.store.prepare(&Preparation { holds, ..Preparation::default() }).await
}

async fn mark_cancelled(kit: &StoreKit, n: u32, seconds: i64) -> Checked {
    let cancels = vec![(booking_id(n), at(seconds))];
    kit.store.prepare(&Preparation { cancels, ..Preparation::default() }).await?;
    Ok(())
}

async fn row(kit: &StoreKit, n: u32) -> Result<Option<Booking>, StoreError> {
    kit.store.booking(booking_id(n)).await
}

async fn claim(kit: &StoreKit, n: u32) -> Result<Option<Claim>, StoreError> {
    Ok(kit.store.find_claims(&[claim_key(n, "alice")]).await?.pop())
}

async fn settle(kit: &StoreKit, n: u32, status: BookingStatus) -> Checked {
    let seen_held_at = booking(n, "alice").held_at;
    let settlement = Settlement { booking: booking_id(n), seen_held_at, status, at: at(50) };
    kit.store.settle_bookings(&[settlement]).await?;
    Ok(())
}

fn duplicate(claim: Claim) -> Prepared {
    Prepared::Duplicate(Box::new(claim))
}

pub async fn a_new_hold_writes_its_claim_and_its_row(kit: &StoreKit) -> Checked {
    let opened = open(kit, [hold(1, "alice"), hold(2, "alice")]).await?;
    assert_eq!(opened, [Prepared::Opened, Prepared::Opened]);
    for n in [1, 2] {
        let (expected, booking) = hold(n, "alice");
        assert_eq!(claim(kit, n).await?, Some(expected));
        assert_eq!(row(kit, n).await?, Some(booking));
    }
    assert_eq!(open(kit, []).await?, []);
    Ok(())
}

pub async fn a_key_in_use_gives_its_claim_and_writes_no_row(kit: &StoreKit) -> Checked {
    open(kit, [hold(1, "alice")]).await?;
    let (mut again, mut repeated) = hold(1, "alice");
    repeated.id = booking_id(11);
    again.resource = Resource::Booking(repeated.id);
    again.fingerprint.body_hash = [1; 32];
    let outcome = open(kit, [hold(2, "alice"), (again, repeated), hold(3, "alice")]).await?;
    let first = hold(1, "alice").0;
    assert_eq!(outcome, [Prepared::Opened, duplicate(first.clone()), Prepared::Opened]);
    assert_eq!(row(kit, 11).await?, None);
    assert_eq!(claim(kit, 1).await?, Some(first));
    assert_eq!(row(kit, 3).await?, Some(booking(3, "alice")));
    Ok(())
}

pub async fn of_two_holds_with_one_key_in_one_call_the_second_is_the_duplicate(
    kit: &StoreKit,
) -> Checked {
    let (first, first_row) = hold(1, "alice");
    let second_row = Booking { id: booking_id(11), ..first_row.clone() };
    let second = claim_of(&second_row, 2);
    let outcome = open(kit, [(first.clone(), first_row.clone()), (second, second_row)]).await?;
    assert_eq!(outcome, [Prepared::Opened, duplicate(first)]);
    assert_eq!(row(kit, 1).await?, Some(first_row));
    assert_eq!(row(kit, 11).await?, None);
    Ok(())
}

pub async fn one_key_of_two_users_is_two_keys(kit: &StoreKit) -> Checked {
    let (alices, row) = hold(1, "alice");
    let bobs_row = Booking { id: booking_id(2), user_id: user("bob"), ..row.clone() };
    let bobs = claim_of(&bobs_row, 2);
    let outcome = open(kit, [(alices.clone(), row), (bobs.clone(), bobs_row)]).await?;
    assert_eq!(outcome, [Prepared::Opened, Prepared::Opened]);
    let keys = [claim_key(1, "bob"), claim_key(9, "bob"), claim_key(1, "alice")];
    let mut found = kit.store.find_claims(&keys).await?;
    found.sort_by(|a, b| a.key.cmp(&b.key));
    assert_eq!(found, [alices, bobs]);
    Ok(())
}

pub async fn of_many_concurrent_holds_with_one_key_exactly_one_is_opened(
    kit: &StoreKit,
) -> Checked {
    let racers = (1..=50).map(|n| {
        let row = Booking { id: booking_id(n), ..booking(1, "alice") };
        let holds = vec![(claim_of(&row, n), row)];
        let store = Arc::clone(&kit.store);
        let preparation = Preparation { holds, ..Preparation::default() };
        tokio::spawn(async move { (n, store.prepare(&preparation).await) })
    });
    let (mut winners, mut duplicates) = (Vec::new(), Vec::new());
    for racer in racers.collect::<Vec<_>>() {
        let (n, outcome) = racer.await.expect("a store does not panic");
        match outcome?.pop().expect("one outcome for one hold") {
            Prepared::Opened => winners.push(n),
            Prepared::Duplicate(first) => duplicates.push(first.resource),
        }
    }
    let [winner] = winners[..] else { panic!("{winners:?} were opened with one key") };
    assert_eq!(duplicates, [Resource::Booking(booking_id(winner)); 49]);
    let rows = kit.store.bookings_after(None, 100).await?;
    assert_eq!(rows.iter().map(|row| row.id).collect::<Vec<_>>(), [booking_id(winner)]);
    Ok(())
}

pub async fn a_cancel_marks_rows_that_are_pending_and_have_no_mark(kit: &StoreKit) -> Checked {
    open(kit, [hold(1, "alice"), hold(2, "alice")]).await?;
    settle(kit, 2, BookingStatus::Confirmed).await?;
    let confirmed = row(kit, 2).await?;
    for seconds in [20, 30] {
        for n in [1, 2, 404] {
            mark_cancelled(kit, n, seconds).await?;
        }
    }
    let marked = row(kit, 1).await?.expect("it is there");
    assert_eq!((marked.status, marked.cancelled_at), (BookingStatus::Pending, Some(at(20))));
    assert_eq!(row(kit, 2).await?, confirmed);
    assert_eq!(row(kit, 404).await?, None);
    Ok(())
}

pub async fn taking_a_cancel_back_removes_only_its_own_mark_and_only_while_pending(
    kit: &StoreKit,
) -> Checked {
    open(kit, [1, 2, 3].map(|n| hold(n, "alice"))).await?;
    for n in [1, 2, 3] {
        mark_cancelled(kit, n, 20).await?;
    }
    settle(kit, 3, BookingStatus::Cancelled).await?;
    let cancelled = row(kit, 3).await?;
    let back = [(booking_id(1), at(20)), (booking_id(2), at(21)), (booking_id(3), at(50))];
    kit.store.unprepare(&[], &back).await?;
    let mark = async |n| Ok::<_, StoreError>(row(kit, n).await?.and_then(|row| row.cancelled_at));
    assert_eq!(mark(1).await?, None);
    assert_eq!(mark(2).await?, Some(at(20)));
    assert_eq!(row(kit, 3).await?, cancelled);
    Ok(())
}

pub async fn a_displaced_row_is_known_to_have_been_held(kit: &StoreKit) -> Checked {
    open(kit, [hold(1, "alice"), hold(2, "alice")]).await?;
    let displaced = vec![booking_id(1), booking_id(404)];
    kit.store.prepare(&Preparation { displaced, ..Preparation::default() }).await?;
    let held = async |n| Ok::<_, StoreError>(row(kit, n).await?.map(|row| row.was_held));
    assert_eq!((held(1).await?, held(2).await?), (Some(true), Some(false)));
    Ok(())
}

pub async fn taking_a_hold_back_removes_claim_and_row(kit: &StoreKit) -> Checked {
    open(kit, [hold(1, "alice"), hold(2, "alice")]).await?;
    kit.store.unprepare(&[(hold(1, "alice").0, booking_id(1))], &[]).await?;
    assert_eq!((claim(kit, 1).await?, row(kit, 1).await?), (None, None));
    assert!(claim(kit, 2).await?.is_some() && row(kit, 2).await?.is_some());
    let page = PageRequest { skip: 0, limit: 9 };
    let filter = BookingFilter { user: user("alice"), status: None, showtime: None, page };
    assert_eq!(kit.store.list_bookings(&filter).await?.data, [booking(2, "alice")]);
    let over = PendingFilter::ExpiredAt(at(9999));
    assert_eq!(kit.store.pending_bookings(&over, 9).await?, [booking(2, "alice")]);
    assert_eq!(open(kit, [hold(1, "alice")]).await?, [Prepared::Opened]);
    Ok(())
}

pub async fn taking_a_hold_back_removes_a_row_that_no_claim_names(kit: &StoreKit) -> Checked {
    let (lost, row_left) = hold(1, "alice");
    open(kit, [(lost.clone(), row_left.clone())]).await?;
    kit.store.end_claim(&lost, &ClaimEnd::Discarded).await?;
    assert_eq!(row(kit, 1).await?, Some(row_left), "as a crash may leave it");
    // The key was used again meanwhile, for another booking.
    let again = Booking { idempotency_key: lost.key.key, ..booking(2, "alice") };
    let claim_again = Claim { key: lost.key.clone(), ..claim_of(&again, 2) };
    open(kit, [(claim_again.clone(), again.clone())]).await?;
    kit.store.unprepare(&[(lost, booking_id(1))], &[]).await?;
    assert_eq!((row(kit, 1).await?, row(kit, 2).await?), (None, Some(again)));
    assert_eq!(claim(kit, 1).await?, Some(claim_again));
    // A row that was made anew since has a later lease, and stays.
    let (old, made) = hold(4, "alice");
    let anew = Booking { lease_until: at(9000), ..made };
    let later = Claim { lease_until: at(9000), ..claim_of(&anew, 5) };
    open(kit, [(later.clone(), anew.clone())]).await?;
    kit.store.end_claim(&later, &ClaimEnd::Discarded).await?;
    kit.store.unprepare(&[(old, anew.id)], &[]).await?;
    assert_eq!(row(kit, 4).await?, Some(anew));
    // Taking back what was never written changes nothing.
    let (never, row_never) = hold(3, "alice");
    kit.store.unprepare(&[(never, row_never.id)], &[]).await?;
    assert_eq!(row(kit, 3).await?, None);
    Ok(())
}

pub async fn a_hold_that_was_taken_over_is_not_taken_back(kit: &StoreKit) -> Checked {
    let (old, booking) = hold(1, "alice");
    open(kit, [(old.clone(), booking.clone())]).await?;
    let new = claim_of(&booking, 2);
    assert!(kit.store.take_over(&old, &new, None).await?);
    kit.store.unprepare(&[(old, booking.id)], &[]).await?;
    assert_eq!(claim(kit, 1).await?, Some(new));
    assert_eq!(row(kit, 1).await?, Some(booking));
    Ok(())
}

pub async fn a_claim_of_its_own_loads_as_it_was_added(kit: &StoreKit) -> Checked {
    let resource = Resource::Payment(payment_id(1));
    let first = Claim { resource, response: None, ..claim_of(&booking(1, "alice"), 1) };
    assert_eq!(kit.store.insert_claim(&first).await?, None);
    assert_eq!(claim(kit, 1).await?, Some(first.clone()));
    let second = claim_of(&booking(1, "alice"), 2);
    assert_eq!(kit.store.insert_claim(&second).await?, Some(first.clone()));
    assert_eq!(claim(kit, 1).await?, Some(first));
    Ok(())
}

pub async fn of_two_who_take_a_claim_over_one_wins(kit: &StoreKit) -> Checked {
    let (old, booking) = hold(1, "alice");
    assert!(!kit.store.take_over(&old, &claim_of(&booking, 2), Some(&booking)).await?);
    assert_eq!(row(kit, 1).await?, None, "there was nothing to take over");
    open(kit, [(old.clone(), booking.clone())]).await?;
    let [second, third] = [2, 3].map(|n| claim_of(&booking, n));
    let anew = |seconds| Booking { held_at: at(seconds), ..booking.clone() };
    let (second_row, third_row) = (anew(20), anew(30));
    let (one, other) = tokio::join!(
        kit.store.take_over(&old, &second, Some(&second_row)),
        kit.store.take_over(&old, &third, Some(&third_row)),
    );
    let (one, other) = (one?, other?);
    assert_ne!(one, other);
    let expected = if one { (second, second_row) } else { (third, third_row) };
    assert_eq!(claim(kit, 1).await?, Some(expected.0));
    assert_eq!(row(kit, 1).await?, Some(expected.1));
    Ok(())
}

pub async fn a_row_is_made_anew_when_its_claim_is_taken_over(kit: &StoreKit) -> Checked {
    let (old, booking) = hold(1, "alice");
    open(kit, [(old.clone(), booking.clone())]).await?;
    mark_cancelled(kit, 1, 20).await?;
    settle(kit, 1, BookingStatus::Expired).await?;
    let (held_at, hold_expires_at, created_at) = (at(40), at(640), at(40));
    let anew = Booking { held_at, hold_expires_at, created_at, ..booking };
    let new = Claim { expires_at: old.expires_at.plus_millis(1), ..claim_of(&anew, 2) };
    assert!(kit.store.take_over(&old, &new, Some(&anew)).await?);
    assert_eq!(claim(kit, 1).await?, Some(new));
    assert_eq!(row(kit, 1).await?, Some(anew.clone()));
    let pending =
        async |seconds| kit.store.pending_bookings(&PendingFilter::ExpiredAt(at(seconds)), 9).await;
    assert_eq!(pending(639).await?, []);
    assert_eq!(pending(640).await?.as_slice(), std::slice::from_ref(&anew));
    assert_eq!(kit.store.pending_bookings(&PendingFilter::OfUser(user("alice")), 9).await?, [anew]);
    Ok(())
}

pub async fn a_claim_ends_as_its_owner_says(kit: &StoreKit) -> Checked {
    let claims = [1, 2, 3].map(|n| Claim { response: None, ..hold(n, "alice").0 });
    for claim in &claims {
        kit.store.insert_claim(claim).await?;
    }
    let ends = [ClaimEnd::Completed(answer(200)), ClaimEnd::Failed, ClaimEnd::Discarded];
    for (claim, end) in claims.iter().zip(ends) {
        kit.store.end_claim(claim, &end).await?;
    }
    let [completed, failed, _] = claims;
    let completed =
        Claim { status: ClaimStatus::Completed, response: Some(answer(200)), ..completed };
    assert_eq!(claim(kit, 1).await?, Some(completed));
    assert_eq!(claim(kit, 2).await?, Some(Claim { status: ClaimStatus::Failed, ..failed }));
    assert_eq!(claim(kit, 3).await?, None);
    Ok(())
}

pub async fn a_claim_is_not_ended_by_anybody_else(kit: &StoreKit) -> Checked {
    let mine = hold(1, "alice").0;
    kit.store.insert_claim(&mine).await?;
    let theirs = Claim { owner: uuid(77), ..mine.clone() };
    for end in [ClaimEnd::Completed(answer(200)), ClaimEnd::Failed, ClaimEnd::Discarded] {
        kit.store.end_claim(&theirs, &end).await?;
        assert_eq!(claim(kit, 1).await?, Some(mine.clone()));
    }
    Ok(())
}

pub async fn purging_spares_claims_whose_time_has_not_come(kit: &StoreKit) -> Checked {
    let now = kit.clock.now();
    let living = Claim { expires_at: now.plus_millis(60_000), ..hold(1, "alice").0 };
    kit.store.insert_claim(&living).await?;
    assert_eq!(kit.store.purge_claims(now).await?, 0);
    assert_eq!(claim(kit, 1).await?, Some(living));
    Ok(())
}
