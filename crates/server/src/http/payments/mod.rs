//! Starting payments, and reading them.

mod refund;
mod shapes;
mod views;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use seathold_core::{BookingId, PaymentId};
use seathold_service::model::Answer;
use seathold_service::{Keyed, PayRequest, Session};

pub(super) use refund::{__path_refund, refund};

use super::bookings::answered;
use super::extract::{Body, Caller, Id, Key, KeyHeader};
use super::{App, Problem};
use crate::telemetry::note_booking;
use shapes::{ConfirmBody, CreateBody, Means};
use views::{Confirmed, Created, PaymentEnvelope};

/// Start the payment of a booking
///
/// As long as the payment is pending, every confirmation leads to the same
/// session. A booking that costs nothing is confirmed at once.
#[utoipa::path(
    post, path = "/api/bookings/{id}/confirm", tag = "bookings",
    params(("id" = String, Path, pattern = "^[0-9a-fA-F]{24}$", description = "The booking's id"), KeyHeader),
    request_body = ConfirmBody,
    responses(
        (status = 200, description = "Where to pay", body = Confirmed, headers(
            ("Idempotent-Replayed" = Option<bool>, description = "`true` on a repeat"),
        )),
        (status = 400, description = "`BOOKING_NOT_PENDING`, `BOOKING_HOLD_EXPIRED`, `PAYMENT_METHOD_UNAVAILABLE`, `VALIDATION_FAILED`, `IDEMPOTENCY_KEY_REQUIRED`, `IDEMPOTENCY_KEY_INVALID`"),
        (status = 403, description = "`BOOKING_NOT_OWNED`"),
        (status = 404, description = "`BOOKING_NOT_FOUND`"),
        (status = 409, description = "`REQUEST_IN_PROGRESS`, `BOOKING_LOCK_FAILED`"),
        (status = 422, description = "`IDEMPOTENCY_KEY_REUSED`"),
        (status = 502, description = "`PAYMENT_GATEWAY_ERROR`; a repeat is safe"),
    ),
    security(("bearer" = []), ("user" = [])),
)]
pub(super) async fn confirm(
    State(app): State<Arc<App>>,
    Caller(viewer): Caller,
    Key(key): Key,
    Id(booking): Id<BookingId>,
    body: Body<ConfirmBody>,
) -> Result<Response, Problem> {
    let bound = body.keyed(viewer.user, key, format!("POST /api/bookings/{booking}/confirm"));
    note_booking(booking);
    let request = request(&app, booking, body.value.means(), bound, Confirmed::answer);
    Ok(answered(&app.service.pay(request).await?))
}

/// Start a payment
///
/// The same as confirming the booking, in another form.
#[utoipa::path(
    post, path = "/api/payments", tag = "payments", params(KeyHeader),
    request_body = CreateBody,
    responses(
        (status = 201, description = "Where to pay", body = Created, headers(
            ("Idempotent-Replayed" = Option<bool>, description = "`true` on a repeat"),
        )),
        (status = 400, description = "`BOOKING_NOT_PENDING`, `BOOKING_HOLD_EXPIRED`, `PAYMENT_METHOD_UNAVAILABLE`, `VALIDATION_FAILED`, `IDEMPOTENCY_KEY_REQUIRED`, `IDEMPOTENCY_KEY_INVALID`"),
        (status = 403, description = "`BOOKING_NOT_OWNED`"),
        (status = 404, description = "`BOOKING_NOT_FOUND`"),
        (status = 409, description = "`REQUEST_IN_PROGRESS`, `BOOKING_LOCK_FAILED`"),
        (status = 422, description = "`IDEMPOTENCY_KEY_REUSED`"),
        (status = 502, description = "`PAYMENT_GATEWAY_ERROR`; a repeat is safe"),
    ),
    security(("bearer" = []), ("user" = [])),
)]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    Caller(viewer): Caller,
    Key(key): Key,
    body: Body<CreateBody>,
) -> Result<Response, Problem> {
    let bound = body.keyed(viewer.user, key, "POST /api/payments".to_owned());
    let (booking, means) = body.value.parse();
    note_booking(booking);
    let request = request(&app, booking, means, bound, Created::answer);
    Ok(answered(&app.service.pay(request).await?))
}

/// Show a payment
///
/// For the one who pays, and for admins.
#[utoipa::path(
    get, path = "/api/payments/{id}", tag = "payments",
    params(("id" = String, Path, pattern = "^PAY_[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$", description = "The payment's id, `PAY_<uuid>`")),
    responses(
        (status = 200, description = "The payment", body = PaymentEnvelope),
        (status = 400, description = "`VALIDATION_FAILED`"),
        (status = 403, description = "`BOOKING_NOT_OWNED`"),
        (status = 404, description = "`PAYMENT_NOT_FOUND`"),
    ),
    security(("bearer" = []), ("user" = [])),
)]
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Caller(viewer): Caller,
    Id(id): Id<PaymentId>,
) -> Result<Json<PaymentEnvelope>, Problem> {
    let payment = app.service.payment(id, &viewer).await?;
    note_booking(payment.booking_id);
    Ok(Json(PaymentEnvelope::of(&payment)))
}

fn request(
    app: &App,
    booking: BookingId,
    Means { method, return_url }: Means,
    key: Keyed,
    render: fn(&Session) -> Answer,
) -> PayRequest {
    let return_url = return_url.or_else(|| app.limits.default_return_url.clone());
    PayRequest { booking, method, return_url: return_url.map(|url| url.to_string()), key, render }
}
