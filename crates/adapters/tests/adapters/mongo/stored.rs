//! What is stored, as other programs and other versions see it.

use bson::oid::ObjectId;
use bson::{DateTime, Document, doc};
use seathold_core::{Schedule, Seat, SeatMap, SeatState, SeatType};
use seathold_service::model::Showtime;
use seathold_service::ports::{
    BookingFilter, Bookings, EventKey, PageRequest, Payments, PendingFilter, Preparation,
    ShowtimeFilter, ShowtimeSort, Showtimes,
};

use super::TestDatabase;
use super::records::{
    FIRST, NOW, booked, booking, booking_id, claim, commit, commit_on, event, hall, held, payment,
    payment_id, showtime, showtime_id,
};

/// A map of these seats, in this order.
fn map(showtime: &Showtime, labels: &[String]) -> SeatMap {
    let schedule =
        Schedule { start: showtime.start_time, end: showtime.end_time, cancelled_at: None };
    let seat = |label: &String| Seat {
        label: label.parse().expect("it is a label"),
        seat_type: SeatType::Vip,
        state: SeatState::Available,
    };
    SeatMap::new(schedule, 0, labels.iter().map(seat).collect()).expect("it is a map")
}

async fn found(test: &TestDatabase, collection: &str) -> Document {
    let collection = test.database.collection::<Document>(collection);
    collection.find_one(doc! {}).await.expect("it answers").expect("it is there")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn seats_are_nested_by_row_with_the_field_names_of_the_data_model() {
    let Some((store, test)) = TestDatabase::migrated().await else { return };
    let showtime = showtime(1);
    let labels = ["A1", "12", "-7", "Box", "B_1-2"].map(str::to_owned);
    let map = map(&showtime, &labels);
    store.insert_showtime(&showtime, &map).await.expect("it answers");
    let hold = commit_on(&map, 1, FIRST, &[("A1", held(1)), ("12", booked(2))]);
    store.commit(&hold).await.expect("it answers");
    let document = found(&test, "showtimes").await;
    let available = |n: i32| doc! {"status": "available", "seat_type": "vip", "n": n};
    let taken = |entry: Document, n: i32, booking: u32, user: &str| {
        let id = ObjectId::from_bytes(booking_id(booking).bytes());
        let mut all = doc! {"seat_type": "vip", "n": n, "booking_id": id, "user_id": user};
        all.extend(entry);
        all
    };
    let until = DateTime::from_millis(NOW.plus_millis(600_000).as_millis());
    // Compared field by field: in which order they stand does not matter.
    let entry = |row: &str, label: &str| {
        let seats = document.get_document("seats").expect("they are there");
        let row = seats.get_document(row).expect("it is there");
        let entry = row.get_document(label).expect("it is there").clone();
        entry.into_iter().collect::<std::collections::BTreeMap<_, _>>()
    };
    let fields = |document: Document| document.into_iter().collect();
    let a1 = taken(doc! {"status": "held", "held_until": until}, 0, 1, "user-1");
    assert_eq!(entry("A", "A1"), fields(a1));
    assert_eq!(entry("_", "12"), fields(taken(doc! {"status": "booked"}, 1, 2, "alice")));
    assert_eq!(entry("-", "-7"), fields(available(2)));
    assert_eq!(entry("Box", "Box"), fields(available(3)));
    assert_eq!(entry("B_", "B_1-2"), fields(available(4)));
    assert_eq!(document.get_i64("version").expect("it is a number"), 1);
    assert_eq!(document.get_str("status").expect("it is a text"), "scheduled");
    assert_eq!(document.get_i64("available_seats").expect("it is a number"), 1);

    let free = [("A1", SeatState::Available), ("12", SeatState::Available)];
    let free_again = commit_on(&map, 1, hold.makes(), &free);
    store.commit(&free_again).await.expect("it answers");
    let document = found(&test, "showtimes").await;
    let a1 = document.get_document("seats").and_then(|seats| seats.get_document("A"));
    assert_eq!(
        a1.expect("it is there"),
        &doc! {"A1": available(0)},
        "nothing of its owner is left"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_largest_map_keeps_its_order_however_its_rows_are_interleaved() {
    let Some((store, _test)) = TestDatabase::migrated().await else { return };
    let showtime = Showtime { total_seats: 60_000, ..showtime(1) };
    let label = |n: u32| match n % 300 {
        0 => format!("{n}"),
        row => {
            format!("R{}{n}", "ABCDEFGHIJKLMNOPQRST".chars().nth(row as usize % 20).expect("one"))
        }
    };
    let labels: Vec<_> = (0..60_000).rev().map(label).collect();
    let map = map(&showtime, &labels);
    store.insert_showtime(&showtime, &map).await.expect("it answers");
    let load = async || store.load(showtime.id).await.expect("it answers").expect("it is there");
    assert_eq!(load().await.map.seats(), map.seats());
    let taken = [59_000, 7].map(|n: usize| (labels[n].as_str(), held(1)));
    let hold = commit_on(&map, 1, FIRST, &taken);
    store.commit(&hold).await.expect("it answers");
    let loaded = load().await;
    assert!(loaded.map.seats().map(|seat| seat.label.to_string()).eq(labels));
    assert_eq!(loaded.map.seats_of(booking_id(1)).count(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_of_a_user_makes_the_id_of_its_claim() {
    let Some((store, test)) = TestDatabase::migrated().await else { return };
    let claim = claim(&booking(1, "alice"));
    store.insert_claim(&claim).await.expect("it answers");
    let document = found(&test, "idempotency_keys").await;
    let id = document.get_binary_generic("_id").expect("it is bytes");
    assert_eq!(id[..16], *claim.key.key.uuid().as_bytes());
    assert_eq!(id[16..], *b"alice");
    assert_eq!(document.get_str("key").expect("it is a text"), claim.key.key.to_string());
    assert!(document.get_datetime("expires_at").is_ok(), "or it is never forgotten");
}

/// Removes these fields from all documents, and adds one that nobody knows.
async fn age(test: &TestDatabase, collection: &str, newer: &[&str]) {
    let mut unset = Document::new();
    unset.extend(newer.iter().map(|field| ((*field).to_owned(), "".into())));
    let change = doc! {"$unset": unset, "$set": {"a_later_field": {"of": ["any", "type"]}}};
    let collection = test.database.collection::<Document>(collection);
    collection.update_many(doc! {}, change).await.expect("it answers");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn documents_of_other_versions_load_and_change() {
    let Some((store, test)) = TestDatabase::migrated().await else { return };
    let showtime = showtime(1);
    let map = hall(&showtime, 1, 3);
    store.insert_showtime(&showtime, &map).await.expect("it answers");
    let positions = ["seats.A.A1.n", "seats.A.A2.n", "seats.A.A3.n"];
    age(&test, "showtimes", &[&positions[..], &["next_expiry", "cancelled_at"]].concat()).await;
    let loaded = store.load(showtime.id).await.expect("it answers").expect("it is there");
    assert_eq!(loaded.map.seats(), map.seats());
    let sale = commit(1, FIRST, &[("A2", booked(1))]);
    store.commit(&sale).await.expect("it answers");
    assert_eq!(store.version(showtime_id(1)).await.expect("it answers"), Some(sale.makes()));

    let row = booking(1, "alice");
    let holds = vec![(claim(&row), row.clone())];
    store.prepare(&Preparation { holds, ..Preparation::default() }).await.expect("it answers");
    let newer = ["discount_amount", "confirmed_at", "cancelled_at", "was_held", "paid_by"];
    age(&test, "bookings", &newer).await;
    assert_eq!(store.booking(row.id).await.expect("it answers"), Some(row.clone()));
    age(&test, "idempotency_keys", &["response_status", "response_body"]).await;
    let found = store.find_claims(&[row.claim_key()]).await.expect("it answers");
    assert_eq!(found[0].response, None);
    let cancels = vec![(row.id, NOW)];
    let marked = Preparation { cancels, displaced: vec![row.id], ..Preparation::default() };
    store.prepare(&marked).await.expect("it answers");
    let marked = store.booking(row.id).await.expect("it answers").expect("it is there");
    assert_eq!((marked.cancelled_at, marked.was_held), (Some(NOW), true));
    age(&test, "bookings", &newer).await;
    let sold = store.confirm_booking(row.id, Some(payment_id(1)), NOW).await.expect("it answers");
    assert_eq!(sold.and_then(|row| row.paid_by), Some(payment_id(1)));

    store.insert_payment(&payment(1)).await.expect("it answers");
    age(&test, "payments", &["payment_url", "return_url", "paid_at"]).await;
    assert_eq!(store.payment(payment_id(1)).await.expect("it answers"), Some(payment(1)));
    let soon = NOW.plus_millis(1);
    assert!(store.lease_payment(payment_id(1), NOW, soon).await.expect("it answers"));
    let event = event("TXN");
    store.receive_event(&event).await.expect("it answers");
    age(&test, "webhook_events", &["payment_id", "currency", "paid_at"]).await;
    let key = EventKey::from(&event.event);
    assert_eq!(store.event(&key).await.expect("it answers"), Some(event));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn none_of_nothing_is_nothing() {
    let Some((store, _test)) = TestDatabase::migrated().await else { return };
    let showtime = showtime(1);
    store.insert_showtime(&showtime, &hall(&showtime, 1, 1)).await.expect("it answers");
    let row = booking(1, "alice");
    let holds = vec![(claim(&row), row.clone())];
    store.prepare(&Preparation { holds, ..Preparation::default() }).await.expect("it answers");
    // To the server, a limit of none is no limit.
    assert!(store.showtime_ids(None, 0).await.expect("it answers").is_empty());
    assert!(store.bookings_after(None, 0).await.expect("it answers").is_empty());
    let pending = PendingFilter::OfUser(row.user_id.clone());
    assert!(store.pending_bookings(&pending, 0).await.expect("it answers").is_empty());
    let page = PageRequest { skip: 0, limit: 0 };
    let filter = BookingFilter { user: row.user_id, status: None, showtime: None, page };
    let listed = store.list_bookings(&filter).await.expect("it answers");
    assert_eq!((listed.data.len(), listed.total), (0, 1));
    let filter = ShowtimeFilter {
        search: None,
        movie_id: None,
        from: None,
        to: None,
        sort: ShowtimeSort::Price,
        descending: false,
        page,
    };
    let listed = store.list_showtimes(&filter).await.expect("it answers");
    assert_eq!((listed.data.len(), listed.total), (0, 1));
    assert!(store.find_claims(&[]).await.expect("it answers").is_empty());
    assert!(store.bookings(&[]).await.expect("it answers").is_empty());
    assert_eq!(store.settle_bookings(&[]).await.expect("it answers"), 0);
    store.prepare(&Preparation::default()).await.expect("it answers");
    store.unprepare(&[], &[]).await.expect("it answers");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_search_may_have_any_letter() {
    let Some((store, _test)) = TestDatabase::migrated().await else { return };
    let title: String = ('\u{1}'..='\u{17f}').collect();
    let odd = Showtime { title: title.clone(), ..showtime(1) };
    store.insert_showtime(&odd, &hall(&odd, 1, 1)).await.expect("it answers");
    let found = async |text: &str| {
        let filter = ShowtimeFilter {
            search: Some(text.to_owned()),
            movie_id: None,
            from: None,
            to: None,
            sort: ShowtimeSort::Title,
            descending: true,
            page: PageRequest { skip: 0, limit: 9 },
        };
        store.list_showtimes(&filter).await.expect("it answers").total
    };
    assert_eq!(found(&title).await, 1);
    for letter in title.chars() {
        assert_eq!(found(&letter.to_string()).await, 1, "{letter:?}");
    }
    for other in ["\0", "漢", ")(", "\\E", "a\u{0}", ".*"] {
        assert_eq!(found(other).await, 0, "{other:?}");
    }
}
