use reqwest::Method;

use crate::support::{Answer, TestApp, fresh_key};

const ORIGIN: &str = "https://shop.example";

async fn shop() -> TestApp {
    TestApp::with(|config| {
        config.cors_origins = "https://shop.example,https://m.shop.example".parse().expect("ok");
    })
    .await
}

async fn preflight(app: &TestApp, origin: &str) -> Answer {
    app.call(Method::OPTIONS, "/api/bookings/hold")
        .header("Origin", origin)
        .header("Access-Control-Request-Method", "POST")
        .header("Access-Control-Request-Headers", "authorization,content-type,x-idempotency-key")
        .send()
        .await
}

#[tokio::test]
async fn listed_origins_may_call() {
    let app = shop().await;
    let answer = preflight(&app, ORIGIN).await.granted(200);
    assert_eq!(answer.header("access-control-allow-origin"), Some(ORIGIN));
    let said = |name: &str| answer.header(name).expect(name).to_ascii_lowercase();
    for method in ["get", "post", "delete"] {
        assert!(said("access-control-allow-methods").contains(method), "{method}");
    }
    let headers =
        ["authorization", "content-type", "x-idempotency-key", "idempotency-key", "x-request-id"];
    for header in headers {
        assert!(said("access-control-allow-headers").contains(header), "{header}");
    }
    assert!(answer.header("access-control-allow-credentials").is_none());
    app.finish().await;
}

#[tokio::test]
async fn listed_origins_may_read_what_they_are_told() {
    let app = shop().await;
    let showtime = app.showtime().await;
    let call = app.holding("ann", &showtime, ["A1"]).key(&fresh_key());
    let answer = call.header("Origin", ORIGIN).send().await.granted(201);
    assert_eq!(answer.header("access-control-allow-origin"), Some(ORIGIN));
    let exposed = answer.header("access-control-expose-headers").expect("some");
    let exposed = exposed.to_ascii_lowercase();
    for header in ["etag", "location", "retry-after", "x-request-id", "idempotent-replayed"] {
        assert!(exposed.contains(header), "{header}");
    }
    let call = app.get("/api/bookings").header("Origin", ORIGIN);
    let refused = call.send().await.refused(401, "UNAUTHENTICATED");
    assert_eq!(refused.header("access-control-allow-origin"), Some(ORIGIN), "errors, too");
    app.finish().await;
}

#[tokio::test]
async fn other_origins_may_not() {
    let app = shop().await;
    for origin in
        ["https://evil.example", "http://shop.example", "https://shop.example:444", "null"]
    {
        let answer = preflight(&app, origin).await;
        assert!(answer.header("access-control-allow-origin").is_none(), "{origin}");
        let answer = app.get("/api/showtimes").header("Origin", origin).send().await;
        assert!(answer.header("access-control-allow-origin").is_none(), "{origin}");
    }
    app.finish().await;
}

#[tokio::test]
async fn by_default_nobody_may() {
    let app = TestApp::start().await;
    let answer = preflight(&app, ORIGIN).await;
    assert!(answer.header("access-control-allow-origin").is_none());
    app.finish().await;
}
