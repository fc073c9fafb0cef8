//! Errors are RFC 9457, whoever made them.

use reqwest::Method;

use crate::support::{NOBODYS_ID, TestApp};

#[tokio::test]
async fn a_problem_says_what_happened_for_people_and_programs() {
    let app = TestApp::start().await;
    let answer = app.booking("ann", NOBODYS_ID).await.refused(404, "BOOKING_NOT_FOUND");
    assert_eq!(answer.text("type"), "urn:seathold:problem:BOOKING_NOT_FOUND");
    assert_eq!(answer.body["status"], 404);
    assert_eq!(answer.body["retryable"], false);
    assert!(answer.header("retry-after").is_none());
    let names: Vec<&String> = answer.body.as_object().expect("an object").keys().collect();
    let expected = ["code", "detail", "request_id", "retryable", "status", "title", "type"];
    assert_eq!(names, expected, "what does not help is left out");
    app.finish().await;
}

#[tokio::test]
async fn an_unknown_path_is_not_found() {
    let app = TestApp::start().await;
    for path in ["/", "/api", "/api/bookings/hold/now", "/api/nothing", "/health/", "//", "/%FF"] {
        for method in [Method::GET, Method::POST, Method::DELETE] {
            let answer = app.call(method, path).by_admin().send().await;
            assert_eq!(answer.status, 404, "{path}");
            answer.refused(404, "NOT_FOUND");
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let app = TestApp::start().await;
    let (booking, payment) = (NOBODYS_ID, "PAY_550e8400-e29b-41d4-a716-446655440000");
    for (path, allowed) in [
        ("/api/bookings/hold".to_owned(), &["POST"][..]),
        ("/api/bookings".to_owned(), &["GET"]),
        (format!("/api/bookings/{booking}"), &["GET", "DELETE"]),
        (format!("/api/bookings/{booking}/confirm"), &["POST"]),
        ("/api/payments".to_owned(), &["POST"]),
        (format!("/api/payments/{payment}"), &["GET"]),
        ("/api/payments/webhook/card".to_owned(), &["POST"]),
        ("/api/showtimes".to_owned(), &["GET"]),
        (format!("/api/showtimes/{booking}"), &["GET"]),
        (format!("/api/showtimes/{booking}/seats"), &["GET"]),
        ("/api/admin/showtimes".to_owned(), &["POST"]),
        (format!("/api/bookings/{booking}/refund"), &["POST"]),
        (format!("/api/admin/showtimes/{booking}"), &["GET"]),
        (format!("/api/admin/showtimes/{booking}/cancel"), &["POST"]),
        ("/api/admin/reconcile".to_owned(), &["POST"]),
        (format!("/api/admin/bookings/{booking}/history"), &["GET"]),
        ("/api/admin/events/dead".to_owned(), &["GET"]),
        (format!("/api/admin/events/dead/evt_{booking}_held/retry"), &["POST"]),
        ("/api/admin/verify".to_owned(), &["GET"]),
        ("/health".to_owned(), &["GET"]),
        ("/metrics".to_owned(), &["GET"]),
    ] {
        for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            if allowed.contains(&method.as_str()) {
                continue;
            }
            let answer = app.call(method.clone(), &path).by_admin().send().await;
            assert_eq!(answer.status, 405, "{method} {path}");
            let answer = answer.refused(405, "METHOD_NOT_ALLOWED");
            let told = answer.header("allow").unwrap_or_else(|| panic!("no Allow on {path}"));
            for method in allowed {
                assert!(told.contains(method), "{path}: {told}");
            }
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn whoever_may_get_may_also_ask_for_the_head() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let path = format!("/api/showtimes/{showtime}/seats");
    let whole = app.get(&path).send().await.granted(200);
    let head = app.call(Method::HEAD, &path).send().await.granted(200);
    assert!(head.bytes.is_empty());
    assert_eq!(head.header("etag"), whole.header("etag"));
    app.finish().await;
}
