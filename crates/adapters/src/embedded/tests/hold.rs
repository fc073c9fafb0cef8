//! What of a hold is kept, and when its claim is forgotten.

use seathold_core::{PaymentId, RefundId, SeatType, ShowtimeId};
use seathold_service::model::{
    Answer, BookedSeat, Booking, BookingEvent, BookingRefund, BookingStatus, Claim, ClaimStatus,
    DeliveryState, Fingerprint, Outbox, ReceiverId, RefundReason, Resource,
};
use seathold_service::ports::{Preparation, Prepared};
use uuid::{Builder, Uuid};

use super::*;
use crate::embedded::hold;

const DAY_MS: i64 = 86_400_000;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// A booking, one minute after the one before it.
pub(super) fn booking(n: u8) -> Booking {
    let held_at = at(60_000 * i64::from(n));
    let key = Builder::from_random_bytes([n; 16]).into_uuid();
    let label = |text: &str| text.parse().expect("it is a label");
    Booking {
        id: BookingId::from_bytes([n; 12]),
        code: format!("BK-{n:08}"),
        showtime_id: ShowtimeId::from_bytes([1; 12]),
        user_id: "žofie|Ω 漢字".parse().expect("it is a user"),
        seats: vec![
            BookedSeat { label: label("A1"), seat_type: SeatType::Vip, price: 150_000 },
            BookedSeat { label: label("Z-9"), seat_type: SeatType::Couple, price: 0 },
        ],
        total_amount: i64::MAX,
        discount_amount: -1,
        final_amount: i64::MIN,
        currency: "VND".parse().expect("it is a currency"),
        status: BookingStatus::Pending,
        held_at,
        hold_expires_at: held_at.plus_millis(600_000),
        confirmed_at: None,
        cancelled_at: None,
        created_at: held_at,
        updated_at: held_at,
        idempotency_key: key.to_string().parse().expect("it is a key"),
        lease_until: held_at.plus_millis(10_000),
        was_held: false,
        paid_by: None,
        refund: None,
        outbox: None,
    }
}

pub(super) fn claim(row: &Booking) -> Claim {
    Claim {
        key: row.claim_key(),
        fingerprint: Fingerprint::of("POST /api/bookings/hold".to_owned(), b"{}"),
        resource: Resource::Booking(row.id),
        owner: Uuid::from_bytes([5; 16]),
        lease_until: row.lease_until,
        status: ClaimStatus::Processing,
        response: Some(Answer { status: 201, body: vec![b'x'; 300].into() }),
        expires_at: row.held_at.plus_millis(DAY_MS),
    }
}

#[test]
fn a_record_gives_what_was_put_into_it() {
    let plain = booking(1);
    let full = Booking {
        status: BookingStatus::Expired,
        confirmed_at: Some(at(-1)),
        cancelled_at: Some(at(i64::MAX)),
        was_held: true,
        paid_by: Some(PaymentId::from_uuid(Uuid::from_bytes([7; 16]))),
        refund: Some(BookingRefund {
            id: RefundId::from_uuid(Uuid::from_bytes([8; 16])),
            reason: RefundReason::ShowtimeCancelled,
            since: at(5),
            done_at: Some(at(6)),
        }),
        outbox: Some(outbox()),
        ..booking(2)
    };
    for row in [plain, full] {
        let ended = Claim { status: ClaimStatus::Failed, response: None, ..claim(&row) };
        for claim in [None, Some(claim(&row)), Some(ended)] {
            let record = hold::encode(&row, claim.as_ref());
            assert_eq!(hold::row(row.id, &record).expect("it is a record"), row);
            let both = hold::decode(row.id, &record).expect("it is a record");
            assert_eq!(both, (row.clone(), claim));
        }
    }
}

/// With a delivery in each state.
fn outbox() -> Outbox {
    let mut outbox = Outbox::new(at(7));
    for (n, state) in (0..).zip(DeliveryState::ALL) {
        let delivery = outbox.delivery_mut(BookingEvent::ALL[n], ReceiverId([n as u8; 8]), at(8));
        (delivery.state, delivery.tries) = (state, 1_000);
        delivery.error = (n == 1).then(|| "žádná odpověď".to_owned());
    }
    outbox
}

