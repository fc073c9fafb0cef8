//! Requests that nobody would think of: each is answered, in the server's own words,
//! and none breaks it. PROPTEST_CASES says how many of each kind are tried; the same
//! ones each time. `scripts/fuzz` does the same from the API's description.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::support::{Answer, TestApp, WEBHOOK_SECRET, fresh_key, sign};

/// Requests of each kind: with all of them, some seconds.
const CASES: u32 = 150;

fn cases() -> u32 {
    let wanted = std::env::var("PROPTEST_CASES").ok();
    wanted.and_then(|cases| cases.parse().ok()).unwrap_or(CASES)
}

/// That many values, the same ones each time.
fn some<T: std::fmt::Debug>(of: impl Strategy<Value = T>) -> impl Iterator<Item = T> {
    let mut runner = TestRunner::deterministic();
    (0..cases()).map(move |_| of.new_tree(&mut runner).expect("a value").current())
}

/// It was refused or done, not broken, and a refusal is a problem.
#[track_caller]
fn is_in_order(answer: &Answer, what: &dyn std::fmt::Debug) {
    assert!(answer.status < 500, "{}: {what:?}: {}", answer.status, answer.body);
    if answer.status >= 400 {
        answer.is_problem();
    }
}

/// Any JSON.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[A-Za-z0-9_-]{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map("[a-z_$.]{0,12}", inner, 0..6)
                .prop_map(|fields| Value::Object(Map::from_iter(fields))),
        ]
    })
}

/// A body that is granted, with any JSON in the place of one of its fields, or beside.
fn altered(good: Value) -> impl Strategy<Value = Value> {
    let names: Vec<String> = good.as_object().expect("an object").keys().cloned().collect();
    let name = prop_oneof![8 => prop::sample::select(names), 1 => any::<String>()];
    (name, any_json()).prop_map(move |(name, value)| {
        let mut body = good.clone();
        body[name] = value;
        body
    })
}

#[tokio::test]
async fn any_body_is_answered_and_only_good_ones_change_anything() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let (booking, session) = app.buying("ann", &showtime, ["A1"]).await;
    let hold = json!({ "showtime_id": showtime, "seats": ["A2"] });
    let pay = json!({ "payment_method": "momo", "return_url": "https://shop.example/paid" });
    let mut create = pay.clone();
    create["booking_id"] = booking.clone().into();
    let confirm = format!("/api/bookings/{booking}/confirm");
    let before = app.bookings("ann", "").await.body;
    for (path, good) in [
        ("/api/bookings/hold", hold),
        (&*confirm, pay),
        ("/api/payments", create),
        ("/api/admin/showtimes", app.evening()),
    ] {
        for body in some(prop_oneof![any_json(), altered(good)]) {
            let call = app.post(path).by("eve").header("X-User-Role", "admin");
            let answer = call.key(&fresh_key()).json(&body).send().await;
            is_in_order(&answer, &(path, body.to_string()));
            if let Some(id) = answer.body["booking_id"].as_str().filter(|_| answer.status == 201) {
                app.cancel("eve", id).await.granted(200);
            }
        }
    }
    for body in some(prop_oneof![any_json(), altered(session.word("success"))]) {
        if body["status"] == "success" && body["amount"] == session.amount {
            continue;
        }
        let bytes = body.to_string().into_bytes();
        let signature = sign(WEBHOOK_SECRET, app.seconds(), &bytes);
        for provider in ["momo", "vnpay", "zalopay", "card"] {
            let answer = app.webhook_with(provider, &signature, bytes.clone()).await;
            is_in_order(&answer, &(provider, body.to_string()));
        }
    }
    // Whatever eve was granted she gave back, and ann has what she had.
    assert_eq!(app.bookings("ann", "").await.body, before);
    assert_eq!(app.free_seats(&showtime).await, 27);
    assert_eq!(app.payment_status(&session).await, "pending");
    app.finish().await;
}

#[tokio::test]
async fn any_bytes_as_a_body_are_answered() {
    let app = TestApp::start().await;
    for body in some(any::<Vec<u8>>()) {
        let hold = app.post("/api/bookings/hold").by("eve").key(&fresh_key());
        is_in_order(&hold.raw(body.clone()).send().await, &body);
        for provider in ["momo", "vnpay", "zalopay", "card"] {
            let path = format!("/api/payments/webhook/{provider}");
            let answer = app.post(&path).raw(body.clone()).send().await;
            // Providers are answered in words of their own.
            assert!(answer.status < 500, "{provider}: {body:?}: {answer:?}");
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn any_address_is_answered() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let part = || {
        prop_oneof![
            any::<String>(),
            Just(showtime.clone()),
            "[0-9a-f]{24}",
            "PAY_[0-9a-f-]{36}",
            "-?[0-9]{1,20}",
            "[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9](Z|[+-][0-2][0-9]:00)",
        ]
    };
    const NAMES: [&str; 10] = [
        "page",
        "limit",
        "search",
        "movie_id",
        "from",
        "to",
        "sortBy",
        "sortOrder",
        "status",
        "showtime_id",
    ];
    let query = prop::collection::vec((prop::sample::select(&NAMES[..]), part()), 0..4);
    for (id, query) in some((part(), query)) {
        let quoted =
            |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let pairs: Vec<_> =
            query.iter().map(|(name, value)| format!("{name}={}", quoted(value))).collect();
        let (id, query) = (quoted(&id).replace('+', "%20"), pairs.join("&"));
        for path in [
            format!("/api/showtimes?{query}"),
            format!("/api/bookings?{query}"),
            format!("/api/showtimes/{id}?{query}"),
            format!("/api/showtimes/{id}/seats"),
            format!("/api/bookings/{id}"),
            format!("/api/payments/{id}"),
            format!("/api/admin/bookings/{id}/history"),
            format!("/api/admin/events/dead?after={id}"),
        ] {
            let call = app.get(&path).by("eve").header("X-User-Role", "admin");
            is_in_order(&call.send().await, &path);
        }
        let answer = app.get(&format!("/api/payments/webhook/vnpay?{query}&vnp_Amount={id}"));
        assert!(answer.send().await.status < 500, "{query}");
    }
    app.finish().await;
}

#[tokio::test]
async fn any_header_is_answered() {
    const NAMES: [&str; 10] = [
        "authorization",
        "x-user-id",
        "x-user-role",
        "x-idempotency-key",
        "idempotency-key",
        "x-request-id",
        "if-none-match",
        "x-signature",
        "x-forwarded-for",
        "content-type",
    ];
    let app = TestApp::with(|config| {
        config.rate_limit = "1000000/s".parse().ok();
        config.trusted_proxies = "127.0.0.1".parse().expect("an address");
    })
    .await;
    let showtime = app.showtime().await;
    let value = prop_oneof!["[ -~]{0,80}", "\\PC{0,40}", "(W/)?\"[0-9.]{1,9}\""];
    for (name, value) in some((prop::sample::select(&NAMES[..]), value)) {
        // What the client library itself refuses to send.
        if reqwest::header::HeaderValue::from_bytes(value.as_bytes()).is_err() {
            continue;
        }
        for (method, path) in [
            (Method::GET, format!("/api/showtimes/{showtime}/seats")),
            (Method::GET, "/api/bookings".to_owned()),
            (Method::POST, "/api/bookings/hold".to_owned()),
            (Method::POST, "/api/payments/webhook/card".to_owned()),
        ] {
            let call = app.call(method, &path).header(name, &value);
            is_in_order(&call.send().await, &(name, &value, path));
        }
    }
    app.finish().await;
}
