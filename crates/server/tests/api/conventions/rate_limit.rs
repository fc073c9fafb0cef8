//! `RATE_LIMIT`: requests of each user and from each address. On servers all tests
//! count at one Redis, so that each has users and addresses of its own.

use reqwest::Method;
use serde_json::json;

use crate::support::{Answer, Call, SECOND, Site, TestApp, fresh_key};

/// A server with this limit, behind a proxy that is believed: the test itself.
async fn limited(limit: &str) -> TestApp {
    TestApp::with(|config| {
        config.rate_limit = Some(limit.parse().expect("a limit"));
        config.trusted_proxies = "127.0.0.1".parse().expect("an address");
    })
    .await
}

/// An address of documentation that no other test uses.
fn address() -> String {
    let key = fresh_key();
    format!("2001:db8:{}:{}::1", &key[..4], &key[9..13])
}

fn list<'a>(site: &'a Site, user: &str) -> Call<'a> {
    site.get("/api/bookings").by(user)
}

fn from<'a>(call: Call<'a>, address: &str) -> Call<'a> {
    call.header("X-Forwarded-For", address)
}

fn fields(answer: &Answer) -> [Option<&str>; 5] {
    ["ratelimit-policy", "ratelimit", "ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"]
        .map(|name| answer.header(name))
}

#[tokio::test]
async fn without_a_limit_nothing_is_said_of_one() {
    let app = TestApp::start().await;
    for _ in 0..50 {
        let answer = list(&app, "ann").send().await.granted(200);
        assert_eq!(fields(&answer), [None; 5]);
    }
    app.finish().await;
}

#[tokio::test]
async fn a_user_who_asks_too_often_is_told_when_to_come_back() {
    let app = limited("user:3/60s").await;
    let (ann, bob) = (fresh_key(), fresh_key());
    for (remaining, reset) in [("2", "20"), ("1", "40"), ("0", "60")] {
        let answer = list(&app, &ann).send().await.granted(200);
        let current = format!("\"user\";r={remaining};t={reset}");
        let expected =
            [Some("\"user\";q=3;w=60"), Some(&*current), Some("3"), Some(remaining), Some(reset)];
        assert_eq!(fields(&answer), expected);
    }
    let refused = list(&app, &ann).send().await.refused(429, "RATE_LIMITED");
    assert_eq!(refused.header("retry-after"), Some("20"));
    assert_eq!(refused.header("ratelimit-remaining"), Some("0"));
    list(&app, &bob).send().await.granted(200);
    app.clock.advance(19 * SECOND);
    let refused = list(&app, &ann).send().await.refused(429, "RATE_LIMITED");
    assert_eq!(refused.header("retry-after"), Some("1"));
    app.clock.advance(SECOND);
    list(&app, &ann).send().await.granted(200);
    list(&app, &ann).send().await.refused(429, "RATE_LIMITED");
    app.finish().await;
}

#[tokio::test]
async fn an_address_counts_for_all_who_are_there_even_without_a_name() {
    let app = limited("address:4/60s").await;
    let (here, there) = (address(), address());
    let site = app.site();
    from(list(site, "ann"), &here).send().await.granted(200);
    from(list(site, "bob"), &here).send().await.granted(200);
    from(site.get("/api/showtimes"), &here).send().await.granted(200);
    // Whoever tries out names is counted, too.
    from(site.get("/api/bookings"), &here).send().await.refused(401, "UNAUTHENTICATED");
    for call in [list(site, "ann"), site.get("/api/showtimes"), site.get("/api/bookings")] {
        let refused = from(call, &here).send().await.refused(429, "RATE_LIMITED");
        assert_eq!(refused.header("ratelimit-policy"), Some("\"address\";q=4;w=60"));
    }
    from(list(site, "ann"), &there).send().await.granted(200);
    app.finish().await;
}

#[tokio::test]
async fn nobody_chooses_an_address_by_saying_so() {
    let app = limited("address:2/60s").await;
    // The proxy adds the last one; what stands before it, the client has made up.
    let own = address();
    let forged = || format!("{}, {own}", address());
    let ask = || app.get("/api/showtimes").header("X-Forwarded-For", &forged());
    ask().send().await.granted(200);
    ask().send().await.granted(200);
    ask().send().await.refused(429, "RATE_LIMITED");
    app.finish().await;

    // Without a proxy, it is the connection that counts.
    let app = TestApp::with(|config| config.rate_limit = "address:2/s".parse().ok()).await;
    let ask = || app.get("/api/showtimes").header("X-Forwarded-For", &address());
    let answers = [ask().send().await, ask().send().await, ask().send().await];
    assert!(answers.iter().any(|answer| answer.code() == "RATE_LIMITED"), "{answers:?}");
    app.finish().await;
}

