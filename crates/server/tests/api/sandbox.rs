//! The payment gateway of development mode.

use crate::support::{FakeGateway, NOBODYS_ID, Session, TestApp};

/// The path of a payment's page.
fn path<'a>(app: &TestApp, session: &'a Session) -> &'a str {
    session.url.strip_prefix(&*app.base).expect("a page of the sandbox")
}

#[tokio::test]
async fn its_page_offers_to_pay_or_not_and_loads_nothing() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let (_, session) = app.buying("ann", &showtime, ["A1"]).await;
    let page = app.get(path(&app, &session)).send().await.granted(200);
    let html = String::from_utf8_lossy(&page.bytes);
    assert!(html.contains("value=\"pay\"") && html.contains("value=\"decline\""), "{html}");
    assert!(html.contains("100,000 VND"), "{html}");
    assert!(!html.contains("<script") && !html.contains("http://"), "{html}");
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(policy.contains("default-src 'none'"), "{policy}");
    app.finish().await;
}

#[tokio::test]
async fn only_the_first_decision_counts() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let (booking, session) = app.buying("ann", &showtime, ["A1"]).await;
    app.decline(&session).await;
    app.pay(&session).await;
    assert_eq!(app.payment_status(&session).await, "failed");
    assert_eq!(app.status(&booking).await, "pending");
    app.finish().await;
}

#[tokio::test]
async fn it_refuses_what_it_does_not_understand() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let (_, session) = app.buying("ann", &showtime, ["A1"]).await;
    let pay = app.post(path(&app, &session));
    pay.form(&[("action", "steal")]).send().await.refused(400, "VALIDATION_FAILED");
    app.post(path(&app, &session)).send().await.refused(400, "VALIDATION_FAILED");
    let unknown = app.post("/sandbox/pay/TXN_1").form(&[("action", "pay")]);
    unknown.send().await.refused(404, "NOT_FOUND");
    let bad = app.post("/sandbox/payments").raw("{}").send().await;
    bad.refused(400, "VALIDATION_FAILED");
    assert_eq!(app.payment_status(&session).await, "pending");
    app.finish().await;
}

#[tokio::test]
async fn it_shows_how_a_payment_stands() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let booking = app.held("ann", &showtime, ["A1"]).await;
    let session = app.session_by("ann", &booking, "card").await;
    let path = format!("/sandbox/payments/{}", session.payment);
    assert_eq!(app.get(&path).send().await.granted(200).text("status"), "pending");
    app.pay(&session).await;
    let paid = app.get(&path).send().await.granted(200);
    assert_eq!(
        (paid.text("status"), paid.text("transaction_id")),
        ("success", &*session.transaction)
    );
    app.get("/sandbox/payments/PAY_1").send().await.refused(404, "NOT_FOUND");
    app.finish().await;
}

#[tokio::test]
async fn it_does_not_exist_beside_a_gateway_or_outside_development_mode() {
    let gateway = FakeGateway::start().await;
    for app in [gateway.shop().await, TestApp::with_tokens().await] {
        let page = app.get(&format!("/sandbox/pay/{NOBODYS_ID}")).send().await;
        page.refused(404, "NOT_FOUND");
        app.post("/sandbox/payments").raw("{}").send().await.refused(404, "NOT_FOUND");
        app.finish().await;
    }
}
