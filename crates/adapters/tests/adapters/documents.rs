//! What is stored, as other programs and other versions see it.

use bson::oid::ObjectId;
use bson::spec::BinarySubtype;
use bson::{Binary, DateTime, Document, doc};
use seathold_adapters::documents::{self, SeatDocument};
use seathold_core::{SeatState, SeatType};
use seathold_service::model::{
    Booking, BookingStatus, Claim, Payment, PaymentMethod, ReceivedEvent, Resource, ShowtimeSummary,
};

const AT: DateTime = DateTime::from_millis(1_705_314_600_000);
const KEY: &str = "550e8400-e29b-41d4-a716-446655440000";

fn id() -> ObjectId {
    ObjectId::from_bytes([7; 12])
}

fn bytes(document: &Document) -> Vec<u8> {
    document.to_vec().expect("it is a document")
}

/// That a record made of `document` is stored as that very document.
fn assert_stored_as<R: documents::Record>(document: &Document) -> R {
    let record = documents::decode::<R>(&bytes(document)).expect("it is a record");
    let stored = documents::encode(&record).expect("it can be stored");
    assert_eq!(Document::from_reader(&stored[..]).expect("it is BSON"), *document);
    record
}

fn booking() -> Document {
    doc! {
        "_id": id(), "booking_code": "BK-ABC12345", "showtime_id": id(), "user_id": "alice",
        "seats": [{"seat_id": "A1", "seat_type": "vip", "price": 150_000_i64}],
        "total_amount": 150_000_i64, "discount_amount": 1_i64, "final_amount": 149_999_i64,
        "currency": "VND", "status": "confirmed", "held_at": AT, "hold_expires_at": AT,
        "confirmed_at": AT, "cancelled_at": null, "created_at": AT, "updated_at": AT,
        "idempotency_key": KEY, "lease_until": AT, "was_held": true,
        "paid_by": format!("PAY_{KEY}"), "refund_id": format!("RFD_{KEY}"),
        "refund_reason": "owner", "refund_since": AT, "refunded_at": null,
        "outbox": {
            "open": true, "next_try": AT, "leased_until": AT, "lease": 7_i32, "deliveries": [{
                "event": "confirmed", "receiver": "00000000000000ff", "state": "dead",
                "tries": 3_i32, "since": AT, "at": AT, "error": "it answered 500",
            }],
            "dead": true,
        },
    }
}

#[test]
fn a_booking_has_the_field_names_of_the_data_model() {
    let row: Booking = assert_stored_as(&booking());
    assert_eq!(row.status, BookingStatus::Confirmed);
    assert_eq!(row.id.bytes(), [7; 12]);
    assert_eq!(row.created_at.as_millis(), AT.timestamp_millis());
}

#[test]
fn a_claim_has_the_field_names_of_the_data_model() {
    let binary = |byte| Binary { subtype: BinarySubtype::Generic, bytes: vec![byte; 32] };
    let claim = doc! {
        "key": KEY, "user_id": "alice", "request_path": "POST /api/payments",
        "request_hash": binary(1), "resource_type": "payment", "payment_id": format!("PAY_{KEY}"),
        "owner": KEY, "lease_until": AT, "status": "completed", "response_status": 201_i32,
        "response_body": binary(2), "expires_at": AT,
    };
    let claim: Claim = assert_stored_as(&claim);
    assert!(matches!(claim.resource, Resource::Payment(_)));
    assert_eq!(claim.response.map(|answer| answer.body.to_vec()), Some(vec![2; 32]));
}

