//! Holding seats, and giving them back.

mod shapes;
pub(super) mod views;

use std::sync::Arc;

use axum::Json;
use axum::body::{Body as RawBody, Bytes};
use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use seathold_core::BookingId;
use seathold_service::model::Resource;
use seathold_service::ports::BookingFilter;
use seathold_service::{CancelRequest, HoldRequest, Reply};

use super::extract::{Body, Caller, Id, Key, KeyHeader, OptionalKey, Query, keyed};
use super::{App, Problem};
use crate::http::page::PageOf;
use crate::telemetry::note_booking;
use shapes::{BookingQuery, HoldBody};
use views::{BookingView, Cancelled, Held};

/// Hold seats
///
/// Sets all the seats aside for the caller, or none of them. Repeating the
/// request with the same key gives the same answer.
#[utoipa::path(
    post, path = "/api/bookings/hold", tag = "bookings", params(KeyHeader),
    request_body = HoldBody,
    responses(
        (status = 201, description = "The seats are held", body = Held, headers(
            ("Location" = String, description = "The booking's path"),
            ("Idempotent-Replayed" = Option<bool>, description = "`true` on a repeat"),
        )),
        (status = 400, description = "`VALIDATION_FAILED`, `IDEMPOTENCY_KEY_REQUIRED`, `IDEMPOTENCY_KEY_INVALID`, `INVALID_SEAT`, `SHOWTIME_NOT_AVAILABLE`, `SHOWTIME_ALREADY_STARTED`"),
        (status = 404, description = "`SHOWTIME_NOT_FOUND`"),
        (status = 409, description = "`SEAT_ALREADY_BOOKED`, `SEAT_HELD_BY_ANOTHER`, `SEAT_HELD_BY_YOU`, `SEAT_LIMIT_REACHED`, `REQUEST_IN_PROGRESS`, or, when too many came at once, `BOOKING_LOCK_FAILED`"),
        (status = 422, description = "`IDEMPOTENCY_KEY_REUSED`"),
    ),
    security(("bearer" = []), ("user" = [])),
)]
pub(super) async fn hold(
    State(app): State<Arc<App>>,
    Caller(viewer): Caller,
    Key(key): Key,
    body: Body<HoldBody>,
) -> Result<Response, Problem> {
    let key = body.keyed(viewer.user, key, "POST /api/bookings/hold".to_owned());
    let (showtime, seats) = body.value.parse(app.limits.max_seats_per_hold)?;
    let request = HoldRequest { showtime, seats, key, render: Held::answer };
    let reply = app.service.hold(request).await?;
    let location = match reply.resource {
        Resource::Booking(id) => Some(format!("/api/bookings/{id}")),
        Resource::Payment(_) | Resource::Refund(_) => None,
    };
    let location = location.and_then(|path| HeaderValue::try_from(path).ok());
    Ok((location.map(|path| [(LOCATION, path)]), answered(&reply)).into_response())
}

/// List the caller's bookings
///
/// Newest first.
#[utoipa::path(
    get, path = "/api/bookings", tag = "bookings", params(BookingQuery),
    responses(
        (status = 200, description = "One page", body = PageOf<BookingView>),
        (status = 400, description = "`VALIDATION_FAILED`"),
    ),
    security(("bearer" = []), ("user" = [])),
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Caller(viewer): Caller,
    Query(query): Query<BookingQuery>,
) -> Result<Json<PageOf<BookingView>>, Problem> {
    let (number, size) = query.page();
    let filter = BookingFilter {
        user: viewer.user,
        status: query.status(),
        showtime: query.showtime(),
        page: number.of_size(size),
    };
    let page = app.service.bookings(&filter).await?;
    Ok(Json(PageOf::new(&page, number, size, BookingView::of)))
}

/// Show a booking
///
/// Its status is true at the moment of the read. For its owner, and for admins.
#[utoipa::path(
    get, path = "/api/bookings/{id}", tag = "bookings",
    params(("id" = String, Path, pattern = "^[0-9a-fA-F]{24}$", description = "The booking's id")),
    responses(
        (status = 200, description = "The booking", body = BookingView),
        (status = 400, description = "`VALIDATION_FAILED`"),
        (status = 403, description = "`BOOKING_NOT_OWNED`"),
        (status = 404, description = "`BOOKING_NOT_FOUND`"),
    ),
    security(("bearer" = []), ("user" = [])),
)]
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Caller(viewer): Caller,
    Id(id): Id<BookingId>,
) -> Result<Json<BookingView>, Problem> {
    note_booking(id);
    let booking = app.service.booking(id, &viewer).await?;
    Ok(Json(BookingView::of(&booking)))
}

/// Cancel a pending booking
///
/// Frees its seats. Repeating it gives the same answer, with a key or without.
#[utoipa::path(
    delete, path = "/api/bookings/{id}", tag = "bookings",
    params(
        ("id" = String, Path, pattern = "^[0-9a-fA-F]{24}$", description = "The booking's id"),
        ("X-Idempotency-Key" = Option<String>, Header, format = "uuid", description = "A UUID version 4; may be left out"),
    ),
    responses(
        (status = 200, description = "The booking is cancelled", body = Cancelled, headers(
            ("Idempotent-Replayed" = Option<bool>, description = "`true` on a repeat"),
        )),
        (status = 400, description = "`BOOKING_NOT_PENDING`, `VALIDATION_FAILED`, `IDEMPOTENCY_KEY_INVALID`"),
        (status = 403, description = "`BOOKING_NOT_OWNED`"),
        (status = 404, description = "`BOOKING_NOT_FOUND`"),
        (status = 409, description = "`BOOKING_LOCK_FAILED`, `REQUEST_IN_PROGRESS`"),
        (status = 422, description = "`IDEMPOTENCY_KEY_REUSED`"),
    ),
    security(("bearer" = []), ("user" = [])),
)]
pub(super) async fn cancel(
    State(app): State<Arc<App>>,
    Caller(viewer): Caller,
    OptionalKey(key): OptionalKey,
    Id(booking): Id<BookingId>,
) -> Result<Response, Problem> {
    let user = viewer.user;
    let bind = |key| keyed(user.clone(), key, format!("DELETE /api/bookings/{booking}"), b"");
    let key = key.map(bind);
    note_booking(booking);
    let request = CancelRequest { booking, user, key, render: Cancelled::answer };
    Ok(answered(&app.service.cancel(request).await?))
}

/// A reply as it was stored, byte for byte.
pub(super) fn answered(reply: &Reply) -> Response {
    if let Resource::Booking(id) = reply.resource {
        note_booking(id);
    }
    let status = StatusCode::from_u16(reply.answer.status).unwrap_or(StatusCode::OK);
    let replayed =
        (HeaderName::from_static("idempotent-replayed"), HeaderValue::from_static("true"));
    let replayed = reply.replayed.then_some([replayed]);
    let json = [(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    (status, replayed, json, RawBody::from(Bytes::from_owner(Arc::clone(&reply.answer.body))))
        .into_response()
}
