//! What a client hears of an instance, and how that is written down.

use seathold_core::Refusal;
use seathold_history::{Event, OpId, Seen};
use seathold_service::Error;

/// What came of a request.
#[derive(Debug)]
pub(crate) enum Heard<T> {
    /// It was answered.
    Answer(T),
    /// It was answered that it was not done.
    Error(Error),
    /// There was no answer.
    Nothing(&'static str),
}

impl<T> Heard<T> {
    /// Whether the answer promises that nothing was changed.
    pub(crate) const fn is_promised_undone(&self) -> bool {
        matches!(self, Self::Error(Error::Refused(_) | Error::Busy | Error::Unavailable))
    }

    pub(crate) const fn is_answer(&self) -> bool {
        matches!(self, Self::Answer(_))
    }

    /// How it is written down.
    pub(crate) fn event(&self, op: OpId, at: i64, seen: impl FnOnce(&T) -> Seen) -> Event {
        let unknown = |why: &str| Event::Unknown { op, at, why: why.to_owned() };
        match self {
            Self::Answer(answer) => Event::Ok { op, at, seen: Box::new(seen(answer)) },
            Self::Error(Error::Refused(refusal)) => refused(op, at, refusal),
            Self::Error(Error::Busy) => of_code(op, at, "BOOKING_LOCK_FAILED"),
            Self::Error(Error::Unavailable) => unknown("503, unavailable"),
            Self::Error(Error::Unknown) => unknown("503, unknown"),
            Self::Error(Error::Gateway) => unknown("502"),
            Self::Nothing(why) => unknown(why),
        }
    }
}

fn of_code(op: OpId, at: i64, code: &str) -> Event {
    Event::Refused { op, at, code: code.to_owned(), seats: Vec::new(), booking: None }
}

fn refused(op: OpId, at: i64, refusal: &Refusal) -> Event {
    let (code, seats, booking): (_, &[_], _) = match refusal {
        Refusal::InvalidSeats(seats) => ("INVALID_SEAT", seats, None),
        Refusal::SeatsBooked(seats) => ("SEAT_ALREADY_BOOKED", seats, None),
        Refusal::SeatsHeldByAnother(seats) => ("SEAT_HELD_BY_ANOTHER", seats, None),
        Refusal::SeatsHeldByYou(seats, booking) => ("SEAT_HELD_BY_YOU", seats, Some(booking)),
        other => (code(other), &[], None),
    };
    let seats = seats.iter().map(ToString::to_string).collect();
    let booking = booking.map(ToString::to_string);
    Event::Refused { op, at, code: code.to_owned(), seats, booking }
}

/// The names by which clients know refusals.
const fn code(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::InvalidSeats(_) => "INVALID_SEAT",
        Refusal::SeatsBooked(_) => "SEAT_ALREADY_BOOKED",
        Refusal::SeatsHeldByAnother(_) => "SEAT_HELD_BY_ANOTHER",
        Refusal::SeatsHeldByYou(..) => "SEAT_HELD_BY_YOU",
        Refusal::ShowtimeNotAvailable => "SHOWTIME_NOT_AVAILABLE",
        Refusal::ShowtimeStarted => "SHOWTIME_ALREADY_STARTED",
        Refusal::SeatLimitReached { .. } => "SEAT_LIMIT_REACHED",
        Refusal::InvalidSeatMap(_) | Refusal::ReturnUrlNotAllowed => "VALIDATION_FAILED",
        Refusal::ShowtimeNotFound => "SHOWTIME_NOT_FOUND",
        Refusal::BookingNotFound => "BOOKING_NOT_FOUND",
        Refusal::BookingNotOwned => "BOOKING_NOT_OWNED",
        Refusal::BookingNotPending | Refusal::SeatsGone => "BOOKING_NOT_PENDING",
        Refusal::BookingNotConfirmed => "BOOKING_NOT_CONFIRMED",
        Refusal::RefundWindowClosed => "REFUND_WINDOW_CLOSED",
        Refusal::HoldExpired => "BOOKING_HOLD_EXPIRED",
        Refusal::PaymentNotFound => "PAYMENT_NOT_FOUND",
        Refusal::PaymentMethodUnavailable => "PAYMENT_METHOD_UNAVAILABLE",
        Refusal::KeyReused => "IDEMPOTENCY_KEY_REUSED",
        Refusal::RequestInProgress => "REQUEST_IN_PROGRESS",
    }
}