#[test]
fn a_payment_and_an_event_have_the_field_names_of_the_data_model() {
    let payment = doc! {
        "_id": format!("PAY_{KEY}"), "booking_id": id(), "user_id": "alice", "provider": "vnpay",
        "transaction_id": "TXN", "amount": 5_i64, "currency": "VND", "status": "refund_pending",
        "payment_url": "https://pay.example", "return_url": null, "expires_at": AT,
        "paid_at": AT, "refund_reason": "paid_twice", "again_of": format!("PAY_{KEY}"),
        "next_check": AT, "checks": 3_i64, "lease_until": AT, "created_at": AT, "updated_at": AT,
    };
    let mut unopened = payment.clone();
    assert_eq!(assert_stored_as::<Payment>(&payment).provider, PaymentMethod::Vnpay);
    // Without the field, so that an index of references leaves it out.
    for field in ["transaction_id", "refund_reason", "again_of", "next_check", "lease_until"] {
        unopened.remove(field);
    }
    assert_eq!(assert_stored_as::<Payment>(&unopened).transaction_id, None);
    assert_stored_as::<ReceivedEvent>(&doc! {
        "provider": "card", "transaction_id": "TXN", "outcome": "failed",
        "payment_id": format!("PAY_{KEY}"), "amount": 5_i64, "currency": "VND", "paid_at": AT,
        "received_at": AT, "tries": 2_i64, "next_try": AT,
        "done": true,
    });
}

#[test]
fn a_showtime_and_a_seat_have_the_field_names_of_the_data_model() {
    assert_stored_as::<ShowtimeSummary>(&doc! {
        "_id": id(), "title": "Title", "movie_id": "m", "cinema_id": "c", "screen_id": "s",
        "start_time": AT, "end_time": AT, "currency": "VND",
        "price": {"standard": 1_i64, "vip": 2_i64, "couple": 3_i64}, "total_seats": 4_i64,
        "available_seats": 3_i64, "version": 9_i64, "next_expiry": AT, "status": "cancelled",
        "cancelled_at": AT, "created_at": AT,
    });
    let held = doc! {
        "status": "held", "held_until": AT, "booking_id": id(), "user_id": "alice",
        "seat_type": "couple",
    };
    let seat: SeatDocument = documents::from_bytes(&bytes(&held)).expect("it is a seat");
    assert_eq!(seat.seat_type().expect("it has one"), SeatType::Couple);
    assert!(matches!(seat.state().expect("it has one"), SeatState::Held { .. }));
    let free = SeatDocument::new(SeatType::Couple, &SeatState::Available);
    let free = documents::to_bytes(&free).expect("it can be stored");
    assert_eq!(free, bytes(&doc! {"status": "available", "seat_type": "couple"}));
}

#[test]
fn documents_of_other_versions_load() {
    let mut document = booking();
    document.insert("a_later_field", doc! {"of": ["any", "type"]});
    for earlier in ["discount_amount", "cancelled_at", "was_held", "paid_by", "refund_id", "outbox"]
    {
        document.remove(earlier);
    }
    let row: Booking = documents::decode(&bytes(&document)).expect("it is a booking");
    assert_eq!((row.discount_amount, row.was_held, row.paid_by), (0, false, None));
    assert_eq!((row.refund, row.outbox), (None, None));
    let earlier = doc! {
        "_id": format!("PAY_{KEY}"), "booking_id": id(), "user_id": "alice", "provider": "vnpay",
        "amount": 5_i64, "currency": "VND", "status": "pending", "expires_at": AT,
        "created_at": AT, "updated_at": AT,
    };
    let payment: Payment = documents::decode(&bytes(&earlier)).expect("it is a payment");
    assert_eq!((payment.next_check, payment.checks, payment.refund_reason), (None, 0, None));
    let earlier = doc! {
        "provider": "card", "transaction_id": "TXN", "outcome": "failed", "amount": 5_i64,
        "received_at": AT,
    };
    let event: ReceivedEvent = documents::decode(&bytes(&earlier)).expect("it is an event");
    assert_eq!((event.tries, event.next_try, event.done), (0, None, false));
}

#[test]
fn a_document_that_makes_no_record_says_which_field_is_at_fault() {
    for (field, value) in [("status", "sold"), ("currency", "vnd"), ("idempotency_key", "1")] {
        let mut document = booking();
        document.insert(field, value);
        let error = documents::decode::<Booking>(&bytes(&document)).expect_err("it is none");
        assert!(error.to_string().contains(field), "{error}");
    }
    let mut document = booking();
    document.remove("held_at");
    let error = documents::decode::<Booking>(&bytes(&document)).expect_err("it is none");
    assert!(error.to_string().contains("held_at"), "{error}");
    documents::decode::<Booking>(b"no BSON").expect_err("it is none");
}
