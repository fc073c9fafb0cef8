//! The one map from the service's errors to what clients see.

use seathold_core::{Refusal, SeatLabel};
use seathold_service::Error;

use super::{Problem, kind};

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(refusal) => refusal.into(),
            Error::Busy => Self::with_detail(
                &kind::BOOKING_LOCK_FAILED,
                "Many requests for this showtime came at once; nothing was changed. Try again.",
            ),
            Error::Unavailable => Self::with_detail(
                &kind::SERVICE_UNAVAILABLE,
                "The service cannot do this just now; nothing was changed. Try again.",
            ),
            Error::Unknown => Self::with_detail(
                &kind::SERVICE_UNAVAILABLE,
                "The outcome is not known yet. Repeat the request with the same idempotency key \
                 to learn it.",
            ),
            Error::Gateway => Self::with_detail(
                &kind::PAYMENT_GATEWAY_ERROR,
                "The payment gateway did not answer as it should. A repeat is safe.",
            ),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::InvalidSeats(seats) => {
                of_seats(&kind::INVALID_SEAT, seats, "not on the map of this showtime")
            }
            Refusal::ShowtimeNotAvailable => Self::new(&kind::SHOWTIME_NOT_AVAILABLE),
            Refusal::ShowtimeStarted => Self::new(&kind::SHOWTIME_ALREADY_STARTED),
            Refusal::SeatsBooked(seats) => of_seats(&kind::SEAT_ALREADY_BOOKED, seats, "sold"),
            Refusal::SeatsHeldByAnother(seats) => {
                of_seats(&kind::SEAT_HELD_BY_ANOTHER, seats, "held by somebody else")
            }
            Refusal::SeatsHeldByYou(seats, booking) => Self {
                booking: Some(booking),
                ..of_seats(&kind::SEAT_HELD_BY_YOU, seats, "held by you already")
            },
            Refusal::SeatLimitReached { limit, owned } => Self::with_detail(
                &kind::SEAT_LIMIT_REACHED,
                format!(
                    "You own {owned} seats of this showtime; more than {limit} are not allowed."
                ),
            ),
            Refusal::InvalidSeatMap(reason) => Self::invalid("seats", reason.to_string()),
            Refusal::ShowtimeNotFound => Self::new(&kind::SHOWTIME_NOT_FOUND),
            Refusal::BookingNotFound => Self::new(&kind::BOOKING_NOT_FOUND),
            Refusal::BookingNotOwned => Self::new(&kind::BOOKING_NOT_OWNED),
            Refusal::BookingNotPending => Self::new(&kind::BOOKING_NOT_PENDING),
            Refusal::BookingNotConfirmed => Self::new(&kind::BOOKING_NOT_CONFIRMED),
            Refusal::RefundWindowClosed => Self::with_detail(
                &kind::REFUND_WINDOW_CLOSED,
                "The showtime starts too soon, or has started: an admin may still refund it.",
            ),
            Refusal::HoldExpired => Self::new(&kind::BOOKING_HOLD_EXPIRED),
            Refusal::SeatsGone => Self::with_detail(
                &kind::BOOKING_NOT_PENDING,
                "The seats are no longer held under this booking.",
            ),
            Refusal::PaymentNotFound => Self::new(&kind::PAYMENT_NOT_FOUND),
            Refusal::PaymentMethodUnavailable => Self::with_detail(
                &kind::PAYMENT_METHOD_UNAVAILABLE,
                "The payment method is not configured, or gives buyers longer than this hold may \
                 still last. Choose another.",
            ),
            Refusal::ReturnUrlNotAllowed => {
                Self::invalid("return_url", "must have one of the origins that this server allows")
            }
            Refusal::KeyReused => Self::with_detail(
                &kind::IDEMPOTENCY_KEY_REUSED,
                "This key belongs to a request with another body or path.",
            ),
            Refusal::RequestInProgress => Self::with_detail(
                &kind::REQUEST_IN_PROGRESS,
                "The first request with this key is still running. Repeat it for its answer.",
            ),
        }
    }
}

fn of_seats(kind: &'static kind::Kind, seats: Vec<SeatLabel>, what: &str) -> Problem {
    let names: Vec<&str> = seats.iter().map(SeatLabel::as_str).collect();
    let detail = match &names[..] {
        [one] => format!("Seat {one} is {what}."),
        _ => format!("Seats {} are {what}.", names.join(", ")),
    };
    Problem { seats, ..Problem::with_detail(kind, detail) }
}
