//! `POST /api/admin/showtimes/{id}/cancel`

use serde_json::json;

use crate::support::{FakeGateway, MINUTE, NOBODYS_ID, TestApp};

#[tokio::test]
async fn cancelling_a_showtime_cancels_every_pending_hold_on_it() {
    let app = TestApp::start().await;
    let (showtime, other) = (app.showtime().await, app.showtime().await);
    let anns = app.held("ann", &showtime, ["A1", "A2"]).await;
    let (bobs, session) = app.buying("bob", &showtime, ["A3"]).await;
    let elsewhere = app.held("ann", &other, ["A1"]).await;
    app.clock.advance(MINUTE);

    let cancelled = app.cancel_showtime(&showtime).await.granted(200);
    assert_eq!(cancelled.text("status"), "cancelled");
    assert_eq!(app.status(&anns).await, "cancelled");
    assert_eq!(app.status(&bobs).await, "cancelled");
    assert_eq!(app.status(&elsewhere).await, "pending");
    assert_eq!(app.seat(&showtime, "A1").await, "available");
    app.hold("carl", &showtime, ["A1"]).await.refused(400, "SHOWTIME_NOT_AVAILABLE");
    app.confirm("ann", &anns, "momo").await.refused(400, "BOOKING_NOT_PENDING");
    app.pay(&session).await;
    assert_eq!(app.payment_status(&session).await, "refunded");
    app.finish().await;
}

#[tokio::test]
async fn repeating_it_changes_nothing() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    app.held("ann", &showtime, ["A1"]).await;
    let first = app.cancel_showtime(&showtime).await.granted(200);
    let version = app.seats(&showtime).await.body["version"].clone();
    app.clock.advance(MINUTE);
    let again = app.cancel_showtime(&showtime).await.granted(200);
    assert_eq!(again.bytes, first.bytes);
    assert_eq!(app.seats(&showtime).await.body["version"], version);
    app.finish().await;
}

#[tokio::test]
async fn a_hold_cancelled_with_its_showtime_stays_cancelled() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let booking = app.held("ann", &showtime, ["A1"]).await;
    app.cancel_showtime(&showtime).await.granted(200);
    app.clock.advance(20 * MINUTE);
    app.sweep().await;
    assert_eq!(app.status(&booking).await, "cancelled");
    app.cancel("ann", &booking).await.granted(200);
    app.finish().await;
}

#[tokio::test]
async fn what_was_sold_is_given_back_and_an_admin_sees_how_far_that_is() {
    let gateway = FakeGateway::start().await;
    let app = gateway.shop().await;
    let showtime = app.showtime().await;
    let (booking, session) = app.buying("ann", &showtime, ["A1"]).await;
    app.gateway_says(&session, "success").await;
    let path = format!("/api/admin/showtimes/{showtime}");
    let progress = async || {
        let shown = app.get(&path).by_admin().send().await.granted(200);
        shown.body["refunds"].clone()
    };
    assert_eq!(progress().await, json!({ "pending": 0, "refunded": 0 }));
    gateway.answers(500, None);
    app.cancel_showtime(&showtime).await.granted(200);
    assert_eq!(app.status(&booking).await, "cancelled");
    assert_eq!(app.payment_status(&session).await, "refund_pending");
    assert_eq!(app.seat(&showtime, "A1").await, "available");
    assert_eq!(progress().await, json!({ "pending": 1, "refunded": 0 }));
    gateway.answers(201, None);
    app.clock.advance(2 * MINUTE);
    app.service().settle_refunds().await.expect("a store");
    assert_eq!(app.payment_status(&session).await, "refunded");
    assert_eq!(progress().await, json!({ "pending": 0, "refunded": 1 }));
    app.get(&path).by("ann").send().await.refused(403, "FORBIDDEN");
    let unknown = app.get(&format!("/api/admin/showtimes/{NOBODYS_ID}")).by_admin().send().await;
    unknown.refused(404, "SHOWTIME_NOT_FOUND");
    app.finish().await;
}

#[tokio::test]
async fn an_unknown_showtime_is_not_found_and_a_bad_id_is_invalid() {
    let app = TestApp::start().await;
    app.cancel_showtime(NOBODYS_ID).await.refused(404, "SHOWTIME_NOT_FOUND");
    app.cancel_showtime("1").await.invalid("id");
    app.finish().await;
}
