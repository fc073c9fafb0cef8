//! `GET /api/admin/verify`

use serde_json::json;

use crate::support::{HOLD_TTL, TestApp};

#[tokio::test]
async fn every_invariant_is_checked_on_what_is_stored_now() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    app.bought("ann", &showtime, ["A1", "B1"]).await;
    let (_, declined) = app.buying("bob", &showtime, ["A2"]).await;
    app.decline(&declined).await;
    let (cancelled, session) = app.buying("carl", &showtime, ["A3"]).await;
    app.cancel("carl", &cancelled).await.granted(200);
    app.pay(&session).await;

    let report = app.get("/api/admin/verify").by_admin().send().await.granted(200);
    assert_eq!(report.body["clean"], true);
    let checks = report.body["checks"].as_array().expect("checks");
    let numbers: Vec<_> = checks.iter().map(|check| check["invariant"].as_u64()).collect();
    assert_eq!(numbers, (1..=7).map(Some).collect::<Vec<_>>());
    for check in checks {
        assert!(check["statement"].as_str() > Some(""), "{check}");
        assert!(check["checked"].as_u64() > Some(0), "{check}");
        assert_eq!(check["violations"], json!([]));
    }
    let sum = |count: u64, amount: i64| json!({ "count": count, "amount": amount });
    let ledger = json!([{
        "provider": "momo", "currency": "VND", "charged": sum(2, 350_000), "sold": sum(1, 250_000),
        "refunded": sum(1, 100_000), "refund_pending": sum(0, 0),
    }]);
    assert_eq!(report.body["ledger"], ledger);
    assert_eq!(report.body["showtimes"], 1);
    assert_eq!(report.body["bookings"], json!({ "confirmed": 1, "pending": 1, "cancelled": 1 }));
    assert_eq!(report.body["unswept"], 0);
    app.finish().await;
}

#[tokio::test]
async fn expired_holds_are_counted_until_they_are_swept() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    app.held("ann", &showtime, ["A1", "A2"]).await;
    app.clock.advance(2 * HOLD_TTL);
    let unswept = async || {
        let report = app.get("/api/admin/verify").by_admin().send().await.granted(200);
        assert_eq!(report.body["clean"], true);
        report.body["unswept"].clone()
    };
    assert_eq!(unswept().await, 2);
    app.sweep().await;
    assert_eq!(unswept().await, 0);
    app.finish().await;
}

#[tokio::test]
async fn an_empty_store_is_clean() {
    let app = TestApp::start().await;
    let report = app.get("/api/admin/verify").by_admin().send().await.granted(200);
    assert_eq!(report.body["clean"], true);
    assert_eq!(report.body["showtimes"], 0);
    app.finish().await;
}
