//! Records of the size that they have in the service.

use seathold_core::{
    IdempotencyKey, PriceTable, Schedule, Seat, SeatLabel, SeatMap, SeatRef, SeatState, SeatType,
};
use seathold_service::model::{
    Answer, BookedSeat, Booking, BookingStatus, Claim, ClaimStatus, Fingerprint, Resource, Showtime,
};
use seathold_service::ports::{Env, PlacedSeat};
use serde_json::json;

use super::Failure;

pub(super) const HOLD_MS: i64 = 600_000;
pub(super) const LEASE_MS: i64 = 30_000;
const DAY_MS: i64 = 86_400_000;
const ROWS: u8 = 40;
const SEATS_OF_ROW: usize = 50;
const PRICE: i64 = 100_000;

pub(super) fn showtime(env: &Env) -> Result<Showtime, Failure> {
    Ok(Showtime {
        id: env.showtime_id(),
        title: "Ceiling".to_owned(),
        movie_id: "ceiling".to_owned(),
        cinema_id: "ceiling".to_owned(),
        screen_id: "ceiling".to_owned(),
        start_time: env.now().plus_millis(DAY_MS),
        end_time: env.now().plus_millis(2 * DAY_MS),
        currency: "VND".parse()?,
        price: PriceTable::new(PRICE, PRICE, PRICE)?,
        total_seats: u32::from(ROWS) * SEATS_OF_ROW as u32,
        created_at: env.now(),
    })
}

/// Rows A to Z, then AA and so on.
pub(super) fn labels() -> Result<Vec<SeatLabel>, Failure> {
    let name = |row: u8| format!("{}{}", "A".repeat((row / 26).into()), (b'A' + row % 26) as char);
    let seats = (0..ROWS).flat_map(|row| (1..=SEATS_OF_ROW).map(move |n| (row, n)));
    seats.map(|(row, n)| Ok(format!("{}{n}", name(row)).parse()?)).collect()
}

pub(super) fn map(showtime: &Showtime, labels: &[SeatLabel]) -> Result<SeatMap, Failure> {
    let schedule =
        Schedule { start: showtime.start_time, end: showtime.end_time, cancelled_at: None };
    let free = |label: &SeatLabel| Seat {
        label: *label,
        seat_type: SeatType::Standard,
        state: SeatState::Available,
    };
    // Its error has no common form with the others.
    SeatMap::new(schedule, 0, labels.iter().map(free).collect()).map_err(|e| e.to_string().into())
}

/// The claim and the row of one hold.
pub(super) fn hold(
    env: &Env,
    showtime: &Showtime,
    labels: &[SeatLabel],
) -> Result<(Claim, Booking), Failure> {
    let now = env.now();
    let priced = |label: &SeatLabel| BookedSeat {
        label: *label,
        seat_type: SeatType::Standard,
        price: PRICE,
    };
    let total = PRICE * labels.len() as i64;
    let row = Booking {
        id: env.booking_id(),
        code: env.booking_code(),
        showtime_id: showtime.id,
        user_id: format!("user-{}", env.booking_code()).parse()?,
        seats: labels.iter().map(priced).collect(),
        total_amount: total,
        discount_amount: 0,
        final_amount: total,
        currency: showtime.currency,
        status: BookingStatus::Pending,
        held_at: now,
        hold_expires_at: now.plus_millis(HOLD_MS),
        confirmed_at: None,
        cancelled_at: None,
        created_at: now,
        updated_at: now,
        idempotency_key: env.uuid().to_string().parse::<IdempotencyKey>()?,
        lease_until: now.plus_millis(LEASE_MS),
        was_held: false,
        paid_by: None,
        outbox: None,
        refund: None,
    };
    let seats: Vec<_> = labels.iter().map(SeatLabel::as_str).collect();
    let time = "2024-01-15T10:30:00.000Z";
    let body = json!({
        "booking_id": row.id.to_string(), "booking_code": row.code,
        "showtime_id": showtime.id.to_string(), "seats": seats, "total_amount": total,
        "final_amount": total, "currency": "VND", "status": "pending",
        "held_at": time, "hold_expires_at": time, "created_at": time,
    });
    let claim = Claim {
        key: row.claim_key(),
        fingerprint: Fingerprint::of("POST /api/bookings/hold".to_owned(), row.code.as_bytes()),
        resource: Resource::Booking(row.id),
        owner: env.uuid(),
        lease_until: row.lease_until,
        status: ClaimStatus::Processing,
        response: Some(Answer { status: 201, body: body.to_string().into_bytes().into() }),
        expires_at: now.plus_millis(DAY_MS),
    };
    Ok((claim, row))
}

/// The seats of a hold, as the commit leaves them.
pub(super) fn held(map: &SeatMap, row: &Booking) -> Vec<PlacedSeat> {
    let (booking, until) = (row.id, row.hold_expires_at);
    let state = || SeatState::Held { booking, user: row.user_id.clone(), until };
    let seats = row.seats.iter().filter_map(|seat| map.seat(&seat.label));
    seats.map(|seat| SeatRef { state: &state(), ..seat }.into()).collect()
}
