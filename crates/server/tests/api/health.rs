//! `GET /health`, `/health/live`, `/health/ready`

use serde_json::json;

use crate::support::TestApp;

#[tokio::test]
async fn a_server_that_can_write_is_healthy() {
    let app = TestApp::start().await;
    let expected = json!({
        "status": "ok", "mongodb": app.place.health(), "redis": app.place.health(),
        "version": env!("CARGO_PKG_VERSION"), "timestamp": "2084-01-15T10:30:00.000Z",
    });
    assert_eq!(app.get("/health").send().await.granted(200).body, expected);
    app.finish().await;
}

#[tokio::test]
async fn orchestrators_are_answered_without_a_token() {
    let app = TestApp::with_tokens().await;
    for path in ["/health", "/health/live", "/health/ready", "/metrics"] {
        app.get(path).send().await.granted(200);
    }
    app.finish().await;
}