#[tokio::test]
async fn one_request_is_charged_to_both_and_the_nearer_end_is_told() {
    let app = limited("user:1/60s,address:9/60s").await;
    let (ann, here) = (fresh_key(), address());
    let ask = || list(&app, &ann).header("X-Forwarded-For", &here);
    let answer = ask().send().await.granted(200);
    let policies = "\"user\";q=1;w=60, \"address\";q=9;w=60";
    let current = "\"user\";r=0;t=60, \"address\";r=8;t=7";
    let expected = [Some(policies), Some(current), Some("1"), Some("0"), Some("60")];
    assert_eq!(fields(&answer), expected);
    // What is refused to the user is not charged to the address.
    let refused = ask().send().await.refused(429, "RATE_LIMITED");
    assert_eq!(refused.header("ratelimit"), Some(current));
    assert_eq!(refused.text("detail"), "You make too many requests.");
    app.finish().await;
}

#[tokio::test]
async fn a_refusal_is_not_remembered_under_the_key() {
    let app = limited("user:1/60s").await;
    let (admin, ann, key) = (fresh_key(), fresh_key(), fresh_key());
    let call = app.post("/api/admin/showtimes").by(&admin).header("X-User-Role", "admin");
    let showtime = call.json(&app.evening()).send().await.granted(201).text("id").to_owned();
    list(&app, &ann).send().await.granted(200);
    let hold = || app.holding(&ann, &showtime, ["A1"]).key(&key).send();
    hold().await.refused(429, "RATE_LIMITED");
    assert_eq!(app.seat(&showtime, "A1").await, "available");
    app.clock.advance(60 * SECOND);
    assert!(!hold().await.granted(201).is_replayed());
    // A repeat is a request like others.
    hold().await.refused(429, "RATE_LIMITED");
    app.clock.advance(60 * SECOND);
    assert!(hold().await.granted(201).is_replayed());
    app.finish().await;
}

#[tokio::test]
async fn gateways_monitors_and_pages_are_never_told_to_come_later() {
    let app = TestApp::with(|config| {
        config.rate_limit = "1/h".parse().ok();
        config.trusted_proxies = "127.0.0.1".parse().expect("an address");
        config.cors_origins = "https://shop.example".parse().expect("an origin");
    })
    .await;
    let (here, monitor) = (address(), fresh_key());
    let from_here = |method: Method, path: &str| from(app.call(method, path), &here).by(&monitor);
    for _ in 0..3 {
        for path in ["/health", "/health/live", "/health/ready", "/metrics", "/api/openapi.json"] {
            let answer = from_here(Method::GET, path).send().await.granted(200);
            assert_eq!(fields(&answer), [None; 5], "{path}");
        }
        let webhook = from_here(Method::POST, "/api/payments/webhook/momo").json(&json!({}));
        webhook.send().await.refused(401, "UNAUTHENTICATED");
        let preflight = from_here(Method::OPTIONS, "/api/bookings/hold");
        let preflight = preflight.header("Origin", "https://shop.example");
        preflight.header("Access-Control-Request-Method", "POST").send().await.granted(200);
    }
    // Browsers may read the fields.
    let call = from_here(Method::GET, "/api/showtimes").header("Origin", "https://shop.example");
    let answer = call.send().await.granted(200);
    let exposed = answer.header("access-control-expose-headers").expect("some");
    for name in ["ratelimit", "ratelimit-policy", "ratelimit-remaining", "ratelimit-reset"] {
        assert!(exposed.split(',').any(|one| one.trim() == name), "{name} in {exposed}");
    }
    app.finish().await;
}

#[tokio::test]
async fn several_instances_share_one_limit_where_they_share_a_redis() {
    let app = limited("user:4/60s").await;
    let other = app.beside(|config| config.rate_limit = "user:4/60s".parse().ok()).await;
    let Some(other) = other else { return app.finish().await };
    let ann = fresh_key();
    for _ in 0..2 {
        list(&app, &ann).send().await.granted(200);
        list(&other.site, &ann).send().await.granted(200);
    }
    list(&app, &ann).send().await.refused(429, "RATE_LIMITED");
    list(&other.site, &ann).send().await.refused(429, "RATE_LIMITED");
    other.finish().await;
    app.finish().await;
}
