//! What admins may do.

mod events;
mod shapes;
mod views;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header::LOCATION;
use axum::http::{HeaderValue, StatusCode};
use axum::response::IntoResponse;
use seathold_core::ShowtimeId;
use seathold_service::Error;

pub(super) use events::*;

use super::extract::{Admin, Body, Id};
use super::showtimes::views::ShowtimeView;
use super::{App, Problem};
use shapes::ShowtimeBody;
use views::{AdminShowtimeView, ReconciledView, ReportView};

/// Make a showtime
///
/// With its seats by rows (`layout`) or one by one (`seats`). A start in the
/// past is allowed; such a showtime cannot be booked.
#[utoipa::path(
    post, path = "/api/admin/showtimes", tag = "admin", request_body = ShowtimeBody,
    responses(
        (status = 201, description = "The showtime", body = ShowtimeView, headers(
            ("Location" = String, description = "The showtime's path"),
        )),
        (status = 400, description = "`VALIDATION_FAILED`"),
        (status = 403, description = "`FORBIDDEN`"),
    ),
    security(("bearer" = []), ("user" = [], "role" = [])),
)]
pub(super) async fn create_showtime(
    State(app): State<Arc<App>>,
    _: Admin,
    body: Body<ShowtimeBody>,
) -> Result<impl IntoResponse, Problem> {
    let view = app.service.create_showtime(body.value.parse()?).await?;
    let path = format!("/api/showtimes/{}", view.summary.showtime.id);
    let location = HeaderValue::try_from(path).ok().map(|path| [(LOCATION, path)]);
    Ok((StatusCode::CREATED, location, Json(ShowtimeView::of(&view))))
}

/// Cancel a showtime
///
/// And every pending hold on it. What was sold is given back, in the background:
/// the showtime's admin view tells how far that is. Repeating it changes nothing.
#[utoipa::path(
    post, path = "/api/admin/showtimes/{id}/cancel", tag = "admin",
    params(("id" = String, Path, pattern = "^[0-9a-fA-F]{24}$", description = "The showtime's id")),
    responses(
        (status = 200, description = "The showtime", body = ShowtimeView),
        (status = 400, description = "`VALIDATION_FAILED`"),
        (status = 403, description = "`FORBIDDEN`"),
        (status = 404, description = "`SHOWTIME_NOT_FOUND`"),
        (status = 409, description = "`BOOKING_LOCK_FAILED`"),
    ),
    security(("bearer" = []), ("user" = [], "role" = [])),
)]
pub(super) async fn cancel_showtime(
    State(app): State<Arc<App>>,
    _: Admin,
    Id(id): Id<ShowtimeId>,
) -> Result<Json<ShowtimeView>, Problem> {
    Ok(Json(ShowtimeView::of(&app.service.cancel_showtime(id).await?)))
}

/// Show a showtime, and how far its refunds are
#[utoipa::path(
    get, path = "/api/admin/showtimes/{id}", tag = "admin",
    params(("id" = String, Path, pattern = "^[0-9a-fA-F]{24}$", description = "The showtime's id")),
    responses(
        (status = 200, description = "The showtime", body = AdminShowtimeView),
        (status = 400, description = "`VALIDATION_FAILED`"),
        (status = 403, description = "`FORBIDDEN`"),
        (status = 404, description = "`SHOWTIME_NOT_FOUND`"),
    ),
    security(("bearer" = []), ("user" = [], "role" = [])),
)]
pub(super) async fn show_showtime(
    State(app): State<Arc<App>>,
    _: Admin,
    Id(id): Id<ShowtimeId>,
) -> Result<Json<AdminShowtimeView>, Problem> {
    let view = app.service.showtime(id).await?;
    Ok(Json(AdminShowtimeView::of(&view, app.service.refunds_of(id).await?)))
}

/// Roll forward what is unfinished
///
/// Whatever a crash, a silent gateway or a lost message has left, due or not.
/// Harmless at any time. What takes longer than a request may goes on by itself.
#[utoipa::path(
    post, path = "/api/admin/reconcile", tag = "admin",
    responses(
        (status = 200, description = "What was rolled forward, and what is still open", body = ReconciledView),
        (status = 403, description = "`FORBIDDEN`"),
    ),
    security(("bearer" = []), ("user" = [], "role" = [])),
)]
pub(super) async fn reconcile(
    State(app): State<Arc<App>>,
    _: Admin,
) -> Result<Json<ReconciledView>, Problem> {
    let service = Arc::clone(&app.service);
    let work = app.env.detached(async move { service.reconcile().await });
    let done = work.await.unwrap_or(Err(Error::Unknown))?;
    Ok(Json(ReconciledView::of(&done)))
}

/// Check the invariants
///
/// On everything that is stored, now. What is between two steps is counted as
/// in flight, not as a violation.
#[utoipa::path(
    get, path = "/api/admin/verify", tag = "admin",
    responses(
        (status = 200, description = "What was found", body = ReportView),
        (status = 403, description = "`FORBIDDEN`"),
    ),
    security(("bearer" = []), ("user" = [], "role" = [])),
)]
pub(super) async fn verify(
    State(app): State<Arc<App>>,
    _: Admin,
) -> Result<Json<ReportView>, Problem> {
    Ok(Json(ReportView::of(app.service.verify().await?)))
}
