use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, ETAG, IF_NONE_MATCH, LOCATION, RETRY_AFTER};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::CorsLayer;
use tower_http::timeout::TimeoutLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::edge::{REQUEST_ID, edge};
use super::limit::{self, limited};
use super::{App, Problem, admin, bookings, docs, health, kind, payments, showtimes, webhook};
use crate::sandbox;

/// How long a request may take. What it has started goes on: no commit lives
/// in a request.
const REQUEST_TIME: Duration = Duration::from_secs(10);

/// How long a browser may remember what it is allowed to do.
const CORS_MAX_AGE: Duration = Duration::from_secs(600);

/// All routes, and what happens to every request.
pub(crate) fn router(app: Arc<App>) -> Router {
    let (api, description) = OpenApiRouter::with_openapi(docs::description())
        .merge(counted(&app))
        // Gateways, orchestrators and monitors are never told to come later.
        .routes(routes!(webhook::receive, webhook::receive_by_get))
        .routes(routes!(health::health))
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(health::metrics))
        .split_for_parts();
    let api = api.merge(docs::pages(description)).with_state(Arc::clone(&app));
    let all = match &app.sandbox {
        Some(sandbox) => api.merge(sandbox::routes(sandbox)),
        None => api,
    };
    let open = match app.limits.cors_origins.as_slice() {
        [] => guarded(all),
        origins => guarded(all).layer(cors(origins)),
    };
    open.layer(from_fn_with_state(app, edge))
}

/// The routes whose requests count where there is a rate limit.
fn counted(app: &Arc<App>) -> OpenApiRouter<Arc<App>> {
    let routes = OpenApiRouter::new()
        .routes(routes!(bookings::hold))
        .routes(routes!(bookings::list))
        .routes(routes!(bookings::show, bookings::cancel))
        .routes(routes!(payments::confirm))
        .routes(routes!(payments::refund))
        .routes(routes!(payments::create))
        .routes(routes!(payments::show))
        .routes(routes!(showtimes::list))
        .routes(routes!(showtimes::show))
        .routes(routes!(showtimes::seats))
        .routes(routes!(admin::create_showtime))
        .routes(routes!(admin::show_showtime))
        .routes(routes!(admin::cancel_showtime))
        .routes(routes!(admin::history))
        .routes(routes!(admin::dead))
        .routes(routes!(admin::retry))
        .routes(routes!(admin::reconcile))
        .routes(routes!(admin::verify));
    match &app.rate_limits {
        Some(_) => routes.layer(from_fn_with_state(Arc::clone(app), limited)),
        None => routes,
    }
}

/// No handler takes forever, or takes others down with it.
fn guarded(routes: Router) -> Router {
    routes
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, REQUEST_TIME))
        .layer(CatchPanicLayer::custom(after_panic))
}

fn after_panic(panic: Box<dyn Any + Send>) -> Response {
    let text = match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => panic.downcast::<&str>().map(|text| (*text).to_owned()).unwrap_or_default(),
    };
    tracing::error!(panic = text, "a request handler panicked");
    Problem::new(&kind::INTERNAL_ERROR).into_response()
}

/// Lets browsers on these origins call.
fn cors(origins: &[String]) -> CorsLayer {
    let origins: Vec<HeaderValue> =
        origins.iter().filter_map(|origin| origin.parse().ok()).collect();
    let name = HeaderName::from_static;
    CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::GET, Method::POST, Method::DELETE])
        .allow_headers([
            AUTHORIZATION,
            CONTENT_TYPE,
            IF_NONE_MATCH,
            REQUEST_ID,
            name("x-idempotency-key"),
            name("idempotency-key"),
            name("x-user-id"),
            name("x-user-role"),
        ])
        .expose_headers(
            [ETAG, LOCATION, RETRY_AFTER, REQUEST_ID, name("idempotent-replayed")]
                .into_iter()
                .chain(limit::FIELDS)
                .collect::<Vec<_>>(),
        )
        .max_age(CORS_MAX_AGE)
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;
    use axum::routing::get;
    use http_body_util::BodyExt;
    use serde_json::Value;
    use tower::ServiceExt;

    use super::*;
    use crate::http::problem;

    async fn ask(method: &str, path: &str) -> (Response, Value) {
        let stuck = || async { std::future::pending::<()>().await };
        let broken = || async { assert!(std::env::args().count() == 0, "a detail for the log") };
        let routes = Router::new().route("/stuck", get(stuck)).route("/broken", get(broken));
        let request = Request::builder().method(method).uri(path).body(Body::empty());
        let response = guarded(routes).oneshot(request.expect("a request")).await;
        let mut response = problem::render(response.expect("never fails"), "the-id");
        let body = std::mem::take(response.body_mut()).collect().await.expect("a body");
        let body = serde_json::from_slice(&body.to_bytes()).expect("JSON");
        (response, body)
    }

    #[tokio::test(start_paused = true)]
    async fn a_handler_that_is_stuck_is_answered_for() {
        let (response, body) = ask("GET", "/stuck").await;
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(
            (&body["code"], &body["retryable"]),
            (&"SERVICE_UNAVAILABLE".into(), &true.into())
        );
        assert!(response.headers().contains_key(RETRY_AFTER));
    }

    #[tokio::test]
    async fn a_handler_that_panics_tells_the_client_nothing() {
        let (response, body) = ask("GET", "/broken").await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(
            (&body["code"], &body["request_id"]),
            (&"INTERNAL_ERROR".into(), &"the-id".into())
        );
        assert!(!body.to_string().contains("a detail"));
    }

    #[tokio::test]
    async fn what_the_framework_refuses_is_a_problem_too() {
        let (response, body) = ask("GET", "/nowhere").await;
        assert_eq!(
            (response.status(), &body["code"]),
            (StatusCode::NOT_FOUND, &"NOT_FOUND".into())
        );
        let (response, body) = ask("DELETE", "/stuck").await;
        assert_eq!(body["code"], "METHOD_NOT_ALLOWED");
        assert_eq!(response.headers()["allow"], "GET,HEAD");
        assert_eq!(response.headers()[CONTENT_TYPE], problem::PROBLEM_JSON);
    }
}
