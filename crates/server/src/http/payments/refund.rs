use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use seathold_core::BookingId;
use seathold_service::model::Answer;
use seathold_service::{GivenBack, RefundBooking};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::bookings::answered;
use crate::http::bookings::views::answer;
use crate::http::extract::{Caller, Id, Key, KeyHeader, keyed};
use crate::http::{App, Problem};
use crate::telemetry::note_booking;

/// Give a sold booking back
///
/// The whole booking: its seats are free again, its money goes back the way it came.
/// For its owner until some time before the start (default: half an hour), for
/// admins at any time. A refund that the gateway has not made yet is asked for until
/// it has.
#[utoipa::path(
    post, path = "/api/bookings/{id}/refund", tag = "bookings",
    params(("id" = String, Path, pattern = "^[0-9a-fA-F]{24}$", description = "The booking's id"), KeyHeader),
    responses(
        (status = 200, description = "The booking is cancelled, the money on its way", body = Refunded, headers(
            ("Idempotent-Replayed" = Option<bool>, description = "`true` on a repeat"),
        )),
        (status = 400, description = "`BOOKING_NOT_CONFIRMED`, `REFUND_WINDOW_CLOSED`, `VALIDATION_FAILED`, `IDEMPOTENCY_KEY_REQUIRED`, `IDEMPOTENCY_KEY_INVALID`"),
        (status = 403, description = "`BOOKING_NOT_OWNED`"),
        (status = 404, description = "`BOOKING_NOT_FOUND`"),
        (status = 409, description = "`REQUEST_IN_PROGRESS`; `BOOKING_LOCK_FAILED`, also while the sale is being finished"),
        (status = 422, description = "`IDEMPOTENCY_KEY_REUSED`"),
    ),
    security(("bearer" = []), ("user" = [])),
)]
pub(in crate::http) async fn refund(
    State(app): State<Arc<App>>,
    Caller(viewer): Caller,
    Key(key): Key,
    Id(booking): Id<BookingId>,
) -> Result<Response, Problem> {
    let route = format!("POST /api/bookings/{booking}/refund");
    let key = keyed(viewer.user.clone(), key, route, b"");
    note_booking(booking);
    let request = RefundBooking { booking, viewer, key, render: Refunded::answer };
    Ok(answered(&app.service.refund_booking(request).await?))
}

/// A booking that was given back.
#[derive(Serialize, ToSchema)]
pub(crate) struct Refunded {
    /// The booking's id.
    booking_id: String,
    /// `cancelled`
    #[schema(example = "cancelled")]
    status: &'static str,
    /// Its refund.
    refund: RefundView,
}

/// Money that goes back.
#[derive(Serialize, ToSchema)]
#[schema(as = Refund)]
struct RefundView {
    /// Its id.
    #[schema(example = "RFD_550e8400-e29b-41d4-a716-446655440000")]
    id: String,
    /// How much, in minor units.
    #[schema(example = 300_000)]
    amount: i64,
    /// `refund_pending`, or `refunded` once the gateway has made it.
    #[schema(example = "refunded")]
    status: &'static str,
}

impl Refunded {
    /// The answer to a refund.
    fn answer(given_back: &GivenBack) -> Answer {
        let GivenBack { booking, refund, status } = given_back;
        let refund = RefundView {
            id: refund.id.to_string(),
            amount: booking.final_amount,
            status: status.as_str(),
        };
        let (booking_id, status) = (booking.id.to_string(), booking.status.as_str());
        answer(StatusCode::OK, &Self { booking_id, status, refund })
    }
}
