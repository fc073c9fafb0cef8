//! Bytes that a load balancer and a server might read differently: where one request
//! ends must never be in doubt. Whatever is in doubt is refused, and the connection
//! closed, so that what follows is read by nobody.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::support::{Balancer, State, TestApp, fresh_key};

/// Longer than the server takes for anything it refuses.
const SOON: Duration = Duration::from_secs(30);

/// Sends these bytes; gives all that comes back until the server hangs up, or, where it
/// waits for more, for as long as it says nothing.
async fn said(base: &str, bytes: &[u8]) -> String {
    let address = base.strip_prefix("http://").expect("an address");
    let mut client = TcpStream::connect(address).await.expect("a connection");
    // It may have hung up before all is sent.
    let _ = client.write_all(bytes).await;
    let mut answer = Vec::new();
    let mut part = [0; 4096];
    while let Ok(Ok(length @ 1..)) =
        timeout(Duration::from_millis(500), client.read(&mut part)).await
    {
        answer.extend_from_slice(&part[..length]);
    }
    String::from_utf8_lossy(&answer).into_owned()
}

fn statuses(answer: &str) -> Vec<&str> {
    answer.split("HTTP/1.1 ").skip(1).filter_map(|rest| rest.get(..3)).collect()
}

/// A hold by eve, to be hidden in the body of another request.
fn hidden(showtime: &str) -> String {
    let body = json!({ "showtime_id": showtime, "seats": ["A1"] }).to_string();
    format!(
        "POST /api/bookings/hold HTTP/1.1\r\nHost: x\r\nX-User-Id: eve\r\nX-Idempotency-Key: {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        fresh_key(),
        body.len()
    )
}

/// Requests whose end is in doubt, each with a whole one hidden behind it.
fn in_doubt(showtime: &str) -> Vec<(&'static str, String)> {
    let inner = hidden(showtime);
    let (length, chunk) = (inner.len(), format!("{:x}", inner.len()));
    let head = "POST /api/payments HTTP/1.1\r\nHost: x\r\nX-User-Id: eve\r\n";
    let rests = [
        (
            "CL.TE",
            format!(
                "Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{inner}"
            ),
        ),
        (
            "TE.CL",
            format!(
                "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n{chunk}\r\n{inner}\r\n0\r\n\r\n"
            ),
        ),
        ("two lengths", format!("Content-Length: 0\r\nContent-Length: {length}\r\n\r\n{inner}")),
        ("two lengths in one", format!("Content-Length: 0, {length}\r\n\r\n{inner}")),
        ("a sign", format!("Content-Length: +0\r\n\r\n{inner}")),
        ("negative", format!("Content-Length: -1\r\n\r\n{inner}")),
        ("hex", format!("Content-Length: 0x0\r\n\r\n{inner}")),
        ("too large", format!("Content-Length: 18446744073709551616\r\n\r\n{inner}")),
        ("TE unknown", format!("Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{inner}")),
        ("TE not last", format!("Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n{inner}")),
        (
            "TE hidden by a tab",
            format!(
                "Transfer-Encoding:\tchunked\r\nContent-Length: {length}\r\n\r\n0\r\n\r\n{inner}"
            ),
        ),
        ("space before the colon", format!("Content-Length : 0\r\n\r\n{inner}")),
        ("folded", format!("Content-Length:\r\n 0\r\n\r\n{inner}")),
        (
            "folded TE",
            format!(
                "Transfer-Encoding:\r\n chunked\r\nContent-Length: {length}\r\n\r\n0\r\n\r\n{inner}"
            ),
        ),
        ("NUL in a value", format!("X-A: a\0b\r\nContent-Length: 0\r\n\r\n{inner}")),
        ("a lone CR in a value", format!("X-A: a\rb\r\nContent-Length: 0\r\n\r\n{inner}")),
        ("chunk size with a sign", format!("Transfer-Encoding: chunked\r\n\r\n+0\r\n\r\n{inner}")),
        (
            "chunk size too large",
            format!("Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{inner}"),
        ),
        ("chunk ended by LF", format!("Transfer-Encoding: chunked\r\n\r\n0\n\n{inner}")),
    ];
    rests.into_iter().map(|(name, rest)| (name, format!("{head}{rest}"))).collect()
}

#[tokio::test]
async fn a_length_in_doubt_hides_no_second_request() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let before = State::of(&app, &showtime, &["eve"]).await;
    for (name, request) in in_doubt(&showtime) {
        let answer = said(&app.base, request.as_bytes()).await;
        let statuses = statuses(&answer);
        assert!(statuses.len() <= 1, "{name}: two answers to one request: {answer}");
        assert!(statuses.iter().all(|status| status.starts_with('4')), "{name}: {answer}");
    }
    assert_eq!(State::of(&app, &showtime, &["eve"]).await, before);
    app.finish().await;
}

