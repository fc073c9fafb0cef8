//! What the sandbox does wrong when it is told to, and what the shop makes of it.

use seathold_server::sandbox::Faults;
use serde_json::{Value, json};

use crate::support::{Session, Street, eventually};

/// A payment by momo for this seat, under way.
async fn begun(street: &Street, showtime: &str, seat: &'static str) -> (String, Session) {
    let booking = street.app.held("ann", showtime, [seat]).await;
    let session = street.app.session("ann", &booking).await;
    (booking, session)
}

/// The callbacks that were sent about a payment, with their answers.
async fn callbacks(street: &Street, session: &Session) -> Vec<Value> {
    let wire = street.ask(&format!("/payments/{}/messages", session.payment)).await;
    let wire = wire.as_array().cloned().unwrap_or_default();
    wire.into_iter().filter(|message| message["to"] == "shop").collect()
}

#[tokio::test]
async fn a_dropped_callback_is_not_sent_and_the_page_offers_to_send_it_again() {
    let street = Street::start().await;
    let showtime = street.app.showtime().await;
    let (booking, session) = begun(&street, &showtime, "A1").await;
    let own = format!("/payments/{}/faults", session.payment);
    street.set(&own, &json!({ "drop": 1.0 })).await;
    assert!(street.press(&session, "pay").await.contains("could not be told"));
    assert_eq!(callbacks(&street, &session).await, Vec::<Value>::new());
    assert_eq!(street.app.status(&booking).await, "pending");
    assert_eq!(street.sums().await, (100_000, 0), "the money is taken all the same");
    street.set(&own, &json!({})).await;
    street.press(&session, "pay").await;
    assert_eq!(street.app.status(&booking).await, "confirmed");
    street.finish().await;
}

#[tokio::test]
async fn a_duplicated_callback_comes_twice_and_counts_once() {
    let street = Street::start().await;
    street.set("/faults", &json!({ "duplicate": 1.0 })).await;
    let showtime = street.app.showtime().await;
    let (booking, session) = begun(&street, &showtime, "A1").await;
    street.press(&session, "pay").await;
    let sent = callbacks(&street, &session).await;
    assert_eq!(sent.len(), 2);
    assert!(sent.iter().all(|message| message["status"] == 204), "{sent:?}");
    assert_eq!(street.app.status(&booking).await, "confirmed");
    assert_eq!(street.sums().await, (100_000, 0));
    street.finish().await;
}

#[tokio::test]
async fn a_reordered_callback_comes_after_the_next_one() {
    let street = Street::start().await;
    let showtime = street.app.showtime().await;
    let (first, one) = begun(&street, &showtime, "A1").await;
    let (second, two) = begun(&street, &showtime, "A2").await;
    street.set(&format!("/payments/{}/faults", one.payment), &json!({ "reorder": 1.0 })).await;
    assert!(street.press(&one, "pay").await.contains("will be told"));
    assert_eq!(street.app.status(&first).await, "pending");
    street.press(&two, "pay").await;
    assert_eq!(street.app.status(&second).await, "confirmed");
    assert_eq!(street.app.status(&first).await, "confirmed", "with the other one");
    street.finish().await;
}

#[tokio::test]
async fn a_delayed_callback_and_a_late_payment_come_in_the_end() {
    let street = Street::start().await;
    let showtime = street.app.showtime().await;
    for (seat, faults, taken) in [
        ("A1", json!({ "delay": 1.0, "delay_ms": 100 }), 100_000),
        ("A2", json!({ "late": 1.0, "late_ms": 100 }), 100_000),
    ] {
        let (booking, session) = begun(&street, &showtime, seat).await;
        street.set("/faults", &faults).await;
        let before = street.sums().await.0;
        street.press(&session, "pay").await;
        let is_late = faults["late"] == 1.0;
        assert_eq!(street.sums().await.0 - before, if is_late { 0 } else { taken });
        eventually(async || street.app.status(&booking).await == "confirmed").await;
    }
    street.finish().await;
}

#[tokio::test]
async fn a_wrong_amount_is_refused_by_the_shop() {
    let street = Street::start().await;
    street.set("/faults", &json!({ "wrong_amount": 1.0 })).await;
    let showtime = street.app.showtime().await;
    let (booking, session) = begun(&street, &showtime, "A1").await;
    assert!(street.press(&session, "pay").await.contains("could not be told"));
    assert_eq!(callbacks(&street, &session).await[0]["status"], 422);
    assert_eq!(street.app.status(&booking).await, "pending");
    street.finish().await;
}

#[tokio::test]
async fn calls_that_fail_are_errors_of_the_gateway_and_may_be_repeated() {
    let street = Street::start().await;
    let showtime = street.app.showtime().await;
    let booking = street.app.held("ann", &showtime, ["A1"]).await;
    street.set("/faults", &json!({ "error": 1.0 })).await;
    let refused = street.app.confirm("ann", &booking, "momo").await;
    refused.refused(502, "PAYMENT_GATEWAY_ERROR");
    street.set("/faults", &json!({ "timeout": 1.0, "timeout_ms": 5_100 })).await;
    let refused = street.app.confirm("ann", &booking, "momo").await;
    refused.refused(502, "PAYMENT_GATEWAY_ERROR");
    street.set("/faults", &json!({})).await;
    let session = street.app.session("ann", &booking).await;
    street.press(&session, "pay").await;
    assert_eq!(street.app.status(&booking).await, "confirmed");
    street.finish().await;
}

