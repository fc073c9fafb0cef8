//! One key, one execution: the table of the contract, row by row.

use serde_json::json;

use crate::support::{FakeGateway, Gate, GatedTasks, HOUR, MINUTE, State, TestApp, fresh_key};

#[tokio::test]
async fn a_repeat_gets_the_first_answer_byte_for_byte() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let key = fresh_key();
    let first = app.hold_with(&key, "ann", &showtime, ["A1", "A2"]).await.granted(201);
    assert!(!first.is_replayed());
    let after = State::of(&app, &showtime, &["ann"]).await;
    app.clock.advance(MINUTE);
    let again = app.hold_with(&key, "ann", &showtime, ["A1", "A2"]).await.granted(201);
    assert!(again.is_replayed());
    assert_eq!(again.bytes, first.bytes);
    for name in ["location", "content-type"] {
        assert_eq!(again.header(name), first.header(name), "{name}");
    }
    assert_eq!(State::of(&app, &showtime, &["ann"]).await, after);
    app.finish().await;
}

#[tokio::test]
async fn confirming_again_with_the_key_replays_even_once_it_is_paid() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let id = app.held("ann", &showtime, ["A1"]).await;
    let (key, body) = (fresh_key(), json!({ "payment_method": "momo" }));
    let first = app.confirm_with(&key, "ann", &id, &body).await.granted(200);
    let path = first.text("payment_url").strip_prefix(&*app.base).expect("the sandbox").to_owned();
    app.post(&path).form(&[("action", "pay")]).send().await.granted(200);
    assert_eq!(app.status(&id).await, "confirmed");
    let again = app.confirm_with(&key, "ann", &id, &body).await.granted(200);
    assert!(again.is_replayed());
    assert_eq!(again.bytes, first.bytes);
    app.finish().await;
}

#[tokio::test]
async fn a_replay_beats_whatever_has_become_of_the_seats() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let key = fresh_key();
    let first = app.hold_with(&key, "ann", &showtime, ["A1"]).await.granted(201);
    app.cancel("ann", first.text("booking_id")).await.granted(200);
    app.held("bob", &showtime, ["A1"]).await;
    let again = app.hold_with(&key, "ann", &showtime, ["A1"]).await.granted(201);
    assert!(again.is_replayed());
    assert_eq!(again.bytes, first.bytes);
    app.clock.advance(2 * HOUR);
    let later = app.hold_with(&key, "ann", &showtime, ["A1"]).await.granted(201);
    assert_eq!(later.bytes, first.bytes, "the showtime has started, the answer stays");
    app.finish().await;
}

#[tokio::test]
async fn the_same_key_with_another_body_or_route_is_refused() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let key = fresh_key();
    let held = app.hold_with(&key, "ann", &showtime, ["A1", "A2"]).await.granted(201);
    let id = held.text("booking_id");
    let before = State::of(&app, &showtime, &["ann"]).await;
    for seats in [&["A2", "A1"][..], &["A1"], &["A1", "A2", "A3"], &["A4"]] {
        let answer = app.hold_with(&key, "ann", &showtime, seats).await;
        answer.refused(422, "IDEMPOTENCY_KEY_REUSED");
    }
    let body = json!({ "payment_method": "momo" });
    let confirm = app.confirm_with(&key, "ann", id, &body).await;
    confirm.refused(422, "IDEMPOTENCY_KEY_REUSED");
    let body = json!({ "booking_id": id, "payment_method": "momo" });
    let payment = app.post("/api/payments").by("ann").key(&key).json(&body).send().await;
    payment.refused(422, "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(State::of(&app, &showtime, &["ann"]).await, before);
    app.finish().await;
}

#[tokio::test]
async fn one_key_confirms_one_booking_in_one_way() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let (one, other) =
        (app.held("ann", &showtime, ["A1"]).await, app.held("ann", &showtime, ["A2"]).await);
    let (key, momo) = (fresh_key(), json!({ "payment_method": "momo" }));
    app.confirm_with(&key, "ann", &one, &momo).await.granted(200);
    let card = json!({ "payment_method": "card" });
    for (booking, body) in [(&one, &card), (&other, &momo)] {
        let answer = app.confirm_with(&key, "ann", booking, body).await;
        answer.refused(422, "IDEMPOTENCY_KEY_REUSED");
    }
    app.finish().await;
}

