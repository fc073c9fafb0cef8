//! `POST /api/admin/reconcile`

use serde_json::json;

use crate::support::TestApp;

#[tokio::test]
async fn what_is_unfinished_is_rolled_forward_and_counted() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    app.bought("ann", &showtime, ["A1"]).await;
    let done = app.post("/api/admin/reconcile").by_admin().send().await.granted(200);
    let expected = json!({
        "bookings": 0, "payments_asked": 0, "payments_ended": 0, "events": 0, "given_back": 0,
        "refunds": 0, "events_open": 0, "refunds_open": 0,
    });
    assert_eq!(done.body, expected);
    app.post("/api/admin/reconcile").by("ann").send().await.refused(403, "FORBIDDEN");
    app.post("/api/admin/reconcile").send().await.refused(401, "UNAUTHENTICATED");
    app.finish().await;
}
