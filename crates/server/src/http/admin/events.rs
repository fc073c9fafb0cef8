//! The life of a booking, and what nobody would be told of.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use seathold_core::BookingId;
use seathold_service::model::BookingEventId;
use seathold_service::{DeadLetter, Past, PastEvent};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::http::events::name;
use crate::http::extract::{Admin, Id, Query, Text, Time, given};
use crate::http::{App, Problem, kind};
use crate::telemetry::note_booking;

/// Show the life of a booking
///
/// What became of it and of its payments, and what others were told, in order of
/// time, by what is stored.
#[utoipa::path(
    get, path = "/api/admin/bookings/{id}/history", tag = "admin",
    params(("id" = String, Path, pattern = "^[0-9a-fA-F]{24}$", description = "The booking's id")),
    responses(
        (status = 200, description = "Its life so far", body = HistoryView),
        (status = 400, description = "`VALIDATION_FAILED`"),
        (status = 403, description = "`FORBIDDEN`"),
        (status = 404, description = "`BOOKING_NOT_FOUND`"),
    ),
    security(("bearer" = []), ("user" = [], "role" = [])),
)]
pub(in crate::http) async fn history(
    State(app): State<Arc<App>>,
    _: Admin,
    Id(id): Id<BookingId>,
) -> Result<Json<HistoryView>, Problem> {
    note_booking(id);
    Ok(Json(HistoryView::of(id, &app.service.history(id).await?)))
}

/// List the events that were given up
///
/// Those that a receiver has not taken for days. Later events of the same booking
/// were told all the same.
#[utoipa::path(
    get, path = "/api/admin/events/dead", tag = "admin", params(DeadQuery),
    responses(
        (status = 200, description = "Some of them, by booking", body = DeadView),
        (status = 400, description = "`VALIDATION_FAILED`"),
        (status = 403, description = "`FORBIDDEN`"),
    ),
    security(("bearer" = []), ("user" = [], "role" = [])),
)]
pub(in crate::http) async fn dead(
    State(app): State<Arc<App>>,
    _: Admin,
    Query(query): Query<DeadQuery>,
) -> Result<Json<DeadView>, Problem> {
    let (letters, more) = app.service.dead_letters(given(&query.after)).await?;
    let data = letters.iter().map(DeadLetterView::of).collect();
    Ok(Json(DeadView { data, next_after: more.map(|id| id.to_string()) }))
}

/// Tell an event again that was given up
///
/// With all its tries, to every receiver where it was given up.
#[utoipa::path(
    post, path = "/api/admin/events/dead/{id}/retry", tag = "admin",
    params(("id" = String, Path, pattern = "^[0-9a-fA-F]{24}$", description = "The event's id")),
    responses(
        (status = 200, description = "It will be told", body = Revived),
        (status = 400, description = "`VALIDATION_FAILED`"),
        (status = 403, description = "`FORBIDDEN`"),
        (status = 404, description = "`EVENT_NOT_FOUND`: it was not given up anywhere"),
        (status = 409, description = "`BOOKING_LOCK_FAILED`: it is just being told"),
    ),
    security(("bearer" = []), ("user" = [], "role" = [])),
)]
pub(in crate::http) async fn retry(
    State(app): State<Arc<App>>,
    _: Admin,
    Id(id): Id<BookingEventId>,
) -> Result<Json<Revived>, Problem> {
    match app.service.revive(id).await? {
        0 => Err(Problem::new(&kind::EVENT_NOT_FOUND)),
        receivers => Ok(Json(Revived { id: id.to_string(), receivers })),
    }
}

/// Where to go on.
#[derive(Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct DeadQuery {
    /// Only those of bookings after this one: `next_after` of the last answer.
    #[validate(nested)]
    #[param(value_type = Option<String>)]
    after: Option<Text<BookingId>>,
}

/// An event that will be told again.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Revived {
    /// The event's id.
    #[schema(example = "evt_64a7b2c4d5e6f7a8b9c0d1e8_confirmed")]
    id: String,
    /// To how many receivers.
    receivers: u64,
}

