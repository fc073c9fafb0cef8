//! MoMo, VNPay, ZaloPay and cards, in their own words.

use serde_json::{Value, json};

use crate::support::{Answer, OWN_WORDS, Says, Session, State, Street};

const ALL: [&str; 4] = ["momo", "vnpay", "zalopay", "card"];

/// A payment under way, by this method.
async fn begun(street: &Street, method: &str, seat: &'static str) -> (String, String, Session) {
    let showtime = street.app.showtime().await;
    let booking = street.app.held("ann", &showtime, [seat]).await;
    let session = street.app.session_by("ann", &booking, method).await;
    (showtime, booking, session)
}

/// What the provider is told: status and words.
fn words(answer: &Answer) -> (u16, String) {
    (answer.status, String::from_utf8_lossy(&answer.bytes).into_owned())
}

fn said(body: &Value) -> (u16, String) {
    (200, body.to_string())
}

fn vnpay(code: &str, message: &str) -> (u16, String) {
    said(&json!({ "RspCode": code, "Message": message }))
}

fn zalopay(code: i64, message: &str) -> (u16, String) {
    said(&json!({ "return_code": code, "return_message": message }))
}

/// How many messages of this provider were refused for this, by any server of
/// this process.
async fn refusals(street: &Street, provider: &str, reason: &str) -> u64 {
    let metrics = street.app.get("/metrics").send().await.granted(200);
    let text = String::from_utf8_lossy(&metrics.bytes).into_owned();
    let name =
        format!("seathold_webhooks_refused_total{{provider=\"{provider}\",reason=\"{reason}\"}} ");
    let count = text.lines().find_map(|line| line.strip_prefix(&name)?.parse().ok());
    count.unwrap_or_default()
}

#[tokio::test]
async fn a_payment_on_the_providers_page_ends_confirmed() {
    let street = Street::start().await;
    for (method, seat) in ALL.into_iter().zip(["A1", "A2", "A3", "A4"]) {
        let (_, booking, session) = begun(&street, method, seat).await;
        assert!(session.url.starts_with(&street.url), "{}", session.url);
        let page = street.press(&session, "pay").await;
        assert!(page.contains("Payment received") && !page.contains("told"), "{method}: {page}");
        assert_eq!(street.app.status(&booking).await, "confirmed", "{method}");
        assert_eq!(street.app.payment_status(&session).await, "completed", "{method}");
        let wire = street.ask(&format!("/payments/{}/messages", session.payment)).await;
        assert!(wire.as_array().is_some_and(|wire| !wire.is_empty()), "{wire}");
    }
    assert_eq!(street.sums().await, (400_000, 0));
    street.finish().await;
}

#[tokio::test]
async fn a_declined_payment_leaves_the_hold() {
    let street = Street::start().await;
    for (method, status) in
        [("momo", "failed"), ("vnpay", "failed"), ("zalopay", "pending"), ("card", "failed")]
    {
        let (_, booking, session) = begun(&street, method, "A1").await;
        street.press(&session, "decline").await;
        assert_eq!(street.app.payment_status(&session).await, status, "{method}");
        assert_eq!(street.app.status(&booking).await, "pending", "{method}");
    }
    assert_eq!(street.sums().await, (0, 0));
    street.finish().await;
}

#[tokio::test]
async fn forged_altered_and_truncated_messages_are_refused_counted_and_change_nothing() {
    let street = Street::start().await;
    for method in ALL {
        let (showtime, _, session) = begun(&street, method, "A1").await;
        let before = State::of(&street.app, &showtime, &["ann"]).await;
        let counted = refusals(&street, method, "signature").await;
        let says = Says::paid(&session);
        let good = street.message(method, &says);
        let forged = Says { secret: Some("somebody else's"), ..says.clone() };
        let mut spoiled = vec![street.message(method, &forged)];
        spoiled.push(good.replaced(&says.number, "777000112"));
        spoiled.push(good.replaced("100000", "100001"));
        if method == "card" {
            let signature = good.signature.clone().expect("a signature");
            spoiled.push(good.cut(1));
            for signature in [signature[..signature.len() - 2].to_owned(), String::new()] {
                spoiled.push(Clone::clone(&good));
                spoiled.last_mut().expect("one").signature = Some(signature);
            }
        }
        if method == "vnpay" {
            spoiled.push(good.cut(2));
            spoiled.push(good.replaced("vnp_SecureHash", "vnp_Hash"));
        }
        let signature_doubts = spoiled.len() as u64;
        for bad in &spoiled {
            let answer = bad.send(&street.app).await;
            match method {
                "vnpay" => assert_eq!(words(&answer), vnpay("97", "Fail checksum")),
                "zalopay" => assert_eq!(words(&answer), zalopay(-1, "mac not equal")),
                _ => drop(answer.refused(401, "UNAUTHENTICATED")),
            }
        }
        if matches!(method, "momo" | "zalopay") {
            let answer = good.cut(2).send(&street.app).await;
            match method {
                "momo" => drop(answer.refused(400, "VALIDATION_FAILED")),
                _ => assert_eq!(words(&answer), zalopay(-1, "malformed")),
            }
        }
        let counted_now = refusals(&street, method, "signature").await;
        assert!(counted_now >= counted + signature_doubts, "{method}");
        assert_eq!(State::of(&street.app, &showtime, &["ann"]).await, before, "{method}");
        assert_eq!(street.app.payment_status(&session).await, "pending", "{method}");
        good.send(&street.app).await;
        assert_eq!(street.app.payment_status(&session).await, "completed", "{method}");
    }
    street.finish().await;
}

