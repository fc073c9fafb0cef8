//! What the program logs.

use crate::support::{Place, Program, fresh_key};

#[tokio::test]
async fn every_line_of_a_request_names_it_and_its_booking() {
    let place = Place::embedded();
    let secret = ("JWT_SECRET", "never-to-be-printed-1");
    let webhooks = ("PAYMENT_WEBHOOK_SECRET", "never-to-be-printed-2");
    let server = Program::serve(&place, &[secret, webhooks]).await;
    let showtime = server.showtime().await;
    let call = server.holding("ann", &showtime, ["A1"]).key(&fresh_key());
    let held = call.header("X-Request-Id", "the-hold").send().await.granted(201);
    let booking = held.text("booking_id").to_owned();
    let call = server.get(&format!("/api/bookings/{booking}")).by("bob");
    let call = call.header("X-Request-Id", "the-look").bearer("never-to-be-printed-3");
    call.send().await.refused(401, "UNAUTHENTICATED");
    let ended = server.stop().await;
    assert!(!ended.stderr.contains("never-to-be-printed"), "{}", ended.stderr);

    let log = ended.log();
    let line = |id: &str| {
        log.iter()
            .find(|line| line["span"]["request_id"] == id && line["message"] == "request")
            .unwrap_or_else(|| panic!("no line of {id} in\n{}", ended.stderr))
    };
    let hold = line("the-hold");
    assert_eq!(hold["span"]["booking_id"], booking);
    assert_eq!(hold["status"], 201);
    assert_eq!(hold["path"], "/api/bookings/hold");
    assert_eq!(line("the-look")["status"], 401);
    for line in &log {
        assert!(line["timestamp"].is_string() && line["level"].is_string(), "{line}");
    }
}

#[tokio::test]
async fn text_is_for_people() {
    let place = Place::embedded();
    let server = Program::serve(&place, &[("LOG_FORMAT", "text")]).await;
    let ended = server.stop().await;
    assert!(ended.stderr.lines().any(|line| line.contains("INFO") && !line.starts_with('{')));
    assert!(!ended.stderr.contains('\u{1b}'), "no colours in a file");
}
