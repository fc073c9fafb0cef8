//! How the server finds what is asked for: by indexes, whatever is asked.

use bson::{Document, doc};
use seathold_adapters::MongoStore;
use seathold_core::{SeatState, Timestamp};
use seathold_service::model::{
    Booking, BookingEvent, BookingRefund, BookingStatus, DeliveryState, Extension, Outbox, Outcome,
    PaymentMethod, PaymentStatus, ReceiverId, RefundReason, Settlement, Showtime,
};
use seathold_service::ports::{
    BookingFilter, Bookings, ClaimEnd, Commit, EventKey, Outboxes, PageRequest, PaymentMove,
    Payments, PendingFilter, Preparation, ShowtimeFilter, ShowtimeSort, Showtimes, Store,
    StoreError,
};

use super::TestDatabase;
use super::records::{
    FIRST, NOW, booking, booking_id, claim, commit, event, hall, payment, payment_id, showtime,
    showtime_id,
};

const PAGE: PageRequest = PageRequest { skip: 0, limit: 10 };

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_call_of_the_store_scans_a_collection() {
    let Some((store, test)) = TestDatabase::migrated().await else { return };
    let profile = |level: i32| test.database.run_command(doc! {"profile": level});
    profile(2).await.expect("the server answers");
    // Each call twice: the second time there is something to find.
    for round in 0..2 {
        write(&store, round).await.expect("the server answers");
        read(&store).await.expect("the server answers");
    }
    profile(0).await.expect("the server answers");
    let profiled = test.database.collection::<Document>("system.profile");
    let count = async |filter| profiled.count_documents(filter).await.expect("the server answers");
    let scans = doc! {"planSummary": {"$regex": "COLLSCAN"}};
    let scan = profiled.find_one(scans).await.expect("the server answers");
    assert_eq!(scan, None);
    let in_memory = doc! {"hasSortStage": true};
    assert_eq!(profiled.find_one(in_memory).await.expect("the server answers"), None);
    // A showtime comes with all its seats: only those that are shown are read.
    let in_vain = doc! {
        "ns": format!("{}.showtimes", test.database.name()),
        "op": {"$in": ["query", "command"]},
        "$expr": {"$gt": ["$docsExamined", {"$cond": [
            {"$gt": ["$command.find", null]},
            "$nreturned",
            0,
        ]}]},
    };
    assert_eq!(profiled.find_one(in_vain).await.expect("the server answers"), None);
    // So that the test does not pass because nothing was profiled.
    for name in ["showtimes", "bookings", "idempotency_keys", "payments", "webhook_events"] {
        let of = doc! {"ns": format!("{}.{name}", test.database.name())};
        let indexed = doc! {"$and": [of, {"planSummary": {"$regex": "IXSCAN|IDHACK|COUNT_SCAN"}}]};
        assert!(count(indexed).await > 3, "{name} was profiled");
    }
}

/// Every call that writes.
async fn write(store: &MongoStore, round: u32) -> Result<(), StoreError> {
    let n = round;
    store.insert_showtime(&showtime(n), &hall(&showtime(n), 2, 3)).await?;
    // Another, which most filters leave out.
    let (title, movie_id) = ("Else".to_owned(), "other".to_owned());
    let other = Showtime { title, movie_id, ..showtime(100 + n) };
    store.insert_showtime(&other, &hall(&other, 2, 3)).await?;
    store.commit(&commit(n, FIRST, &[("A1", SeatState::Available)])).await?;
    let cancelled_at = Some(NOW);
    store.commit(&Commit { cancelled_at, ..commit(100 + n, FIRST, &[]) }).await?;
    let told = Booking { outbox: Some(Outbox::new(NOW)), ..booking(n, "alice") };
    let (row, other) = (told, booking(100 + n, "alice"));
    let holds = [&row, &other, &other].map(|row| (claim(row), row.clone()));
    let preparation = Preparation {
        holds: holds.to_vec(),
        cancels: vec![(row.id, NOW), (booking_id(404), NOW)],
        displaced: vec![row.id, booking_id(404)],
    };
    store.prepare(&preparation).await?;
    store.prepare(&preparation).await?;
    store.unprepare(&[(claim(&other), other.id)], &[(row.id, NOW)]).await?;
    store.insert_claim(&claim(&row)).await?;
    store.take_over(&claim(&row), &claim(&row), Some(&row)).await?;
    store.end_claim(&claim(&other), &ClaimEnd::Failed).await?;
    store.end_claim(&claim(&other), &ClaimEnd::Discarded).await?;
    store.purge_claims(NOW).await?;
    let status = BookingStatus::Expired;
    let settlement = Settlement { booking: row.id, seen_held_at: row.held_at, status, at: NOW };
    store.settle_bookings(&[settlement, settlement]).await?;
    let seen_held_at = row.held_at;
    let until = row.hold_expires_at.plus_millis(1);
    store.extend_bookings(&[Extension { booking: row.id, seen_held_at, until }]).await?;
    store.confirm_booking(row.id, Some(payment_id(n)), NOW).await?;
    let (id, reason) = (payment_id(n).refund(), RefundReason::Owner);
    let refund = BookingRefund { id, reason, since: NOW, done_at: None };
    store.mark_refund(row.id, &refund).await?;
    store.note_refunded(row.id, NOW).await?;
    if n == 0 {
        store.cancel_refunded(row.id, NOW).await?;
    }

    let until = NOW.plus_millis(1);
    store.lease_outbox(row.id, 0, until).await?;
    let mut outbox = Outbox { lease: 1, ..Outbox::new(until) };
    outbox.delivery_mut(BookingEvent::Held, ReceiverId([0; 8]), NOW).state = DeliveryState::Dead;
    let leased = Booking { outbox: Some(outbox.clone()), ..row.clone() };
    store.write_outbox(&leased, &outbox, false).await?;
    store.write_outbox(&leased, &Outbox { open: false, ..outbox }, true).await?;

    store.insert_payment(&payment(n)).await?;
    store.insert_payment(&payment(n)).await?;
    let reference = format!("TXN-{n}");
    store.open_session(payment_id(n), Some(&reference), "https://pay.example", NOW, NOW).await?;
    let step = PaymentMove {
        id: payment_id(n),
        from: &[PaymentStatus::Pending],
        to: PaymentStatus::Completed,
        paid_at: Some(NOW),
        transaction_id: Some("TXN"),
        refund_reason: None,
        keep_checking: true,
        at: NOW,
        deadline: Some(NOW),
    };
    store.lease_payment(payment_id(n), NOW, NOW).await?;
    store.move_payment(&step).await?;
    store.move_payment(&PaymentMove { deadline: None, ..step }).await?;
    let event = event(&format!("TXN-{n}"));
    let key = EventKey::from(&event.event);
    store.receive_event(&event).await?;
    store.receive_event(&event).await?;
    store.forget_event(&event.event).await?;
    store.receive_event(&event).await?;
    store.postpone_event(&key, NOW).await?;
    store.finish_event(&key).await
}

