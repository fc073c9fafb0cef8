//! `seathold reconcile`

use crate::support::{Ended, FakeGateway, Place, Program, Site};

async fn reconcile(place: &Place, gateway: &FakeGateway) -> Ended {
    let mut variables = place.variables();
    variables.extend(gateway.variables());
    let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, &**value)).collect();
    Program::run(&["reconcile"], &variables).await
}

async fn serve(place: &Place, gateway: &FakeGateway) -> Program {
    let variables = gateway.variables();
    let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, &**value)).collect();
    Program::serve(place, &variables).await
}

#[tokio::test]
async fn what_a_server_left_is_rolled_forward_without_it() {
    let (place, gateway) = (Place::new().await, FakeGateway::start().await);
    let server = serve(&place, &gateway).await;
    let site: &Site = &server;
    let showtime = site.showtime().await;
    let (booking, session) = site.buying("ann", &showtime, ["A1"]).await;
    site.gateway_says(&session, "success").await;
    gateway.answers(500, None);
    let answer = site.refund("ann", &booking).await.granted(200);
    assert_eq!(answer.text("/refund/status"), "refund_pending");
    assert!(server.stop().await.status.success());

    let ended = reconcile(&place, &gateway).await;
    assert!(ended.status.success(), "{}", ended.stderr);
    assert!(ended.stdout.contains(" 1 refunds still open"), "{}", ended.stdout);
    gateway.answers(201, None);
    let ended = reconcile(&place, &gateway).await;
    assert!(ended.stdout.contains(" 1 refunds made"), "{}", ended.stdout);
    assert!(ended.stdout.contains(" 0 refunds still open"), "{}", ended.stdout);
    let server = serve(&place, &gateway).await;
    assert_eq!(server.payment_status(&session).await, "refunded");
    assert!(server.stop().await.status.success());
}

#[tokio::test]
async fn a_store_in_use_is_left_to_its_server() {
    let (place, gateway) = (Place::embedded(), FakeGateway::start().await);
    let server = serve(&place, &gateway).await;
    let ended = reconcile(&place, &gateway).await;
    let complaint = ended.complaint(1);
    assert!(complaint.contains("in use"), "{complaint}");
    assert!(complaint.contains("POST /api/admin/reconcile"), "{complaint}");
    assert!(server.stop().await.status.success());
}