#[tokio::test]
async fn buyers_may_decide_by_themselves() {
    let street = Street::start().await;
    street.set("/faults", &json!({ "auto_pay": 1.0 })).await;
    let showtime = street.app.showtime().await;
    let (booking, _) = begun(&street, &showtime, "A1").await;
    eventually(async || street.app.status(&booking).await == "confirmed").await;
    street.set("/faults", &json!({ "auto_pay": 1.0, "decline": 1.0 })).await;
    let (_, session) = begun(&street, &showtime, "A2").await;
    eventually(async || street.app.payment_status(&session).await == "failed").await;
    street.finish().await;
}

#[tokio::test]
async fn a_program_may_decide_for_the_buyer() {
    let street = Street::start().await;
    let showtime = street.app.showtime().await;
    let (booking, session) = begun(&street, &showtime, "A1").await;
    let path = format!("{}/payments/{}/decision", street.url, session.payment);
    let call = reqwest::Client::new().post(path).json(&json!({ "action": "pay" }));
    let said: Value = call.send().await.expect("an answer").json().await.expect("JSON");
    assert_eq!(said, json!({ "status": "success", "told": "yes" }));
    assert_eq!(street.app.status(&booking).await, "confirmed");
    street.finish().await;
}

#[tokio::test]
async fn switches_are_shown_as_they_are_set_and_wrong_ones_are_refused() {
    let street = Street::start().await;
    street.set("/faults", &json!({ "drop": 0.1, "seed": 7 })).await;
    let expected = Faults { drop: 0.1, seed: 7, ..Faults::default() };
    assert_eq!(street.ask("/faults").await, json!(expected));
    let client = reqwest::Client::new();
    for wrong in [json!({ "drop": 1.5 }), json!({ "drops": 0.1 }), json!([])] {
        let call = client.put(format!("{}/faults", street.url)).json(&wrong);
        let answer = call.send().await.expect("an answer");
        assert_eq!(answer.status(), 400, "{wrong}");
        let problem: Value = answer.json().await.expect("a problem");
        assert_eq!(problem["code"], "VALIDATION_FAILED");
    }
    assert_eq!(street.ask("/faults").await, json!(expected));
    street.finish().await;
}

#[tokio::test]
async fn what_is_done_to_callbacks_is_counted_when_it_is_done() {
    let street = Street::start().await;
    let showtime = street.app.showtime().await;
    let callbacks = async || street.ask("/ledger").await["callbacks"].clone();
    let mut sessions = Vec::new();
    for (seat, faults) in [
        ("A1", json!({ "drop": 1.0 })),
        ("A2", json!({ "reorder": 1.0 })),
        ("A3", json!({ "delay": 1.0, "delay_ms": 300 })),
        ("A4", json!({ "late": 1.0, "late_ms": 300 })),
        ("A5", json!({ "duplicate": 1.0 })),
    ] {
        let (_, session) = begun(&street, &showtime, seat).await;
        street.set(&format!("/payments/{}/faults", session.payment), &faults).await;
        street.press(&session, "pay").await;
        sessions.push(session);
    }
    eventually(async || callbacks().await["waiting"] == 0).await;
    let expected = json!({ "due": 5, "dropped": 1, "reordered": 1, "delayed": 1,
        "late_payments": 1, "duplicated": 1, "wrong_amount": 0, "sent": 5, "taken": 5,
        "waiting": 0 });
    assert_eq!(callbacks().await, expected);
    let rows = street.ask("/ledger").await["payments"].clone();
    for (session, told) in sessions.iter().zip([false, true, true, true, true]) {
        let rows = rows.as_array().expect("rows");
        let row = rows.iter().find(|row| row["payment_id"] == session.payment).expect("a row");
        let time = |name: &str| row[name].as_str().map(str::to_owned);
        assert!(time("paid_at") < time("expires_at"), "{row}");
        assert_eq!(time("told_at").is_some(), told, "{row}");
    }
    street.finish().await;
}

#[tokio::test]
async fn the_ledger_names_every_payment() {
    let street = Street::start().await;
    let showtime = street.app.showtime().await;
    let (_, paid) = begun(&street, &showtime, "A1").await;
    street.press(&paid, "pay").await;
    let ledger = street.ask("/ledger").await;
    let row = &ledger["payments"][0];
    assert_eq!(row["payment_id"], paid.payment);
    assert_eq!((&row["charged"], &row["refunded"]), (&json!(100_000), &json!(0)));
    assert_eq!(ledger["charges"], json!({ "count": 1, "amount": 100_000 }));
    assert_eq!(ledger["refunds_of_forgotten"], json!({ "count": 0, "amount": 0 }));
    street.finish().await;
}
