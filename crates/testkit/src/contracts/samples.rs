//! Records to test with. The same number gives the same record.

use seathold_core::{
    BookingId, IdempotencyKey, PaymentId, PriceTable, Schedule, Seat, SeatLabel, SeatMap,
    SeatState, SeatType, ShowtimeId, Timestamp, UserId,
};
use seathold_service::model::{
    Answer, BookedSeat, Booking, BookingStatus, Claim, ClaimKey, ClaimStatus, Fingerprint,
    GatewayEvent, Outcome, Payment, PaymentMethod, PaymentStatus, ReceivedEvent, Resource,
    Showtime,
};
use uuid::{Builder, Uuid};

const WELL_FORMED: &str = "samples are well-formed";
const HOUR_MS: i64 = 3_600_000;
const HOLD_MS: i64 = 600_000;

/// A moment, `seconds` after some other that is long past.
pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_705_314_600_000).plus_millis(seconds * 1000)
}

pub(super) fn label(text: &str) -> SeatLabel {
    text.parse().expect(WELL_FORMED)
}

pub(super) fn user(name: &str) -> UserId {
    name.parse().expect(WELL_FORMED)
}

pub(super) fn showtime_id(n: u32) -> ShowtimeId {
    ShowtimeId::from_parts(n, [7; 8])
}

pub(super) fn booking_id(n: u32) -> BookingId {
    BookingId::from_parts(n, [9; 8])
}

pub(super) fn payment_id(n: u32) -> PaymentId {
    PaymentId::from_uuid(uuid(n))
}

/// A UUID version 4; a greater number sorts later.
pub(super) fn uuid(n: u32) -> Uuid {
    let mut bytes = [n as u8; 16];
    bytes[..4].copy_from_slice(&n.to_be_bytes());
    Builder::from_random_bytes(bytes).into_uuid()
}

pub(super) fn showtime(n: u32) -> Showtime {
    Showtime {
        id: showtime_id(n),
        title: format!("Showtime {n}"),
        movie_id: "movie".to_owned(),
        cinema_id: "cinema".to_owned(),
        screen_id: "screen".to_owned(),
        start_time: at(0),
        end_time: at(0).plus_millis(2 * HOUR_MS),
        currency: "VND".parse().expect(WELL_FORMED),
        price: PriceTable::new(100_000, 150_000, 250_000).expect(WELL_FORMED),
        total_seats: 4,
        created_at: at(-100),
    }
}

/// The free seats of a showtime, in an order that is not that of their labels.
pub(super) fn map(showtime: &Showtime) -> SeatMap {
    map_of(
        showtime,
        &[
            ("B2", SeatType::Vip),
            ("B10", SeatType::Vip),
            ("A1", SeatType::Standard),
            ("Z-9", SeatType::Couple),
        ],
    )
}

pub(super) fn map_of(showtime: &Showtime, seats: &[(&str, SeatType)]) -> SeatMap {
    let schedule =
        Schedule { start: showtime.start_time, end: showtime.end_time, cancelled_at: None };
    let free = |(text, seat_type): &(&str, SeatType)| Seat {
        label: label(text),
        seat_type: *seat_type,
        state: SeatState::Available,
    };
    SeatMap::new(schedule, 0, seats.iter().map(free).collect()).expect(WELL_FORMED)
}

pub(super) fn held(n: u32, until: Timestamp) -> SeatState {
    SeatState::Held { booking: booking_id(n), user: user("alice"), until }
}

pub(super) fn booked(n: u32) -> SeatState {
    SeatState::Booked { booking: booking_id(n), user: user("alice") }
}

/// A pending booking of `who`, made `n` seconds after the first.
pub(super) fn booking(n: u32, who: &str) -> Booking {
    let held_at = at(i64::from(n));
    let seat = |text, seat_type, price| BookedSeat { label: label(text), seat_type, price };
    Booking {
        id: booking_id(n),
        code: format!("BK-{n:08}"),
        showtime_id: showtime_id(1),
        user_id: user(who),
        seats: vec![seat("B2", SeatType::Vip, 150_000), seat("A1", SeatType::Standard, 100_000)],
        total_amount: 250_000,
        discount_amount: 10_000,
        final_amount: 240_000,
        currency: "VND".parse().expect(WELL_FORMED),
        status: BookingStatus::Pending,
        held_at,
        hold_expires_at: held_at.plus_millis(HOLD_MS),
        confirmed_at: None,
        cancelled_at: None,
        created_at: held_at,
        updated_at: held_at,
        idempotency_key: key(n),
        lease_until: held_at.plus_millis(10_000),
        was_held: false,
        paid_by: None,
        refund: None,
        outbox: None,
    }
}

fn key(n: u32) -> IdempotencyKey {
    uuid(n).to_string().parse().expect(WELL_FORMED)
}

/// The claim that belongs to a booking, owned by the `n`-th owner.
pub(super) fn claim_of(booking: &Booking, n: u32) -> Claim {
    Claim {
        key: booking.claim_key(),
        fingerprint: Fingerprint::of("POST /api/bookings/hold".to_owned(), b"{}"),
        resource: Resource::Booking(booking.id),
        owner: uuid(1000 + n),
        lease_until: booking.lease_until,
        status: ClaimStatus::Processing,
        response: Some(answer(201)),
        // A century away: some stores forget by themselves.
        expires_at: booking.created_at.plus_millis(876_000 * HOUR_MS),
    }
}

/// A new hold of `who`.
pub(super) fn hold(n: u32, who: &str) -> (Claim, Booking) {
    let booking = booking(n, who);
    (claim_of(&booking, n), booking)
}

/// The key with this number.
pub(super) fn claim_key(n: u32, who: &str) -> ClaimKey {
    ClaimKey { user: user(who), key: key(n) }
}

/// An answer whose body is not text.
pub(super) fn answer(status: u16) -> Answer {
    Answer { status, body: vec![b'{', 0, 0xff, b'}'].into() }
}

/// A pending payment for a booking of its own, before the gateway has answered.
pub(super) fn payment(n: u32) -> Payment {
    Payment {
        id: payment_id(n),
        booking_id: booking_id(n),
        user_id: user("alice"),
        provider: PaymentMethod::Momo,
        transaction_id: None,
        amount: 240_000,
        currency: "VND".parse().expect(WELL_FORMED),
        status: PaymentStatus::Pending,
        payment_url: None,
        return_url: Some("https://shop.example/back".to_owned()),
        expires_at: at(600),
        paid_at: None,
        refund_reason: None,
        again_of: None,
        next_check: None,
        checks: 0,
        lease_until: None,
        created_at: at(1),
        updated_at: at(1),
    }
}

/// An event that was never acted upon.
pub(super) fn event(provider: PaymentMethod, transaction: &str, outcome: Outcome) -> ReceivedEvent {
    let event = GatewayEvent {
        provider,
        transaction_id: transaction.to_owned(),
        payment_id: Some(payment_id(1)),
        outcome,
        amount: 240_000,
        currency: Some("VND".parse().expect(WELL_FORMED)),
        paid_at: Some(at(30)),
    };
    ReceivedEvent::new(event, at(31))
}