#[test]
fn records_of_before_there_were_refunds_or_outboxes_load() {
    let (row, claim) = (booking(1), claim(&booking(1)));
    let record = hold::encode(&row, Some(&claim));
    // One byte for no outbox stands before the claim, whose first byte says that it is there.
    let claimed = hold::encode(&row, None).len() - 1;
    let earlier = |version: u8, without: usize| {
        let mut record = record.clone();
        record.drain(claimed - without..claimed);
        record[0] = version;
        record
    };
    for record in [earlier(2, 1), earlier(1, 2)] {
        let both = hold::decode(row.id, &record).expect("it is a record");
        assert_eq!(both, (row.clone(), Some(claim.clone())));
    }
}

#[test]
fn a_record_that_is_cut_off_or_of_a_later_version_is_none() {
    let row = booking(1);
    let mut record = hold::encode(&row, Some(&claim(&row)));
    for end in 0..record.len() {
        hold::decode(row.id, &record[..end]).expect_err("it is cut off");
    }
    record[0] += 1;
    hold::decode(row.id, &record).expect_err("it is of a later version");
}

#[tokio::test]
async fn a_claim_on_another_key_than_its_rows_is_kept_beside_it() {
    let (store, _) = store();
    let row = booking(1);
    let other = Claim { key: booking(2).claim_key(), ..claim(&row) };
    let prepare = async |claim: &Claim, row: &Booking| {
        let holds = vec![(claim.clone(), row.clone())];
        let preparation = Preparation { holds, ..Preparation::default() };
        store.prepare(&preparation).await.expect("it answers").remove(0)
    };
    let find = async |claim: &Claim| {
        store.find_claims(std::slice::from_ref(&claim.key)).await.expect("it answers").pop()
    };
    assert_eq!(prepare(&other, &row).await, Prepared::Opened);
    assert_eq!(find(&other).await, Some(other.clone()));
    assert_eq!(find(&claim(&row)).await, None, "the row's own key is free");
    let first = Prepared::Duplicate(Box::new(other.clone()));
    assert_eq!(prepare(&claim(&booking(2)), &booking(2)).await, first);
    // Somebody else has it now, for the same booking: the row stays.
    let taken = Claim { owner: Uuid::from_bytes([6; 16]), ..other.clone() };
    assert!(store.take_over(&other, &taken, None).await.expect("it answers"));
    store.unprepare(&[(other, row.id)], &[]).await.expect("it is written");
    assert_eq!(store.booking(row.id).await.expect("it answers"), Some(row.clone()));
    store.unprepare(&[(taken.clone(), row.id)], &[]).await.expect("it is written");
    assert_eq!(store.booking(row.id).await.expect("it answers"), None);
    assert_eq!(find(&taken).await, None);
}

#[tokio::test]
async fn claims_of_holds_are_forgotten_when_their_time_has_passed_and_rows_are_not() {
    let (store, _) = store();
    let rows = [1, 2, 3, 4].map(booking);
    let holds: Vec<_> = rows.iter().map(|row| (claim(row), row.clone())).collect();
    let keys: Vec<_> = holds.iter().map(|(claim, _)| claim.key.clone()).collect();
    let all = Preparation { holds: holds.clone(), ..Preparation::default() };
    store.prepare(&all).await.expect("it is written");
    let purge = async |at| store.purge_claims(at).await.expect("it answers");
    let over = |n: usize| holds[n].0.expires_at;
    assert_eq!(purge(over(0).plus_millis(-1)).await, 0);
    assert_eq!(purge(over(1)).await, 2);
    assert_eq!(purge(over(1)).await, 0);
    let found = store.find_claims(&keys).await.expect("it answers");
    assert_eq!(found, [holds[2].0.clone(), holds[3].0.clone()]);
    assert_eq!(purge(over(3)).await, 2);
    assert_eq!(store.find_claims(&keys).await.expect("it answers"), []);
    assert_eq!(store.bookings_after(None, 9).await.expect("it answers"), rows);
    // The key is free again.
    let anew = Booking { idempotency_key: rows[0].idempotency_key, ..booking(5) };
    let again = Preparation { holds: vec![(claim(&anew), anew.clone())], ..Preparation::default() };
    assert_eq!(store.prepare(&again).await.expect("it answers"), [Prepared::Opened]);
    assert_eq!(store.booking(anew.id).await.expect("it answers"), Some(anew));
}