/// Events that were given up.
#[derive(Serialize, ToSchema)]
#[schema(as = DeadLetters)]
pub(in crate::http) struct DeadView {
    /// The events.
    data: Vec<DeadLetterView>,
    /// What to ask `after` for more; null if there are none.
    next_after: Option<String>,
}

/// An event that was given up at a receiver.
#[derive(Serialize, ToSchema)]
#[schema(as = DeadLetter)]
struct DeadLetterView {
    /// The event's id.
    #[schema(example = "evt_64a7b2c4d5e6f7a8b9c0d1e8_confirmed")]
    id: String,
    /// `booking.held`, `booking.confirmed`, `booking.cancelled`, `booking.expired` or
    /// `booking.refunded`.
    #[serde(rename = "type")]
    #[schema(example = "booking.confirmed")]
    kind: &'static str,
    /// The booking.
    booking_id: String,
    /// The receiver; null if it is not configured any more.
    #[schema(example = "https://shop.example/webhooks")]
    url: Option<String>,
    /// How often it was told in vain.
    tries: u32,
    /// When for the first time.
    since: Time,
    /// When it was given up.
    given_up_at: Time,
    /// What the last try failed of.
    #[schema(example = "it answered 500 Internal Server Error")]
    error: Option<String>,
}

impl DeadLetterView {
    fn of(letter: &DeadLetter) -> Self {
        Self {
            id: letter.id.to_string(),
            kind: name(letter.id.event),
            booking_id: letter.id.booking.to_string(),
            url: letter.address.clone(),
            tries: letter.tries,
            since: Time(letter.since),
            given_up_at: Time(letter.at),
            error: letter.error.clone(),
        }
    }
}

/// The life of a booking.
#[derive(Serialize, ToSchema)]
#[schema(as = History)]
pub(in crate::http) struct HistoryView {
    /// The booking's id.
    booking_id: String,
    /// What happened, in order of time.
    events: Vec<PastView>,
}

/// Something that happened.
#[derive(Serialize, ToSchema)]
#[schema(as = PastEvent)]
struct PastView {
    /// When.
    at: Time,
    /// `booking.held` and the other events of a booking; `payment.started`,
    /// `payment.paid`, `payment.failed`, `payment.refund_pending`, `payment.refunded`;
    /// `refund.decided`; `event.told`, `event.given_up`.
    #[schema(example = "payment.paid")]
    what: &'static str,
    /// Which payment, refund or event, and what else is known of it.
    #[schema(value_type = Object, example = json!({"payment_id": "PAY_550e8400-e29b-41d4-a716-446655440000"}))]
    detail: Value,
}

impl HistoryView {
    fn of(id: BookingId, past: &[PastEvent]) -> Self {
        let events = past.iter().map(|event| {
            let (what, detail) = told(&event.what);
            PastView { at: Time(event.at), what, detail }
        });
        Self { booking_id: id.to_string(), events: events.collect() }
    }
}

fn told(what: &Past) -> (&'static str, Value) {
    match what {
        Past::Booking(event) => (name(*event), json!({})),
        Past::PaymentStarted { payment, method, amount } => (
            "payment.started",
            json!({ "payment_id": payment.to_string(), "payment_method": method.as_str(), "amount": amount }),
        ),
        Past::PaymentPaid { payment, transaction } => (
            "payment.paid",
            json!({ "payment_id": payment.to_string(), "transaction_id": transaction }),
        ),
        Past::PaymentFailed(id) => ("payment.failed", json!({ "payment_id": id.to_string() })),
        Past::PaymentToRefund(id, reason) => (
            "payment.refund_pending",
            json!({ "payment_id": id.to_string(), "reason": reason.map(|it| it.as_str()) }),
        ),
        Past::PaymentRefunded(id, reason) => (
            "payment.refunded",
            json!({ "payment_id": id.to_string(), "reason": reason.map(|it| it.as_str()) }),
        ),
        Past::RefundDecided(id, reason) => {
            ("refund.decided", json!({ "refund_id": id.to_string(), "reason": reason.as_str() }))
        }
        Past::Told(id, url) => ("event.told", json!({ "id": id.to_string(), "url": url })),
        Past::GivenUp(id, url) => ("event.given_up", json!({ "id": id.to_string(), "url": url })),
    }
}
