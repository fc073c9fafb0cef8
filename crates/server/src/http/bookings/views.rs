use axum::http::StatusCode;
use seathold_core::SeatLabel;
use seathold_service::model::{Answer, BookedSeat, Booking};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::extract::Time;

/// A hold that was granted.
#[derive(Serialize, ToSchema)]
pub(crate) struct Held {
    /// The booking's id: 24 hex digits.
    booking_id: String,
    /// The code for people.
    #[schema(example = "BK-ABC12345")]
    booking_code: String,
    /// The showtime.
    showtime_id: String,
    /// The seats, in the order asked for.
    #[schema(example = json!(["A1", "A2", "A3"]))]
    seats: Vec<String>,
    /// The sum of the prices, in minor units.
    #[schema(example = 300_000)]
    total_amount: i64,
    /// What is to be paid, in minor units.
    #[schema(example = 300_000)]
    final_amount: i64,
    /// The currency of the amounts (ISO 4217).
    #[schema(example = "VND")]
    currency: String,
    /// `pending`
    #[schema(example = "pending")]
    status: &'static str,
    /// When the hold began.
    held_at: Time,
    /// The first instant at which it is over.
    hold_expires_at: Time,
    /// When the booking was made.
    created_at: Time,
}

impl Held {
    /// The answer to a hold, kept for its repeats.
    pub(super) fn answer(booking: &Booking) -> Answer {
        let view = Self {
            booking_id: booking.id.to_string(),
            booking_code: booking.code.clone(),
            showtime_id: booking.showtime_id.to_string(),
            seats: labels(booking),
            total_amount: booking.total_amount,
            final_amount: booking.final_amount,
            currency: booking.currency.to_string(),
            status: booking.status.as_str(),
            held_at: Time(booking.held_at),
            hold_expires_at: Time(booking.hold_expires_at),
            created_at: Time(booking.created_at),
        };
        answer(StatusCode::CREATED, &view)
    }
}

/// A booking that was cancelled.
#[derive(Serialize, ToSchema)]
pub(crate) struct Cancelled {
    /// The booking's id.
    booking_id: String,
    /// The code for people.
    booking_code: String,
    /// `cancelled`
    #[schema(example = "cancelled")]
    status: &'static str,
    /// When it was cancelled.
    cancelled_at: Option<Time>,
    /// The seats that are free again.
    #[schema(example = json!(["A1", "A2"]))]
    seats_released: Vec<String>,
}

impl Cancelled {
    /// The answer to a cancellation.
    pub(super) fn answer(booking: &Booking) -> Answer {
        let view = Self {
            booking_id: booking.id.to_string(),
            booking_code: booking.code.clone(),
            status: booking.status.as_str(),
            cancelled_at: booking.cancelled_at.map(Time),
            seats_released: labels(booking),
        };
        answer(StatusCode::OK, &view)
    }
}

/// A booking.
#[derive(Serialize, ToSchema)]
#[schema(as = Booking)]
pub(crate) struct BookingView {
    /// Its id.
    id: String,
    /// The code for people.
    booking_code: String,
    /// The showtime.
    showtime_id: String,
    /// The owner.
    user_id: String,
    /// The seats, in the order asked for.
    seats: Vec<BookedSeatView>,
    /// The sum of the prices, in minor units.
    total_amount: i64,
    /// What is taken off, in minor units.
    discount_amount: i64,
    /// What is to be paid, in minor units.
    final_amount: i64,
    /// The currency of the amounts (ISO 4217).
    #[schema(example = "VND")]
    currency: String,
    /// `pending`, `confirmed`, `cancelled` or `expired`; true at the moment of
    /// the read.
    #[schema(example = "pending")]
    status: &'static str,
    /// When the hold began.
    held_at: Time,
    /// The first instant at which it is over.
    hold_expires_at: Time,
    /// When it was paid.
    confirmed_at: Option<Time>,
    /// When it was cancelled.
    cancelled_at: Option<Time>,
    /// When it was made.
    created_at: Time,
    /// When it last changed.
    updated_at: Time,
}

/// A seat of a booking.
#[derive(Serialize, ToSchema)]
#[schema(as = BookedSeat)]
struct BookedSeatView {
    /// The seat's label.
    #[schema(example = "A1")]
    seat_id: String,
    /// `standard`, `vip` or `couple`.
    #[schema(example = "standard")]
    seat_type: &'static str,
    /// The price it was held for, in minor units.
    #[schema(example = 100_000)]
    price: i64,
}

impl BookingView {
    pub(in crate::http) fn of(booking: &Booking) -> Self {
        Self {
            id: booking.id.to_string(),
            booking_code: booking.code.clone(),
            showtime_id: booking.showtime_id.to_string(),
            user_id: booking.user_id.to_string(),
            seats: booking.seats.iter().map(BookedSeatView::of).collect(),
            total_amount: booking.total_amount,
            discount_amount: booking.discount_amount,
            final_amount: booking.final_amount,
            currency: booking.currency.to_string(),
            status: booking.status.as_str(),
            held_at: Time(booking.held_at),
            hold_expires_at: Time(booking.hold_expires_at),
            confirmed_at: booking.confirmed_at.map(Time),
            cancelled_at: booking.cancelled_at.map(Time),
            created_at: Time(booking.created_at),
            updated_at: Time(booking.updated_at),
        }
    }
}

impl BookedSeatView {
    fn of(seat: &BookedSeat) -> Self {
        Self {
            seat_id: seat.label.to_string(),
            seat_type: seat.seat_type.as_str(),
            price: seat.price,
        }
    }
}

fn labels(booking: &Booking) -> Vec<String> {
    booking.labels().iter().map(SeatLabel::to_string).collect()
}

/// An answer that can be stored.
pub(in crate::http) fn answer(status: StatusCode, view: &impl Serialize) -> Answer {
    let body = serde_json::to_vec(view).expect("a view has text keys and finite numbers only");
    Answer { status: status.as_u16(), body: body.into() }
}
