//! `POST /api/admin/showtimes`: who may, and what a showtime must be.

use serde_json::{Value, json};

use crate::support::{HOUR, TestApp, at};

#[tokio::test]
async fn a_showtime_is_made_and_can_be_found() {
    let app = TestApp::start().await;
    let made = app.create_showtime(json!({})).await.granted(201);
    let path = format!("/api/showtimes/{}", made.text("id"));
    assert_eq!(made.header("location"), Some(&*path));
    let found = app.get(&path).send().await.granted(200);
    assert_eq!(found.body, made.body);
    assert_eq!(made.body["available_seats"], 28);
    app.finish().await;
}

#[tokio::test]
async fn only_admins_may() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let create = || app.post("/api/admin/showtimes").json(&app.evening());
    let cancel = || app.post(&format!("/api/admin/showtimes/{showtime}/cancel"));
    let verify = || app.get("/api/admin/verify");
    for call in [create(), cancel(), verify()] {
        call.send().await.refused(401, "UNAUTHENTICATED");
    }
    for call in [create(), cancel(), verify()] {
        call.by("ann").send().await.refused(403, "FORBIDDEN");
    }
    for call in [create(), cancel(), verify()] {
        call.by("ann").header("X-User-Role", "owner").send().await.refused(403, "FORBIDDEN");
    }
    let list = app.get("/api/showtimes").send().await.granted(200);
    assert_eq!(list.body["total"], 1);
    assert_eq!(list.text("/data/0/status"), "scheduled");
    app.finish().await;
}

#[tokio::test]
async fn a_start_in_the_past_is_allowed_and_cannot_be_booked() {
    let app = TestApp::start().await;
    let start = at(app.now() - HOUR);
    let showtime = app.showtime_with(json!({ "start_time": start })).await;
    app.hold("ann", &showtime, ["A1"]).await.refused(400, "SHOWTIME_ALREADY_STARTED");
    app.finish().await;
}

#[tokio::test]
async fn times_may_have_any_offset_and_read_in_utc() {
    let app = TestApp::start().await;
    let times = json!({ "start_time": "2084-01-16T20:00:00+07:00",
                        "end_time": "2084-01-16T22:00:00.25+07:00" });
    let made = app.create_showtime(times).await.granted(201);
    assert_eq!(made.text("start_time"), "2084-01-16T13:00:00.000Z");
    assert_eq!(made.text("end_time"), "2084-01-16T15:00:00.250Z");
    app.finish().await;
}

#[tokio::test]
async fn each_invalid_field_is_named() {
    let app = TestApp::start().await;
    let long = "x".repeat(201);
    for (field, value, named) in [
        ("title", json!(""), "title"),
        ("title", json!(long), "title"),
        ("title", json!(7), "title"),
        ("movie_id", json!(""), "movie_id"),
        ("cinema_id", json!("x".repeat(65)), "cinema_id"),
        ("screen_id", json!([]), "screen_id"),
        ("start_time", json!("tomorrow"), "start_time"),
        ("start_time", json!(1_705_314_600), "start_time"),
        ("end_time", json!("2084-01-15T11:30:00.000Z"), "end_time"),
        ("end_time", json!("2084-01-15T10:00:00.000Z"), "end_time"),
        ("currency", json!("dong"), "currency"),
        ("currency", json!("vnd"), "currency"),
        ("price", json!(100_000), "price"),
        ("price", json!({ "standard": 1, "vip": 1 }), "price"),
        ("price", json!({ "standard": -1, "vip": 1, "couple": 1 }), "price.standard"),
        ("price", json!({ "standard": 1, "vip": 1e13 as i64 + 1, "couple": 1 }), "price.vip"),
        ("price", json!({ "standard": 1.5, "vip": 1, "couple": 1 }), "price.standard"),
        ("price", json!({ "standard": 1, "vip": 1, "couple": 1, "box": 1 }), "price.box"),
        ("surprise", json!(1), "surprise"),
    ] {
        app.create_showtime(json!({ field: value })).await.invalid(named);
    }
    assert_eq!(app.get("/api/showtimes").send().await.body["total"], 0);
    app.finish().await;
}

#[tokio::test]
async fn every_field_is_needed() {
    let app = TestApp::start().await;
    let names: Vec<String> = app.evening().as_object().expect("fields").keys().cloned().collect();
    for name in names {
        let answer = app.create_showtime(json!({ name.as_str(): Value::Null })).await;
        answer.invalid("body");
    }
    app.finish().await;
}
