use reqwest::Method;

use crate::support::TestApp;

#[tokio::test]
async fn every_response_carries_a_request_id() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let mut seen = std::collections::BTreeSet::new();
    for (method, path) in [
        (Method::GET, "/health".to_owned()),
        (Method::GET, "/metrics".to_owned()),
        (Method::GET, "/api/openapi.json".to_owned()),
        (Method::GET, "/api/docs/".to_owned()),
        (Method::GET, "/api/showtimes".to_owned()),
        (Method::HEAD, format!("/api/showtimes/{showtime}/seats")),
        (Method::GET, "/no/such/path".to_owned()),
        (Method::PUT, "/api/bookings".to_owned()),
        (Method::OPTIONS, "/api/bookings".to_owned()),
        (Method::GET, "/api/bookings".to_owned()),
        (Method::POST, "/api/payments/webhook/momo".to_owned()),
        (Method::GET, "/sandbox/pay/unknown".to_owned()),
    ] {
        let answer = app.call(method, &path).send().await;
        let id = answer.header("x-request-id").unwrap_or_else(|| panic!("none on {path}"));
        assert!(id.parse::<uuid::Uuid>().is_ok(), "{path}: {id}");
        assert!(seen.insert(id.to_owned()), "{path}: an id of another response");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_sane_id_of_the_caller_is_kept() {
    let app = TestApp::start().await;
    for id in ["order-17.retry_2", "x", &"a".repeat(64)] {
        let answer = app.get("/api/bookings").header("X-Request-Id", id).send().await;
        assert_eq!(answer.header("x-request-id"), Some(id));
        assert_eq!(answer.refused(401, "UNAUTHENTICATED").text("request_id"), id);
    }
    app.finish().await;
}

#[tokio::test]
async fn any_other_id_is_replaced() {
    let app = TestApp::start().await;
    for id in ["", "a b", "<script>", "a\"b", "Zoë", "{}", &"a".repeat(65)] {
        let answer = app.get("/api/bookings").header("X-Request-Id", id).send().await;
        let own = answer.header("x-request-id").expect("an id");
        assert!(own.parse::<uuid::Uuid>().is_ok(), "{id}: {own}");
        answer.refused(401, "UNAUTHENTICATED");
    }
    app.finish().await;
}
