//! A file as the first form had it.

use redb::{ReadableTable, TableDefinition, TableHandle};
use seathold_core::{
    BookingId, PriceTable, Schedule, Seat, SeatLabel, SeatMap, SeatState, SeatType, ShowtimeId,
};
use seathold_service::model::{Booking, Claim, Resource, Showtime, ShowtimeSummary};
use seathold_service::ports::{Preparation, Prepared, Showtimes};

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
async fn nothing_of_the_first_form_is_left() {
    let store = open(first_form());
    let transaction = redb::ReadableDatabase::begin_read(&*store.database).expect("it begins");
    let names = transaction.list_tables().expect("it lists");
    let names: Vec<_> = names.map(|table| table.name().to_owned()).collect();
    assert!(!names.iter().any(|name| name == "seats" || name == "bookings"), "{names:?}");
    let claims = transaction.open_table(tables::CLAIMS).expect("it opens");
    assert_eq!(claims.iter().expect("it reads").count(), 1, "that to cancel");
}