#[tokio::test]
async fn a_message_that_is_replayed_has_no_further_effect() {
    let street = Street::start().await;
    for (method, first, again) in [
        ("momo", (204, String::new()), (204, String::new())),
        ("vnpay", vnpay("00", "Confirm Success"), vnpay("02", "Order already confirmed")),
        ("zalopay", zalopay(1, "success"), zalopay(2, "duplicate")),
        ("card", said(&json!({ "received": true })), said(&json!({ "received": true }))),
    ] {
        let (showtime, booking, session) = begun(&street, method, "A1").await;
        let message = street.message(method, &Says::paid(&session));
        assert_eq!(words(&message.send(&street.app).await), first, "{method}");
        assert_eq!(street.app.status(&booking).await, "confirmed", "{method}");
        let before = State::of(&street.app, &showtime, &["ann"]).await;
        for _ in 0..3 {
            assert_eq!(words(&message.send(&street.app).await), again, "{method}");
        }
        assert_eq!(State::of(&street.app, &showtime, &["ann"]).await, before, "{method}");
    }
    street.finish().await;
}

#[tokio::test]
async fn a_wrong_amount_is_refused_and_the_right_one_is_taken_afterwards() {
    let street = Street::start().await;
    for method in ALL {
        let (_, booking, session) = begun(&street, method, "A1").await;
        let counted = refusals(&street, method, "amount").await;
        let right = Says::paid(&session);
        let wrong = Says { amount: right.amount - 1, ..right.clone() };
        let answer = street.message(method, &wrong).send(&street.app).await;
        match method {
            "vnpay" => assert_eq!(words(&answer), vnpay("04", "Invalid amount")),
            "zalopay" => assert_eq!(words(&answer), zalopay(-1, "amount not equal")),
            _ => drop(answer.refused(422, "PAYMENT_MISMATCH")),
        }
        assert!(refusals(&street, method, "amount").await > counted, "{method}");
        assert_eq!(street.app.status(&booking).await, "pending", "{method}");
        street.message(method, &right).send(&street.app).await;
        assert_eq!(street.app.status(&booking).await, "confirmed", "{method}");
    }
    street.finish().await;
}

#[tokio::test]
async fn a_payment_nobody_knows_is_said_so() {
    let street = Street::start().await;
    let nobodys = "PAY_00000000-0000-4000-8000-000000000001".to_owned();
    for method in ALL {
        let code = if method == "vnpay" { "00" } else { "0" };
        let says = Says {
            payment: nobodys.clone(),
            number: "9".to_owned(),
            amount: 1_000,
            code,
            secret: None,
        };
        let answer = street.message(method, &says).send(&street.app).await;
        match method {
            "vnpay" => assert_eq!(words(&answer), vnpay("01", "Order not found")),
            "zalopay" => assert_eq!(words(&answer), zalopay(0, "order not found, try again")),
            _ => drop(answer.refused(404, "TRANSACTION_NOT_FOUND")),
        }
    }
    street.finish().await;
}

#[tokio::test]
async fn what_is_not_decided_yet_is_acknowledged_and_changes_nothing() {
    let street = Street::start().await;
    for (method, code) in [
        ("momo", "1000"),
        ("momo", "7000"),
        ("momo", "7002"),
        ("momo", "9000"),
        ("vnpay", "07"),
        ("vnpay", "01"),
    ] {
        let (showtime, _, session) = begun(&street, method, "A1").await;
        let before = State::of(&street.app, &showtime, &["ann"]).await;
        let says = Says { code, ..Says::paid(&session) };
        let answer = street.message(method, &says).send(&street.app).await;
        assert!(matches!(answer.status, 200 | 204), "{method} {code}");
        assert_eq!(State::of(&street.app, &showtime, &["ann"]).await, before, "{method} {code}");
        assert_eq!(street.app.payment_status(&session).await, "pending", "{method} {code}");
    }
    street.finish().await;
}

#[tokio::test]
async fn a_late_payment_is_taken_and_given_back_at_the_provider() {
    let street = Street::start().await;
    for (method, so_far) in ALL.into_iter().zip([1, 2, 3, 4]) {
        let (_, booking, session) = begun(&street, method, "A1").await;
        street.app.cancel("ann", &booking).await.granted(200);
        let page = street.press(&session, "pay").await;
        assert!(!page.contains("could not be told"), "{method}: {page}");
        assert_eq!(street.app.payment_status(&session).await, "refunded", "{method}");
        assert_eq!(street.sums().await, (so_far * 100_000, so_far * 100_000), "{method}");
    }
    street.finish().await;
}

