use axum::http::StatusCode;

/// One kind of problem: what clients tell it by.
#[derive(Debug)]
pub(crate) struct Kind {
    /// The HTTP status.
    pub(crate) status: StatusCode,
    /// The name for programs; fixed.
    pub(crate) code: &'static str,
    /// The name for people.
    pub(crate) title: &'static str,
    /// After how many seconds the same request may succeed, if it may.
    pub(crate) retry_after: Option<u32>,
}

/// When a client may try again, in seconds: a busy showtime is free at once,
/// and a client's own wait is longer than that anyway.
const SOON: u32 = 1;

/// When a client may try again after something broke, in seconds: it takes a
/// while to come back.
const LATER: u32 = 2;

const fn lasting(status: StatusCode, code: &'static str, title: &'static str) -> Kind {
    Kind { status, code, title, retry_after: None }
}

const fn passing(status: StatusCode, code: &'static str, title: &'static str, after: u32) -> Kind {
    Kind { status, code, title, retry_after: Some(after) }
}

macro_rules! kinds {
    ($($name:ident = $make:ident($status:ident, $title:literal $(, $after:ident)?);)*) => {
        $(pub(crate) static $name: Kind =
            $make(StatusCode::$status, stringify!($name), $title $(, $after)?);)*
    };
}

kinds! {
    VALIDATION_FAILED = lasting(BAD_REQUEST, "The request is not valid");
    INVALID_SEAT = lasting(BAD_REQUEST, "A seat is not on this map");
    SHOWTIME_NOT_AVAILABLE = lasting(BAD_REQUEST, "The showtime is cancelled or over");
    SHOWTIME_ALREADY_STARTED = lasting(BAD_REQUEST, "The showtime has started");
    BOOKING_NOT_PENDING = lasting(BAD_REQUEST, "The booking is not pending");
    BOOKING_HOLD_EXPIRED = lasting(BAD_REQUEST, "The hold has expired");
    BOOKING_NOT_CONFIRMED = lasting(BAD_REQUEST, "The booking is not confirmed");
    REFUND_WINDOW_CLOSED = lasting(BAD_REQUEST, "It is too late for a refund");
    PAYMENT_METHOD_UNAVAILABLE = lasting(BAD_REQUEST, "The payment method is not available");
    IDEMPOTENCY_KEY_REQUIRED = lasting(BAD_REQUEST, "An idempotency key is needed");
    IDEMPOTENCY_KEY_INVALID = lasting(BAD_REQUEST, "The idempotency key is not valid");
    UNAUTHENTICATED = lasting(UNAUTHORIZED, "The caller is not authenticated");
    FORBIDDEN = lasting(FORBIDDEN, "The caller may not do this");
    BOOKING_NOT_OWNED = lasting(FORBIDDEN, "The booking is not yours");
    NOT_FOUND = lasting(NOT_FOUND, "There is nothing here");
    SHOWTIME_NOT_FOUND = lasting(NOT_FOUND, "There is no such showtime");
    BOOKING_NOT_FOUND = lasting(NOT_FOUND, "There is no such booking");
    PAYMENT_NOT_FOUND = lasting(NOT_FOUND, "There is no such payment");
    EVENT_NOT_FOUND = lasting(NOT_FOUND, "There is no such event that was given up");
    TRANSACTION_NOT_FOUND = passing(NOT_FOUND, "The transaction is not known yet", LATER);
    METHOD_NOT_ALLOWED = lasting(METHOD_NOT_ALLOWED, "This path has other methods");
    SEAT_ALREADY_BOOKED = lasting(CONFLICT, "A seat is sold");
    SEAT_HELD_BY_ANOTHER = lasting(CONFLICT, "A seat is held by somebody else");
    SEAT_HELD_BY_YOU = lasting(CONFLICT, "You hold a seat already");
    SEAT_LIMIT_REACHED = lasting(CONFLICT, "You would own too many seats");
    BOOKING_LOCK_FAILED = passing(CONFLICT, "The showtime is busy", SOON);
    REQUEST_IN_PROGRESS = passing(CONFLICT, "The first request is still running", SOON);
    PAYLOAD_TOO_LARGE = lasting(PAYLOAD_TOO_LARGE, "The body is too large");
    UNSUPPORTED_MEDIA_TYPE = lasting(UNSUPPORTED_MEDIA_TYPE, "The body must be JSON");
    IDEMPOTENCY_KEY_REUSED = lasting(UNPROCESSABLE_ENTITY, "The idempotency key was used before");
    PAYMENT_MISMATCH = lasting(UNPROCESSABLE_ENTITY, "Amount or currency are not the payment's");
    RATE_LIMITED = passing(TOO_MANY_REQUESTS, "Too many requests", SOON);
    BAD_REQUEST = lasting(BAD_REQUEST, "The request is not understood");
    INTERNAL_ERROR = lasting(INTERNAL_SERVER_ERROR, "Something went wrong here");
    PAYMENT_GATEWAY_ERROR = passing(BAD_GATEWAY, "The payment gateway did not answer", LATER);
    SERVICE_UNAVAILABLE = passing(SERVICE_UNAVAILABLE, "The service is not available", LATER);
}

/// The kind of an error that the framework made.
pub(super) fn of_status(status: StatusCode) -> &'static Kind {
    match status {
        StatusCode::NOT_FOUND => &NOT_FOUND,
        StatusCode::METHOD_NOT_ALLOWED => &METHOD_NOT_ALLOWED,
        StatusCode::PAYLOAD_TOO_LARGE => &PAYLOAD_TOO_LARGE,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => &UNSUPPORTED_MEDIA_TYPE,
        status if status.is_client_error() => &BAD_REQUEST,
        _ => &INTERNAL_ERROR,
    }
}