/// Every call that only reads, with every filter.
async fn read(store: &MongoStore) -> Result<(), StoreError> {
    store.ping().await?;
    let id = showtime_id(0);
    store.load(id).await?;
    store.version(id).await?;
    store.summary(id).await?;
    store.seats_now(id, &["A1", "B9"].map(|text| text.parse().expect("it is a label"))).await?;
    store.expiring_showtimes(NOW, 10).await?;
    store.showtime_ids(None, 10).await?;
    store.showtime_ids(Some(id), 10).await?;
    for filter in showtime_filters() {
        store.list_showtimes(&filter).await?;
    }
    let row = booking(0, "alice");
    store.find_claims(&[claim(&row).key]).await?;
    store.booking(row.id).await?;
    store.bookings(&[row.id, booking_id(404)]).await?;
    for (status, showtime) in [
        (None, None),
        (Some(BookingStatus::Pending), None),
        (None, Some(id)),
        (Some(BookingStatus::Expired), Some(id)),
    ] {
        let user = row.user_id.clone();
        store.list_bookings(&BookingFilter { user, status, showtime, page: PAGE }).await?;
    }
    store.pending_bookings(&PendingFilter::OfUser(row.user_id), 10).await?;
    store.pending_bookings(&PendingFilter::ExpiredAt(NOW), 10).await?;
    store.bookings_after(None, 10).await?;
    store.bookings_after(Some(row.id), 10).await?;

    store.untold_bookings(NOW, 10).await?;
    store.dead_letters(None, 10).await?;
    store.dead_letters(Some(booking_id(0)), 10).await?;

    store.payment(payment_id(0)).await?;
    store.payments_of(booking_id(0), 10).await?;
    store.payment_of_transaction(PaymentMethod::Momo, "TXN-0").await?;
    for status in PaymentStatus::ALL {
        store.payments_with_status(status, None, 10).await?;
        store.payments_with_status(status, Some(payment_id(0)), 10).await?;
    }
    store.pending_payment(row.id).await?;
    store.payments_to_check(NOW, 10).await?;
    store.count_check(payment_id(0), Some(NOW), Some(NOW)).await?;
    store.refunding_bookings(None, 10).await?;
    store.refunding_bookings(Some(row.id), 10).await?;
    store.refunds_of(id).await?;
    store.cancelled_with_sales(None, 10).await?;
    store.cancelled_with_sales(Some(id), 10).await?;
    store.payments_after(None, 10).await?;
    store.payments_after(Some(payment_id(0)), 10).await?;
    let transaction_id = "TXN-0".to_owned();
    let key = EventKey { provider: PaymentMethod::Momo, transaction_id, outcome: Outcome::Success };
    store.event(&key).await?;
    for unfinished in [false, true] {
        store.events_after(None, unfinished, 10).await?;
        store.events_after(Some(&key), unfinished, 10).await?;
    }
    Ok(())
}

fn showtime_filters() -> Vec<ShowtimeFilter> {
    let sorts = [ShowtimeSort::StartTime, ShowtimeSort::Price, ShowtimeSort::Title];
    let mut filters = Vec::new();
    for narrowed in 0..16_u32 {
        let only = |bit: u32| (narrowed >> bit & 1 == 1).then_some(());
        filters.extend(sorts.map(|sort| ShowtimeFilter {
            search: only(0).map(|()| "title".to_owned()),
            movie_id: only(1).map(|()| "movie".to_owned()),
            from: only(2).map(|()| Timestamp::from_millis(0)),
            to: only(3).map(|()| NOW.plus_millis(1_000_000_000)),
            sort,
            descending: narrowed % 3 == 0,
            page: PAGE,
        }));
    }
    filters
}