/// The load balancer may read more than one request there, where it is allowed to take
/// what is in doubt for what is more likely; but nothing is done that it has not seen.
#[tokio::test]
async fn nothing_is_hidden_from_the_load_balancer_either() {
    let app = TestApp::start().await;
    let Some(balancer) = Balancer::before(&app).await else { return app.finish().await };
    let showtime = app.showtime().await;
    for number in 0..in_doubt(&showtime).len() {
        // With a key of its own each time, so that nothing is a repeat.
        let (name, request) = in_doubt(&showtime).swap_remove(number);
        let answer = said(&balancer.site.base, request.as_bytes()).await;
        let statuses = statuses(&answer);
        let first = statuses.first().copied().unwrap_or("400");
        assert!(first.starts_with('4'), "{name}: {answer}");
        let seen = statuses.contains(&"201");
        println!("{name}: {statuses:?}");
        let held = app.bookings("eve", "?status=pending").await.granted(200);
        assert_eq!(held.body["total"], u64::from(seen), "{name}: {answer}");
        if seen {
            app.cancel("eve", held.text("/data/0/id")).await.granted(200);
        }
        // Nor is a rest left in a connection for whoever comes next.
        let next = balancer.site.get("/health/live").send().await;
        assert_eq!((next.status, next.text("status")), (200, "ok"), "after {name}");
    }
    drop(balancer);
    app.finish().await;
}

#[tokio::test]
async fn requests_one_behind_the_other_are_answered_one_by_one() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let list = "GET /api/showtimes HTTP/1.1\r\nHost: x\r\n\r\n";
    let last = "GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let answer =
        said(&app.base, format!("{list}{}{list}{last}", hidden(&showtime)).as_bytes()).await;
    assert_eq!(statuses(&answer), ["200", "201", "200", "200"], "{answer}");
    // In the order in which they came, and each with an id of its own.
    let ids: std::collections::BTreeSet<&str> =
        answer.lines().filter_map(|line| line.strip_prefix("x-request-id: ")).collect();
    assert_eq!(ids.len(), 4);
    app.finish().await;
}

#[tokio::test]
async fn what_is_not_http_is_refused() {
    let app = TestApp::start().await;
    let many = |count: usize| (0..count).map(|n| format!("X-{n}: a\r\n")).collect::<String>();
    let long = |length: usize| "a".repeat(length);
    let (many_headers, long_header) = (many(101), long(17 * 1024));
    for (name, request) in [
        ("no version", "GET /health\r\n\r\n".to_owned()),
        ("a version to come", "GET /health HTTP/3.0\r\nHost: x\r\n\r\n".to_owned()),
        ("HTTP/2 without being asked", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned()),
        ("a space in the target", "GET /health /live HTTP/1.1\r\nHost: x\r\n\r\n".to_owned()),
        (
            "a control character in the target",
            "GET /he\x01alth HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
        ),
        ("nonsense", "\x16\x03\x01\x02\x00\x01\x00\x01\r\n\r\n".to_owned()),
        ("too many headers", format!("GET /health HTTP/1.1\r\n{many_headers}\r\n")),
        ("a header too long", format!("GET /health HTTP/1.1\r\nX-A: {long_header}\r\n\r\n")),
        ("a target too long", format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", long(70_000))),
    ] {
        let answer = said(&app.base, request.as_bytes()).await;
        assert!(statuses(&answer).iter().all(|status| status.starts_with('4')), "{name}: {answer}");
    }
    // Ordinary requests go on, as large as one may honestly be.
    let fine = format!("GET /health/live HTTP/1.1\r\nX-A: {}\r\n{}\r\n", long(8 * 1024), many(90));
    assert_eq!(statuses(&said(&app.base, fine.as_bytes()).await), ["200"]);
    app.finish().await;
}

/// The target may name the server; that opens no way to another.
#[tokio::test]
async fn a_whole_address_as_the_target_is_the_path_in_it() {
    let app = TestApp::start().await;
    for target in ["http://elsewhere.example/health/live", "http://127.0.0.1:1/health/live"] {
        let request = format!("GET {target} HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n");
        let answer = said(&app.base, request.as_bytes()).await;
        assert_eq!(statuses(&answer), ["200"], "{target}: {answer}");
    }
    for request in [
        "GET http://elsewhere.example/api/admin/verify HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET //api/admin/verify HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /api/showtimes/../admin/verify HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /api/showtimes/%2e%2e/admin/verify HTTP/1.1\r\nHost: x\r\n\r\n",
        "CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: x\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    ] {
        let answer = said(&app.base, request.as_bytes()).await;
        let is_refusal = |status: &&str| ["400", "401", "404", "405"].contains(status);
        assert!(statuses(&answer).iter().all(is_refusal), "{request}: {answer}");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for_without_end() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let before = State::of(&app, &showtime, &["eve"]).await;
    let request = hidden(&showtime);
    let (head, _) = request.split_at(request.len() - 10);
    let address = app.base.strip_prefix("http://").expect("an address");
    let mut client = TcpStream::connect(address).await.expect("a connection");
    let since = Instant::now();
    client.write_all(head.as_bytes()).await.expect("all but the end");
    let mut answer = Vec::new();
    timeout(SOON, client.read_to_end(&mut answer)).await.expect("it hangs up").expect("no reset");
    let answer = String::from_utf8_lossy(&answer);
    println!("cut off after {:?}", since.elapsed());
    assert_eq!(statuses(&answer), ["503"], "{answer}");
    assert_eq!(State::of(&app, &showtime, &["eve"]).await, before);
    app.finish().await;
}
