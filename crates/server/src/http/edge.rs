//! What happens to every request: an id, a span, a log line, metrics; and to
//! every error: a body.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::time::Instant;
use tracing::Instrument;

use super::places::is_watching;
use super::problem::{self, Code};
use super::safety::protect;
use super::{App, Problem, kind};
use crate::telemetry::request_span;

/// The header that names a request.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What is said when nothing was begun.
const TURNED_AWAY: &str = "Too many requests are under way: nothing was done. Try again.";

/// Characters of a caller's request id at the most: a UUID with some prefix.
const REQUEST_ID_MAX_CHARS: usize = 64;

/// The outermost layer.
pub(super) async fn edge(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = sane_id(request.headers()).unwrap_or_else(|| app.env.uuid().to_string());
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let route = request.extensions().get::<MatchedPath>().cloned();

    let span = request_span(&id);
    let work = async move {
        let mut response = problem::render(answer(&app, request, next).await, &id);
        if let Ok(value) = HeaderValue::from_str(&id) {
            response.headers_mut().insert(REQUEST_ID, value);
        }
        protect(response.headers_mut(), &path);
        let status = response.status();
        let seconds = started.elapsed().as_secs_f64();
        let latency_ms = (seconds * 1e6).round() / 1e3;
        tracing::info!(%method, path, status = status.as_u16(), latency_ms, "request");
        let route = route.as_ref().map_or("unmatched", MatchedPath::as_str);
        let code = response.extensions().get().map_or("", |Code(code)| code);
        count(&method, route, status, code, seconds);
        response
    };
    work.instrument(span).await
}

/// Has the request answered, unless as many as may be are under way.
async fn answer(app: &App, request: Request, next: Next) -> Response {
    if is_watching(request.uri().path()) {
        return next.run(request).await;
    }
    let Some(_place) = app.places.take() else {
        metrics::counter!("seathold_requests_turned_away_total").increment(1);
        return Problem::with_detail(&kind::SERVICE_UNAVAILABLE, TURNED_AWAY).into_response();
    };
    next.run(request).await
}

/// The caller's request id, if it can be logged and sent back as it is.
fn sane_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(REQUEST_ID)?.to_str().ok()?;
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let is_sane = (1..=REQUEST_ID_MAX_CHARS).contains(&id.len()) && id.chars().all(allowed);
    is_sane.then(|| id.to_owned())
}

/// Errors by their code: a seat that is taken and a showtime that is busy are both 409.
fn count(method: &Method, route: &str, status: StatusCode, code: &'static str, seconds: f64) {
    // A client may make up methods; metrics must not grow with its fantasy.
    let known = [Method::GET, Method::POST, Method::DELETE, Method::HEAD, Method::OPTIONS];
    let method = if known.contains(method) { method.as_str() } else { "other" };
    let labels = [
        ("route", route.to_owned()),
        ("method", method.to_owned()),
        ("status", status.as_u16().to_string()),
        ("code", code.to_owned()),
    ];
    metrics::counter!("http_requests_total", &labels).increment(1);
    metrics::histogram!("http_request_duration_seconds", &labels[..2]).record(seconds);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_sane_request_id_is_kept() {
        let kept = |id: &str| {
            let value = HeaderValue::from_str(id).expect("a header value");
            sane_id(&HeaderMap::from_iter([(REQUEST_ID, value)])).is_some()
        };
        assert!(kept("order-17.retry_2"));
        assert!(kept(&"a".repeat(64)));
        for id in ["", "a b", "a\"b", "<id>", &"a".repeat(65)] {
            assert!(!kept(id), "{id}");
        }
    }
}
