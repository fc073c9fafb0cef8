//! A file as the first form had it.

use redb::{ReadableTable, TableDefinition, TableHandle};
use seathold_core::{
    BookingId, PaymentId, PriceTable, Schedule, Seat, SeatLabel, SeatMap, SeatState, SeatType,
    ShowtimeId,
};
use seathold_service::model::{
    Booking, Claim, Payment, PaymentMethod, PaymentStatus, Resource, Showtime, ShowtimeSummary,
};
use seathold_service::ports::{Payments, Preparation, Prepared, Showtimes};

use super::hold::{booking, claim};
use super::*;
use crate::documents::{self, SeatDocument};

type Table = TableDefinition<'static, &'static [u8], &'static [u8]>;

fn showtime() -> ShowtimeSummary {
    let showtime = Showtime {
        id: ShowtimeId::from_bytes([1; 12]),
        title: "Title".to_owned(),
        movie_id: "movie".to_owned(),
        cinema_id: "cinema".to_owned(),
        screen_id: "screen".to_owned(),
        start_time: Timestamp::from_millis(0),
        end_time: Timestamp::from_millis(1),
        currency: "VND".parse().expect("it is a currency"),
        price: PriceTable::new(1, 2, 3).expect("they are prices"),
        total_seats: 100,
        created_at: Timestamp::from_millis(0),
    };
    let (cancelled_at, next_expiry) = (None, Some(Timestamp::from_millis(9)));
    ShowtimeSummary {
        showtime,
        cancelled_at,
        available: 98,
        next_expiry,
        version: 7,
        commit_id: None,
    }
}

/// More than one record of them, in an order that is not that of the labels.
fn map() -> SeatMap {
    let label = |n: u32| format!("S{n}").parse::<SeatLabel>().expect("it is a label");
    let user = || "alice".parse().expect("it is a user");
    let booking = BookingId::from_bytes([2; 12]);
    let state = |n| match n {
        7 => SeatState::Held { booking, user: user(), until: Timestamp::from_millis(9) },
        8 => SeatState::Booked { booking, user: user() },
        _ => SeatState::Available,
    };
    let seat = |n| Seat { label: label(n), seat_type: SeatType::Couple, state: state(n) };
    let Showtime { start_time: start, end_time: end, .. } = showtime().showtime;
    let schedule = Schedule { start, end, cancelled_at: None };
    SeatMap::new(schedule, 7, (0..100).rev().map(seat).collect()).expect("it is a map")
}

/// One that was cancelled by a claim of its own.
fn claim_to_cancel(row: &Booking) -> Claim {
    let mut own = claim(row);
    own.key.key = "550e8400-e29b-41d4-a716-446655440000".parse().expect("it is a key");
    assert_eq!(own.resource, Resource::Booking(row.id));
    own
}

/// The file, with a booking whose claim is there, and one whose claim is not.
fn first_form() -> Database {
    let database = memory();
    let transaction = database.begin_write().expect("it begins");
    let insert = |name: &'static str, key: &[u8], value: &[u8]| {
        let mut table = transaction.open_table(Table::new(name)).expect("it opens");
        table.insert(key, value).expect("it is written");
    };
    let id = showtime().showtime.id;
    let document = documents::encode(&showtime()).expect("it can be stored");
    insert("showtimes", &id.bytes(), &document);
    for (position, seat) in (0_u32..).zip(map().seats()) {
        let document = SeatDocument::new(seat.seat_type, seat.state);
        let document = documents::to_bytes(&document).expect("it can be stored");
        let value = [&position.to_be_bytes()[..], &document].concat();
        insert("seats", &keys::seat(id, &seat.label), &value);
    }
    for row in [booking(1), booking(2)] {
        let document = documents::encode(&row).expect("it can be stored");
        insert("bookings", &row.id.bytes(), &document);
    }
    for claim in [claim(&booking(1)), claim_to_cancel(&booking(1))] {
        let (key, document) = (keys::claim(&claim.key), documents::encode(&claim));
        insert("claims", &key, &document.expect("it can be stored"));
        insert("claims_by_expiry", &keys::time_and(claim.expires_at, &key), NOTHING);
    }
    transaction.commit().expect("it is written");
    database
}

