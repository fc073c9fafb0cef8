//! Reading showtimes and their seat maps: open to all.

pub(super) mod etag;
mod query;
pub(super) mod views;

use std::sync::Arc;

use axum::Json;
use axum::body::{Body as RawBody, Bytes};
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use seathold_core::ShowtimeId;

use super::extract::{Id, Query};
use super::page::PageOf;
use super::{App, Problem};
use query::ShowtimeQuery;
use views::{SeatsView, ShowtimeView, seats_json};

/// List showtimes
#[utoipa::path(
    get, path = "/api/showtimes", tag = "showtimes", params(ShowtimeQuery),
    responses(
        (status = 200, description = "One page", body = PageOf<ShowtimeView>),
        (status = 400, description = "`VALIDATION_FAILED`"),
    ),
)]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Query(query): Query<ShowtimeQuery>,
) -> Result<Json<PageOf<ShowtimeView>>, Problem> {
    let (number, size) = query.page();
    let page = app.service.showtimes(&query.filter(number.of_size(size))).await?;
    Ok(Json(PageOf::new(&page, number, size, ShowtimeView::of)))
}

/// Show a showtime
#[utoipa::path(
    get, path = "/api/showtimes/{id}", tag = "showtimes",
    params(("id" = String, Path, pattern = "^[0-9a-fA-F]{24}$", description = "The showtime's id")),
    responses(
        (status = 200, description = "The showtime", body = ShowtimeView),
        (status = 400, description = "`VALIDATION_FAILED`"),
        (status = 404, description = "`SHOWTIME_NOT_FOUND`"),
    ),
)]
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Id(id): Id<ShowtimeId>,
) -> Result<Json<ShowtimeView>, Problem> {
    Ok(Json(ShowtimeView::of(&app.service.showtime(id).await?)))
}

/// Show a seat map
///
/// Holds whose time has passed read as available. The `ETag` changes whenever
/// the body would.
#[utoipa::path(
    get, path = "/api/showtimes/{id}/seats", tag = "showtimes",
    params(
        ("id" = String, Path, pattern = "^[0-9a-fA-F]{24}$", description = "The showtime's id"),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` of the map the caller has"),
    ),
    responses(
        (status = 200, description = "The seat map", body = SeatsView, headers(
            ("ETag" = String, description = "The tag of this map"),
        )),
        (status = 304, description = "The caller has this map already"),
        (status = 400, description = "`VALIDATION_FAILED`"),
        (status = 404, description = "`SHOWTIME_NOT_FOUND`"),
    ),
)]
pub(super) async fn seats(
    State(app): State<Arc<App>>,
    Id(id): Id<ShowtimeId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let map = app.service.seat_map(id, seats_json).await?;
    let known = etag::matches(headers.get_all(IF_NONE_MATCH), &map.etag);
    let tag = HeaderValue::try_from(&map.etag).map(|tag| [(ETAG, tag)]).ok();
    let caching = [(CACHE_CONTROL, HeaderValue::from_static("no-cache"))];
    if known {
        return Ok((StatusCode::NOT_MODIFIED, tag, caching).into_response());
    }
    let json = [(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    let body = RawBody::from(Bytes::from_owner(Arc::clone(&map.body)));
    Ok((tag, caching, json, body).into_response())
}