#[tokio::test]
async fn a_refund_that_takes_its_time_is_asked_for_until_it_is_done() {
    let street = Street::start().await;
    street.set("/faults", &json!({ "slow_refund": 1.0 })).await;
    for (method, so_far) in ALL.into_iter().zip([1, 2, 3, 4]) {
        let (_, booking, session) = begun(&street, method, "A1").await;
        street.app.cancel("ann", &booking).await.granted(200);
        street.press(&session, "pay").await;
        assert_eq!(street.app.payment_status(&session).await, "refund_pending", "{method}");
        assert_eq!(street.app.service().settle_refunds().await, Ok(1), "{method}");
        assert_eq!(street.app.payment_status(&session).await, "refunded", "{method}");
        assert_eq!(street.sums().await.1, so_far * 100_000, "{method}: once");
    }
    street.finish().await;
}

#[tokio::test]
async fn generic_messages_are_taken_beside_the_providers_own() {
    let street = Street::with(|config| {
        config.payment_webhook_secret = crate::support::WEBHOOK_SECRET.parse().ok()
    })
    .await;
    for method in OWN_WORDS {
        let (_, booking, session) = begun(&street, method, "A1").await;
        let word = json!({ "transaction_id": "T", "payment_id": session.payment,
                           "status": "success", "amount": session.amount });
        street.app.webhook(method, &word).await.granted(200);
        assert_eq!(street.app.status(&booking).await, "confirmed", "{method}");
    }
    street.finish().await;
}

#[tokio::test]
async fn a_secret_for_cards_signs_nothing_else() {
    let street = Street::start().await;
    let (_, _, session) = begun(&street, "momo", "A1").await;
    let card = street.message("card", &Says::paid(&session));
    let at_momo = card.replaced("/card", "/momo");
    at_momo.send(&street.app).await.refused(401, "UNAUTHENTICATED");
    assert_eq!(street.app.payment_status(&session).await, "pending");
    street.finish().await;
}

#[tokio::test]
async fn only_vnpay_calls_by_get() {
    let street = Street::start().await;
    for provider in ["momo", "zalopay", "card"] {
        let path = format!("/api/payments/webhook/{provider}");
        let answer = street.app.get(&path).send().await.refused(405, "METHOD_NOT_ALLOWED");
        assert_eq!(answer.header("allow"), Some("POST"));
    }
    let nobody = street.app.get("/api/payments/webhook/paypal").send().await;
    nobody.refused(404, "NOT_FOUND");
    let bare = street.app.get("/api/payments/webhook/vnpay").send().await;
    assert_eq!(words(&bare), vnpay("97", "Fail checksum"));
    street.finish().await;
}

#[tokio::test]
async fn a_provider_that_is_not_set_is_neither_offered_nor_heard() {
    let street = Street::with(|config| {
        config.providers.vnpay_tmn_code = None;
        config.providers.vnpay_hash_secret = None;
        config.providers.vnpay_url = None;
        config.providers.vnpay_api_url = None;
    })
    .await;
    let showtime = street.app.showtime().await;
    let booking = street.app.held("ann", &showtime, ["A1"]).await;
    let refused = street.app.confirm("ann", &booking, "vnpay").await;
    refused.refused(400, "PAYMENT_METHOD_UNAVAILABLE");
    let session = street.app.session("ann", &booking).await;
    let says = Says { code: "00", ..Says::paid(&session) };
    street.message("vnpay", &says).send(&street.app).await.refused(405, "METHOD_NOT_ALLOWED");
    let post = street.app.post("/api/payments/webhook/vnpay").raw("").send().await;
    post.refused(404, "NOT_FOUND");
    assert_eq!(street.app.payment_status(&session).await, "pending");
    street.finish().await;
}

#[tokio::test]
async fn those_who_take_dong_only_are_not_offered_for_anything_else() {
    let street = Street::start().await;
    let dollars = json!({
        "title": "Elsewhere", "movie_id": "m", "cinema_id": "c", "screen_id": "s",
        "start_time": "2084-02-01T19:30:00.000Z", "end_time": "2084-02-01T22:00:00.000Z",
        "currency": "USD", "price": { "standard": 1_000, "vip": 1_000, "couple": 1_000 },
        "layout": { "rows": [{ "row": "A", "count": 3, "seat_type": "standard" }] },
    });
    let made = street.app.post("/api/admin/showtimes").by_admin().json(&dollars).send().await;
    let showtime = made.granted(201).text("id").to_owned();
    let booking = street.app.held("ann", &showtime, ["A1"]).await;
    for method in OWN_WORDS {
        let refused = street.app.confirm("ann", &booking, method).await;
        refused.refused(400, "PAYMENT_METHOD_UNAVAILABLE");
    }
    let session = street.app.session_by("ann", &booking, "card").await;
    street.press(&session, "pay").await;
    assert_eq!(street.app.status(&booking).await, "confirmed");
    street.finish().await;
}