fn open(database: Database) -> EmbeddedStore {
    let log = Box::<Disk>::default();
    EmbeddedStore::over(database, log, Arc::new(Midnight)).expect("it opens")
}

#[tokio::test]
async fn a_file_of_the_first_form_has_all_it_had() {
    let store = open(first_form());
    let stored = store.load(showtime().showtime.id).await.expect("it answers");
    let stored = stored.expect("it is there");
    assert_eq!(stored.summary, showtime());
    assert_eq!(stored.map.seats(), map().seats());
    let rows = store.bookings_after(None, 9).await.expect("it answers");
    assert_eq!(rows, [booking(1), booking(2)]);
    let claims = [claim(&booking(1)), claim_to_cancel(&booking(1))];
    let keys = claims.each_ref().map(|claim| claim.key.clone());
    assert_eq!(store.find_claims(&keys).await.expect("it answers"), claims);
    let again = Preparation {
        holds: [booking(1), booking(2)].map(|row| (claim(&row), row)).into(),
        ..Preparation::default()
    };
    let [first, _] = claims;
    let expected = [Prepared::Duplicate(Box::new(first)), Prepared::Opened];
    assert_eq!(store.prepare(&again).await.expect("it answers"), expected);
}

#[tokio::test]
async fn payments_of_the_time_before_they_were_asked_about_are_asked_about_once_they_are_over() {
    let database = memory();
    let at = Timestamp::from_millis;
    let pending = Payment {
        id: PaymentId::from_uuid(uuid::Uuid::from_bytes([3; 16])),
        booking_id: BookingId::from_bytes([4; 12]),
        user_id: "alice".parse().expect("it is a user"),
        provider: PaymentMethod::Card,
        transaction_id: Some("TXN".to_owned()),
        amount: 5,
        currency: "VND".parse().expect("it is a currency"),
        status: PaymentStatus::Pending,
        payment_url: None,
        return_url: None,
        expires_at: at(600),
        paid_at: None,
        refund_reason: None,
        again_of: None,
        next_check: None,
        checks: 0,
        lease_until: None,
        created_at: at(1),
        updated_at: at(1),
    };
    let transaction = database.begin_write().expect("it begins");
    let insert = |name: &'static str, key: &[u8], value: &[u8]| {
        let mut table = transaction.open_table(Table::new(name)).expect("it opens");
        table.insert(key, value).expect("it is written");
    };
    let (id, document) = (pending.id.uuid(), documents::encode(&pending));
    insert("payments", id.as_bytes(), &document.expect("it can be stored"));
    insert("payments_by_status", &keys::payment_status(pending.status, id.as_bytes()), NOTHING);
    insert("pending_payments", &pending.booking_id.bytes(), id.as_bytes());
    insert("payments_by_transaction", &keys::transaction(pending.provider, "TXN"), id.as_bytes());
    transaction.commit().expect("it is written");

    let store = open(database);
    let planned = Payment { next_check: Some(at(600)), ..pending };
    assert_eq!(store.payments_to_check(at(599), 9).await.expect("it answers"), []);
    let due = store.payments_to_check(at(600), 9).await.expect("it answers");
    assert_eq!(due, std::slice::from_ref(&planned));
    assert!(store.count_check(planned.id, Some(at(600)), None).await.expect("it is written"));
    assert_eq!(store.payments_to_check(at(600), 9).await.expect("it answers"), []);
}

#[tokio::test]
async fn nothing_of_the_first_form_is_left() {
    let store = open(first_form());
    let transaction = redb::ReadableDatabase::begin_read(&*store.database).expect("it begins");
    let names = transaction.list_tables().expect("it lists");
    let names: Vec<_> = names.map(|table| table.name().to_owned()).collect();
    assert!(!names.iter().any(|name| name == "seats" || name == "bookings"), "{names:?}");
    let claims = transaction.open_table(tables::CLAIMS).expect("it opens");
    assert_eq!(claims.iter().expect("it reads").count(), 1, "that to cancel");
}
