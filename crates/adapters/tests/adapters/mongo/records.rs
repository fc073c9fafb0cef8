//! Records to test with. The same number gives the same record.

use seathold_adapters::SystemClock;
use seathold_core::{
    BookingId, IdempotencyKey, PaymentId, PriceTable, Schedule, Seat, SeatMap, SeatState, SeatType,
    ShowtimeId, Timestamp,
};
use seathold_service::model::{
    Answer, BookedSeat, Booking, BookingStatus, Claim, ClaimStatus, Fingerprint, GatewayEvent,
    Outcome, Payment, PaymentMethod, PaymentStatus, ReceivedEvent, Resource, Showtime, Version,
};
use seathold_service::ports::{Clock, Commit};
use seathold_testkit::{fresh_u64, placed};
use uuid::{Builder, Uuid};

const WELL_FORMED: &str = "it is well-formed";

/// Some moment that is past. Claims are kept far longer.
pub(super) const NOW: Timestamp = Timestamp::from_millis(1_705_314_600_000);
const CENTURY_MS: i64 = 3_153_600_000_000;

pub(super) fn showtime_id(n: u32) -> ShowtimeId {
    ShowtimeId::from_parts(n, [7; 8])
}

pub(super) fn booking_id(n: u32) -> BookingId {
    BookingId::from_parts(n, [9; 8])
}

pub(super) fn payment_id(n: u32) -> PaymentId {
    PaymentId::from_uuid(uuid(n))
}

fn uuid(n: u32) -> Uuid {
    let mut bytes = [n as u8; 16];
    bytes[..4].copy_from_slice(&n.to_be_bytes());
    Builder::from_random_bytes(bytes).into_uuid()
}

pub(super) fn showtime(n: u32) -> Showtime {
    Showtime {
        id: showtime_id(n),
        title: format!("Title {n}"),
        movie_id: "movie".to_owned(),
        cinema_id: "cinema".to_owned(),
        screen_id: "screen".to_owned(),
        start_time: NOW,
        end_time: NOW.plus_millis(7_200_000),
        currency: "VND".parse().expect(WELL_FORMED),
        price: PriceTable::new(1, 2, 3).expect(WELL_FORMED),
        total_seats: 6,
        created_at: NOW,
    }
}

/// A hall of `rows` times `seats`: A1, A2, … then B1, and so on.
pub(super) fn hall(showtime: &Showtime, rows: u32, seats: u32) -> SeatMap {
    let schedule =
        Schedule { start: showtime.start_time, end: showtime.end_time, cancelled_at: None };
    let places = (0..rows).flat_map(|row| (1..=seats).map(move |seat| (row, seat)));
    let free = |(row, seat): (u32, u32)| Seat {
        label: format!("{}{seat}", row_name(row)).parse().expect(WELL_FORMED),
        seat_type: SeatType::Standard,
        state: SeatState::Available,
    };
    SeatMap::new(schedule, 0, places.map(free).collect()).expect(WELL_FORMED)
}

/// A to Z, then BA, BB, and so on.
fn row_name(n: u32) -> String {
    let letter = char::from(b'A' + (n % 26) as u8);
    if n < 26 { letter.to_string() } else { row_name(n / 26) + &letter.to_string() }
}

/// The version of a showtime nobody has changed yet.
pub(super) const FIRST: Version = Version::first(0);

/// A commit of these seats of a hall, the first three of row A, that has a minute's time.
pub(super) fn commit(n: u32, at: Version, seats: &[(&str, SeatState)]) -> Commit {
    commit_on(&hall(&showtime(n), 1, 3), n, at, seats)
}

/// The same of any seats of a map.
pub(super) fn commit_on(map: &SeatMap, n: u32, at: Version, seats: &[(&str, SeatState)]) -> Commit {
    Commit {
        showtime: showtime_id(n),
        id: Uuid::from_u64_pair(1, fresh_u64()),
        at,
        seats: seats.iter().map(|(label, state)| placed(map, label, state.clone())).collect(),
        available: 1,
        next_expiry: Some(NOW),
        cancelled_at: None,
        only_scheduled: true,
        not_before: Some(NOW),
        deadline: SystemClock.now().plus_millis(60_000),
    }
}

pub(super) fn booked(n: u32) -> SeatState {
    SeatState::Booked { booking: booking_id(n), user: "alice".parse().expect(WELL_FORMED) }
}

pub(super) fn held(n: u32) -> SeatState {
    let user = format!("user-{n}").parse().expect(WELL_FORMED);
    SeatState::Held { booking: booking_id(n), user, until: NOW.plus_millis(600_000) }
}

pub(super) fn booking(n: u32, who: &str) -> Booking {
    let key: IdempotencyKey = uuid(n).to_string().parse().expect(WELL_FORMED);
    let seat = BookedSeat {
        label: "A1".parse().expect(WELL_FORMED),
        seat_type: SeatType::Standard,
        price: 100_000,
    };
    Booking {
        id: booking_id(n),
        code: format!("BK-{n:08}"),
        showtime_id: showtime_id(0),
        user_id: who.parse().expect(WELL_FORMED),
        seats: vec![seat],
        total_amount: 100_000,
        discount_amount: 0,
        final_amount: 100_000,
        currency: "VND".parse().expect(WELL_FORMED),
        status: BookingStatus::Pending,
        held_at: NOW,
        hold_expires_at: NOW.plus_millis(600_000),
        confirmed_at: None,
        cancelled_at: None,
        created_at: NOW,
        updated_at: NOW,
        idempotency_key: key,
        lease_until: NOW.plus_millis(30_000),
        was_held: false,
        paid_by: None,
        refund: None,
        outbox: None,
    }
}

/// The claim of a booking, with an answer as long as a real one.
pub(super) fn claim(booking: &Booking) -> Claim {
    Claim {
        key: booking.claim_key(),
        fingerprint: Fingerprint::of("POST /api/bookings/hold".to_owned(), b"{}"),
        resource: Resource::Booking(booking.id),
        owner: booking.idempotency_key.uuid(),
        lease_until: booking.lease_until,
        status: ClaimStatus::Processing,
        response: Some(Answer { status: 201, body: vec![b'{'; 400].into() }),
        expires_at: NOW.plus_millis(CENTURY_MS),
    }
}

pub(super) fn payment(n: u32) -> Payment {
    Payment {
        id: payment_id(n),
        booking_id: booking_id(n),
        user_id: "alice".parse().expect(WELL_FORMED),
        provider: PaymentMethod::Momo,
        transaction_id: None,
        amount: 100_000,
        currency: "VND".parse().expect(WELL_FORMED),
        status: PaymentStatus::Pending,
        payment_url: None,
        return_url: None,
        expires_at: NOW.plus_millis(600_000),
        paid_at: None,
        refund_reason: None,
        again_of: None,
        next_check: Some(NOW),
        checks: 0,
        lease_until: None,
        created_at: NOW,
        updated_at: NOW,
    }
}

pub(super) fn event(transaction: &str) -> ReceivedEvent {
    let event = GatewayEvent {
        provider: PaymentMethod::Momo,
        transaction_id: transaction.to_owned(),
        payment_id: None,
        outcome: Outcome::Success,
        amount: 100_000,
        currency: None,
        paid_at: None,
    };
    ReceivedEvent::new(event, NOW)
}
