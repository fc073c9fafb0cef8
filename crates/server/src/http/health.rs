//! What orchestrators and monitors ask.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::ToSchema;

use super::extract::Time;
use super::{App, Problem, kind};
use crate::telemetry;
use crate::wire::Kind;

/// How the server and its stores are.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok`, `degraded` (slower, but right) or `down`.
    #[schema(example = "ok")]
    status: &'static str,
    /// `connected`, `disconnected` or `embedded`.
    #[schema(example = "embedded")]
    mongodb: &'static str,
    /// `connected`, `disconnected` or `embedded`.
    #[schema(example = "embedded")]
    redis: &'static str,
    /// The version of the server.
    version: &'static str,
    /// The server's time.
    timestamp: Time,
}

/// A server that runs.
#[derive(Serialize, ToSchema)]
pub(crate) struct Alive {
    /// `ok`
    #[schema(example = "ok")]
    status: &'static str,
}

/// Tell how the server and its stores are
#[utoipa::path(
    get, path = "/health", tag = "service",
    responses(
        (status = 200, description = "Requests are served", body = Health),
        (status = 503, description = "The store cannot be reached", body = Health),
    ),
)]
pub(super) async fn health(State(app): State<Arc<App>>) -> impl IntoResponse {
    let health = app.service.health().await;
    let (code, status) = match (health.store, health.leases) {
        (true, true) => (StatusCode::OK, "ok"),
        (true, false) => (StatusCode::OK, "degraded"),
        (false, _) => (StatusCode::SERVICE_UNAVAILABLE, "down"),
    };
    let body = Health {
        status,
        mongodb: reach(app.kinds.store, health.store),
        redis: reach(app.kinds.leases, health.leases),
        version: env!("CARGO_PKG_VERSION"),
        timestamp: Time(app.env.now()),
    };
    (code, Json(body))
}

fn reach(kind: Kind, answers: bool) -> &'static str {
    match (kind, answers) {
        (_, false) => "disconnected",
        (Kind::Embedded, true) => "embedded",
        (Kind::Server, true) => "connected",
    }
}

/// Tell whether the process runs
#[utoipa::path(
    get, path = "/health/live", tag = "service",
    responses((status = 200, description = "It does", body = Alive)),
)]
pub(super) async fn live() -> Json<Alive> {
    Json(Alive { status: "ok" })
}

/// Tell whether to send requests here
#[utoipa::path(
    get, path = "/health/ready", tag = "service",
    responses(
        (status = 200, description = "Send them", body = Alive),
        (status = 503, description = "`SERVICE_UNAVAILABLE`: the store cannot be reached, or the server stops"),
    ),
)]
pub(super) async fn ready(State(app): State<Arc<App>>) -> Result<Json<Alive>, Problem> {
    if app.is_draining() || !app.service.health().await.store {
        return Err(Problem::new(&kind::SERVICE_UNAVAILABLE));
    }
    Ok(Json(Alive { status: "ok" }))
}

/// Show the metrics
#[utoipa::path(
    get, path = "/metrics", tag = "service",
    responses((status = 200, description = "In Prometheus text format", body = String, content_type = "text/plain")),
)]
pub(super) async fn metrics() -> impl IntoResponse {
    use axum::http::header::CONTENT_TYPE;
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], telemetry::metrics().render())
}
