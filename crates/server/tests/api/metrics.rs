//! `GET /metrics`

use crate::support::TestApp;

#[tokio::test]
async fn metrics_are_prometheus_text_by_route_and_status() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let id = app.held("ann", &showtime, ["A1"]).await;
    app.booking("ann", &id).await.granted(200);
    app.get("/no/such/path").send().await.refused(404, "NOT_FOUND");
    let answer = app.get("/metrics").send().await.granted(200);
    assert!(answer.header("content-type").is_some_and(|kind| kind.starts_with("text/plain")));
    let text = String::from_utf8_lossy(&answer.bytes);
    for line in [
        "http_requests_total{route=\"/api/bookings/hold\",method=\"POST\",status=\"201\",code=\"\"}",
        "http_requests_total{route=\"/api/bookings/{id}\",method=\"GET\",status=\"200\",code=\"\"}",
        "http_requests_total{route=\"unmatched\",method=\"GET\",status=\"404\",code=\"NOT_FOUND\"}",
        "http_request_duration_seconds_bucket{route=\"/api/bookings/hold\",method=\"POST\",le=\"0.001\"}",
        "seathold_batch_size",
        "seathold_desk_queue_depth",
        "seathold_desk_wait_seconds_bucket",
        "seathold_lease_wait_seconds_bucket",
        "seathold_lease_held_seconds_bucket",
        "seathold_map_reloads_total",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    assert!(!text.contains(&id), "ids would make metrics grow without end");
    app.finish().await;
}
