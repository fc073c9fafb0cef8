//! Clients that speak HTTP by hand: those who leave before the answer, and
//! those who never say how much they send.

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Gate, GatedTasks, State, TestApp, fresh_key};

async fn connect(app: &TestApp) -> TcpStream {
    let address = app.base.strip_prefix("http://").expect("an address");
    TcpStream::connect(address).await.expect("a connection")
}

/// The head of a hold, up to the headers about its body.
fn head(key: &str) -> String {
    format!(
        "POST /api/bookings/hold HTTP/1.1\r\nHost: seats.example\r\nX-User-Id: ann\r\n\
         X-Idempotency-Key: {key}\r\nContent-Type: application/json\r\n"
    )
}

#[tokio::test]
async fn a_client_that_leaves_changes_nothing_about_what_it_asked_for() {
    let gate = Gate::opened();
    let app = TestApp::with_tasks(GatedTasks(gate.clone())).await;
    let showtime = app.showtime().await;
    let (key, before) = (fresh_key(), gate.count());
    gate.shut();
    let body = json!({ "showtime_id": showtime, "seats": ["A1"] }).to_string();
    let request = format!("{}Content-Length: {}\r\n\r\n{body}", head(&key), body.len());
    let mut client = connect(&app).await;
    client.write_all(request.as_bytes()).await.expect("a request");
    gate.arrival_after(before).await;
    drop(client);
    gate.open();
    let again = app.hold_with(&key, "ann", &showtime, ["A1"]).await.granted(201);
    assert!(again.is_replayed(), "the first request was done");
    assert_eq!(app.bookings("ann", "").await.body["total"], 1);
    app.finish().await;
}

#[tokio::test]
async fn a_client_that_leaves_mid_body_has_asked_for_nothing() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let before = State::of(&app, &showtime, &["ann"]).await;
    let key = fresh_key();
    let body = json!({ "showtime_id": showtime, "seats": ["A1"] }).to_string();
    let half = &body[..body.len() / 2];
    let request = format!("{}Content-Length: {}\r\n\r\n{half}", head(&key), body.len());
    let mut client = connect(&app).await;
    client.write_all(request.as_bytes()).await.expect("half a request");
    client.shutdown().await.expect("an end");
    let mut answer = Vec::new();
    // Whatever it says, it hangs up.
    let _ = client.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP/1.1 2") && !answer.starts_with(b"HTTP/1.1 5"));
    assert_eq!(State::of(&app, &showtime, &["ann"]).await, before);
    assert!(!app.hold_with(&key, "ann", &showtime, ["A1"]).await.granted(201).is_replayed());
    app.finish().await;
}

#[tokio::test]
async fn a_body_without_a_length_is_limited_too() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let before = State::of(&app, &showtime, &["ann"]).await;
    let mut client = connect(&app).await;
    let head = format!("{}Transfer-Encoding: chunked\r\n\r\n", head(&fresh_key()));
    client.write_all(head.as_bytes()).await.expect("a head");
    let chunk = format!("1000\r\n{}\r\n", " ".repeat(0x1000));
    for _ in 0..=16 {
        client.write_all(chunk.as_bytes()).await.expect("a chunk");
    }
    let mut status = [0; 12];
    client.read_exact(&mut status).await.expect("a status");
    assert_eq!(&status, b"HTTP/1.1 413");
    assert_eq!(State::of(&app, &showtime, &["ann"]).await, before);
    app.finish().await;
}

#[tokio::test]
async fn a_body_that_says_it_is_too_large_is_refused_before_it_is_sent() {
    let app = TestApp::start().await;
    let mut client = connect(&app).await;
    let head = format!("{}Content-Length: 1000000000000\r\n\r\n", head(&fresh_key()));
    client.write_all(head.as_bytes()).await.expect("a head");
    let mut status = [0; 12];
    client.read_exact(&mut status).await.expect("a status");
    assert_eq!(&status, b"HTTP/1.1 413");
    app.finish().await;
}
