//! What browsers and caches are told about every answer.

use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, HeaderValue};

/// Where answers are for one user, or for admins: nobody else may be shown them later.
const PRIVATE: [&str; 3] = ["/api/bookings", "/api/payments", "/api/admin"];

/// Where the page to try the API on is.
const PAGE: &str = "/api/docs";

/// The page runs what came with it, asks this server, and stands in no other page.
const PAGE_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'",
);

/// Adds to the headers of an answer what goes with its path.
pub(super) fn protect(headers: &mut HeaderMap, path: &str) {
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if PRIVATE.iter().any(|prefix| path.starts_with(prefix)) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    } else if path.starts_with(PAGE) {
        headers.insert(CONTENT_SECURITY_POLICY, PAGE_POLICY);
    }
}
