use crate::{BookingId, InvalidSeatMap, SeatLabel};

/// Why a well-formed request is not granted. A refusal changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// These seats are not on this map.
    InvalidSeats(Vec<SeatLabel>),
    /// The showtime is cancelled or completed.
    ShowtimeNotAvailable,
    /// The showtime has begun.
    ShowtimeStarted,
    /// These seats are sold.
    SeatsBooked(Vec<SeatLabel>),
    /// These seats are held by somebody else.
    SeatsHeldByAnother(Vec<SeatLabel>),
    /// The caller holds these seats already, under this booking.
    SeatsHeldByYou(Vec<SeatLabel>, BookingId),
    /// The caller owns `owned` live seats of this showtime; more than `limit`
    /// are not allowed.
    SeatLimitReached {
        /// Live seats one user may own on one showtime.
        limit: u32,
        /// Live seats the caller owns now.
        owned: u32,
    },
    /// The seats of a new showtime do not make a map.
    InvalidSeatMap(InvalidSeatMap),
    /// No such showtime.
    ShowtimeNotFound,
    /// No such booking.
    BookingNotFound,
    /// The booking is somebody else's.
    BookingNotOwned,
    /// The booking is confirmed, cancelled or expired: not pending.
    BookingNotPending,
    /// The booking is not confirmed: there is nothing to give back.
    BookingNotConfirmed,
    /// It is too close to the start for a refund.
    RefundWindowClosed,
    /// The hold's time has passed.
    HoldExpired,
    /// The seats do not all stand under this booking any more.
    SeatsGone,
    /// No such payment.
    PaymentNotFound,
    /// That payment method is not configured.
    PaymentMethodUnavailable,
    /// The return URL's origin is not one of those configured.
    ReturnUrlNotAllowed,
    /// The idempotency key was used with another body or route.
    KeyReused,
    /// The first request with this idempotency key is still running.
    RequestInProgress,
}
