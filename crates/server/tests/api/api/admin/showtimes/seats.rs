//! `POST /api/admin/showtimes`: seats by rows, or one by one.

use serde_json::{Map, Value, json};

use crate::support::{TestApp, row};

#[tokio::test]
async fn seats_can_be_named_one_by_one() {
    let app = TestApp::start().await;
    let seats = json!({ "A1": "vip", "Loge-7": "couple", "A2": "standard" });
    let showtime = app.showtime_with(json!({ "layout": null, "seats": seats })).await;
    let map = app.seats(&showtime).await.granted(200);
    assert_eq!(map.text("/seats/A1/seat_type"), "vip");
    assert_eq!(map.body["seats"]["A1"]["price"], 150_000);
    assert_eq!(map.text("/seats/Loge-7/seat_type"), "couple");
    assert_eq!(map.body["available_seats"], 3);
    app.hold("ann", &showtime, ["Loge-7"]).await.granted(201);
    app.finish().await;
}

#[tokio::test]
async fn either_rows_or_seats_not_both_and_not_neither() {
    let app = TestApp::start().await;
    app.create_showtime(json!({ "seats": { "A1": "vip" } })).await.invalid("body");
    app.create_showtime(json!({ "layout": null })).await.invalid("body");
    app.create_showtime(json!({ "layout": null, "seats": {} })).await.invalid("seats");
    app.finish().await;
}

#[tokio::test]
async fn a_seat_exists_once() {
    let app = TestApp::start().await;
    let twice = [row("A", 2, "standard"), row("A", 1, "vip")];
    app.create_showtime(json!({ "layout": { "rows": twice } })).await.invalid("seats");
    // A1 and then 1, A and then 11.
    let clash = [row("A1", 1, "standard"), row("A", 11, "vip")];
    app.create_showtime(json!({ "layout": { "rows": clash } })).await.invalid("seats");
    let mut body = app.evening();
    body.as_object_mut().expect("fields").remove("layout");
    body["seats"] = json!({ "A1": "vip" });
    let text = body.to_string().replace("\"A1\":\"vip\"", "\"A1\":\"vip\",\"A1\":\"standard\"");
    let answer = app.post("/api/admin/showtimes").by_admin().raw(text).send().await;
    answer.invalid("seats");
    app.finish().await;
}

#[tokio::test]
async fn rows_and_labels_must_be_sound() {
    let app = TestApp::start().await;
    for rows in [
        json!([]),
        json!([row("A", 0, "standard")]),
        json!([row("", 1, "standard")]),
        json!([row("A.", 1, "standard")]),
        json!([row("$A", 1, "standard")]),
        json!([row("A\u{0}", 1, "standard")]),
        json!([row("Row-12345678", 1, "standard")]),
        json!([row("A", 1, "gold")]),
        json!([{ "row": "A", "count": 4_294_967_296_u64, "seat_type": "vip" }]),
        json!([{ "row": "A", "count": -1, "seat_type": "vip" }]),
        json!([{ "row": "A", "count": 1, "seat_type": "vip", "first": 7 }]),
        json!({ "A": 20 }),
        json!("A1-A20"),
    ] {
        let answer = app.create_showtime(json!({ "layout": { "rows": rows } })).await;
        answer.refused(400, "VALIDATION_FAILED");
    }
    for label in ["", "A 1", "A.1", "$A1", "A\n1", "Ä1", "Abcdefgh_-1234567"] {
        let seats = json!({ label: "vip" });
        app.create_showtime(json!({ "layout": null, "seats": seats })).await.invalid("seats");
    }
    assert_eq!(app.get("/api/showtimes").send().await.body["total"], 0);
    app.finish().await;
}

#[tokio::test]
async fn sixty_thousand_seats_are_the_most() {
    let app = TestApp::start().await;
    let rows = [row("A", 30_000, "standard"), row("B", 30_000, "vip")];
    let stadium = app.showtime_with(json!({ "layout": { "rows": rows } })).await;
    app.hold("ann", &stadium, ["B30000"]).await.granted(201);
    assert_eq!(app.free_seats(&stadium).await, 59_999);
    let rows = [row("A", 30_000, "standard"), row("B", 30_001, "vip")];
    app.create_showtime(json!({ "layout": { "rows": rows } })).await.invalid("layout.rows");
    app.finish().await;
}

#[tokio::test]
async fn sixty_thousand_seats_fit_a_body_one_by_one() {
    let app = TestApp::start().await;
    let seats = |count: u32| -> Value {
        let seat = |n| (format!("Block-A-{n}"), Value::from("standard"));
        (1..=count).map(seat).collect::<Map<_, _>>().into()
    };
    let most = app.create_showtime(json!({ "layout": null, "seats": seats(60_000) })).await;
    assert_eq!(most.granted(201).body["total_seats"], 60_000);
    let more = app.create_showtime(json!({ "layout": null, "seats": seats(60_001) })).await;
    more.invalid("seats");
    app.finish().await;
}