#[tokio::test]
async fn bodies_are_compared_by_their_meaning() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let key = fresh_key();
    let hold = async |body: String| {
        app.post("/api/bookings/hold").by("ann").key(&key).raw(body).send().await.granted(201)
    };
    let first = hold(format!(r#"{{"showtime_id":"{showtime}","seats":["A1","A2"]}}"#)).await;
    let spaced = format!(
        "\n{{ \"seats\" : [\"A1\",\t\"\\u0041\\u0032\"],\r\n \"showtime_id\":\"{showtime}\" }} "
    );
    let again = hold(spaced).await;
    assert!(again.is_replayed());
    assert_eq!(again.bytes, first.bytes);
    app.finish().await;
}

#[tokio::test]
async fn two_users_with_the_same_key_are_two_requests() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let key = fresh_key();
    let anns = app.hold_with(&key, "ann", &showtime, ["A1"]).await.granted(201);
    let bobs = app.hold_with(&key, "bob", &showtime, ["A2"]).await.granted(201);
    assert_ne!(anns.text("booking_id"), bobs.text("booking_id"));
    assert!(!bobs.is_replayed());
    let lost = app.hold_with(&key, "carl", &showtime, ["A1"]).await;
    lost.refused(409, "SEAT_HELD_BY_ANOTHER");
    app.finish().await;
}

#[tokio::test]
async fn while_the_first_is_still_running_the_second_is_told_so() {
    let gateway = FakeGateway::start().await;
    let app = gateway.shop().await;
    let showtime = app.showtime().await;
    let id = app.held("ann", &showtime, ["A1"]).await;
    let (key, body) = (fresh_key(), json!({ "payment_method": "momo" }));
    gateway.gate().shut();
    let (first, ()) = tokio::join!(app.confirm_with(&key, "ann", &id, &body), async {
        gateway.gate().arrival_after(0).await;
        let second = app.confirm_with(&key, "ann", &id, &body).await;
        assert!(second.refused(409, "REQUEST_IN_PROGRESS").is_retryable());
        let other = app.confirm_with(&key, "ann", &id, &json!({ "payment_method": "card" })).await;
        other.refused(422, "IDEMPOTENCY_KEY_REUSED");
        gateway.gate().open();
    });
    let again = app.confirm_with(&key, "ann", &id, &body).await.granted(200);
    assert!(again.is_replayed());
    assert_eq!(again.bytes, first.granted(200).bytes);
    assert_eq!(gateway.opened().len(), 1, "one execution");
    app.finish().await;
}

#[tokio::test]
async fn a_hold_that_waits_is_executed_once_for_all_who_ask() {
    let gate = Gate::opened();
    let app = TestApp::with_tasks(GatedTasks(gate.clone())).await;
    let showtime = app.showtime().await;
    let (key, before) = (fresh_key(), gate.count());
    gate.shut();
    let (first, second, ()) = tokio::join!(
        app.hold_with(&key, "ann", &showtime, ["A1"]),
        app.hold_with(&key, "ann", &showtime, ["A1"]),
        async {
            gate.arrival_after(before).await;
            gate.open();
        }
    );
    let (first, second) = (first.granted(201), second.granted(201));
    assert_eq!(first.bytes, second.bytes);
    assert_ne!(first.is_replayed(), second.is_replayed());
    app.finish().await;
}

/// A refusal may be remembered or evaluated afresh, but changes nothing.
#[tokio::test]
async fn a_refusal_repeated_with_its_key_is_the_same_refusal() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    app.held("bob", &showtime, ["A1"]).await;
    let key = fresh_key();
    for _ in 0..3 {
        let answer = app.hold_with(&key, "ann", &showtime, ["A1"]).await;
        answer.refused(409, "SEAT_HELD_BY_ANOTHER");
    }
    app.finish().await;
}

#[tokio::test]
async fn what_was_forbidden_is_not_remembered() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let anns = app.held("ann", &showtime, ["A1"]).await;
    let bobs = app.held("bob", &showtime, ["A2"]).await;
    let (key, body) = (fresh_key(), json!({ "payment_method": "momo" }));
    let answer = app.confirm_with(&key, "bob", &anns, &body).await;
    answer.refused(403, "BOOKING_NOT_OWNED");
    let granted = app.confirm_with(&key, "bob", &bobs, &body).await.granted(200);
    assert!(!granted.is_replayed());
    app.finish().await;
}

#[tokio::test]
async fn a_key_is_remembered_for_a_day() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let key = fresh_key();
    let first = app.hold_with(&key, "ann", &showtime, ["A1"]).await.granted(201);
    app.clock.advance(24 * HOUR - 1);
    app.service().purge_claims().await.expect("a store");
    let again = app.hold_with(&key, "ann", &showtime, ["A1"]).await.granted(201);
    assert_eq!(again.bytes, first.bytes);
    app.clock.advance(1);
    app.service().purge_claims().await.expect("a store");
    let tomorrow = app.showtime().await;
    let anew = app.hold_with(&key, "ann", &tomorrow, ["A1"]).await.granted(201);
    assert!(!anew.is_replayed());
    app.finish().await;
}
