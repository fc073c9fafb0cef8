//! `GET /api/payments/{id}`: its shape, and each status it can have.

use serde_json::json;

use crate::support::{FakeGateway, HOLD_TTL, MINUTE, TestApp, at};

#[tokio::test]
async fn a_payment_is_shown_before_and_after_it_is_paid() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let (booking, session) = app.buying("ann", &showtime, ["A1"]).await;
    // MoMo numbers what is paid, not what is asked for.
    let mut expected = json!({ "success": true, "data": {
        "id": session.payment, "booking_id": booking, "amount": 100_000, "currency": "VND",
        "payment_method": "momo", "status": "pending", "payment_url": session.url,
        "transaction_id": null, "paid_at": null,
        "expires_at": "2084-01-15T10:40:00.000Z", "created_at": "2084-01-15T10:30:00.000Z",
    }});
    assert_eq!(app.payment("ann", &session.payment).await.granted(200).body, expected);

    app.clock.advance(MINUTE);
    app.pay(&session).await;
    expected["data"]["status"] = "completed".into();
    expected["data"]["paid_at"] = at(app.now()).into();
    let paid = app.payment("ann", &session.payment).await.granted(200);
    let number = paid.text("/data/transaction_id");
    assert!(number.parse::<u64>().is_ok(), "{number}");
    expected["data"]["transaction_id"] = number.into();
    assert_eq!(paid.body, expected);
    app.finish().await;
}

#[tokio::test]
async fn a_payment_that_was_declined_has_failed() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let (_, session) = app.buying("ann", &showtime, ["A1"]).await;
    app.decline(&session).await;
    assert_eq!(app.payment_status(&session).await, "failed");
    app.finish().await;
}

#[tokio::test]
async fn a_payment_reads_expired_the_instant_its_time_has_passed() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let (_, session) = app.buying("ann", &showtime, ["A1"]).await;
    app.clock.advance(HOLD_TTL - 1);
    assert_eq!(app.payment_status(&session).await, "pending");
    app.clock.advance(1);
    assert_eq!(app.payment_status(&session).await, "expired");
    app.finish().await;
}

#[tokio::test]
async fn a_refund_is_pending_until_the_gateway_takes_it() {
    let gateway = FakeGateway::start().await;
    let app = gateway.shop().await;
    let showtime = app.showtime().await;
    let (booking, session) = app.buying("ann", &showtime, ["A1"]).await;
    app.cancel("ann", &booking).await.granted(200);
    gateway.answers(500, None);
    app.gateway_says(&session, "success").await;
    assert_eq!(app.payment_status(&session).await, "refund_pending");
    assert_eq!(app.service().settle_refunds().await.expect("a store"), 0);
    assert_eq!(app.payment_status(&session).await, "refund_pending");

    gateway.answers(201, None);
    app.clock.advance(2 * MINUTE);
    assert_eq!(app.service().settle_refunds().await.expect("a store"), 1);
    assert_eq!(app.payment_status(&session).await, "refunded");
    assert_eq!(app.service().settle_refunds().await.expect("a store"), 0);

    let refunds = gateway.refunds();
    assert_eq!(refunds.len(), 3, "two that failed, and one");
    assert!(refunds.iter().all(|refund| *refund == refunds[0]), "always the same refund");
    assert_eq!(refunds[0]["payment_id"], session.payment);
    assert_eq!(refunds[0]["amount"], session.amount);
    app.finish().await;
}

#[tokio::test]
async fn only_who_pays_and_admins_may_read_it() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let (_, session) = app.buying("ann", &showtime, ["A1"]).await;
    app.payment("bob", &session.payment).await.refused(403, "BOOKING_NOT_OWNED");
    let path = format!("/api/payments/{}", session.payment);
    app.get(&path).by_admin().send().await.granted(200);
    app.get(&path).send().await.refused(401, "UNAUTHENTICATED");
    app.finish().await;
}

#[tokio::test]
async fn an_unknown_payment_is_not_found_and_a_bad_id_is_invalid() {
    let app = TestApp::start().await;
    let unknown = "PAY_550e8400-e29b-41d4-a716-446655440000";
    app.payment("ann", unknown).await.refused(404, "PAYMENT_NOT_FOUND");
    for id in ["PAY_1", "550e8400-e29b-41d4-a716-446655440000", "webhook", "%FF"] {
        app.payment("ann", id).await.invalid("id");
    }
    app.finish().await;
}
