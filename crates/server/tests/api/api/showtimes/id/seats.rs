//! `GET /api/showtimes/{id}/seats`

use serde_json::json;

use crate::support::{Answer, HOLD_TTL, SECOND, TestApp, row};

/// The map, unless it is the one with this tag.
async fn unless(app: &TestApp, showtime: &str, tags: &str) -> Answer {
    let path = format!("/api/showtimes/{showtime}/seats");
    app.get(&path).header("If-None-Match", tags).send().await
}

fn tag(map: &Answer) -> String {
    map.header("etag").expect("a tag").to_owned()
}

#[tokio::test]
async fn a_map_shows_each_seat_but_never_who_holds_it() {
    let app = TestApp::start().await;
    let rows = [row("A", 2, "standard"), row("B", 1, "vip"), row("C", 1, "couple")];
    let showtime = app.showtime_with(json!({ "layout": { "rows": rows } })).await;
    app.bought("ann", &showtime, ["B1"]).await;
    let held = app.held("bob", &showtime, ["A2"]).await;
    let map = app.seats(&showtime).await.granted(200);
    let seat = |status: &str, seat_type: &str, price: i64| json!({ "status": status, "seat_type": seat_type, "price": price });
    let expected = json!({
        "showtime_id": showtime, "version": 4, "available_seats": 2,
        "seats": {
            "A1": seat("available", "standard", 100_000),
            "A2": seat("held", "standard", 100_000),
            "B1": seat("booked", "vip", 150_000),
            "C1": seat("available", "couple", 250_000),
        },
    });
    assert_eq!(map.body, expected);
    let text = String::from_utf8_lossy(&map.bytes);
    assert!(!text.contains("ann") && !text.contains("bob") && !text.contains(&held), "{text}");
    app.finish().await;
}

#[tokio::test]
async fn seats_stand_in_the_order_of_the_map() {
    let app = TestApp::start().await;
    let rows = [row("B", 11, "standard"), row("A", 1, "vip")];
    let showtime = app.showtime_with(json!({ "layout": { "rows": rows } })).await;
    let map = app.seats(&showtime).await.granted(200);
    let text = String::from_utf8_lossy(&map.bytes);
    let places: Vec<_> =
        ["\"B1\"", "\"B2\"", "\"B10\"", "\"B11\"", "\"A1\""].map(|seat| text.find(seat)).into();
    assert!(places.is_sorted() && places[0].is_some(), "{text}");
    app.finish().await;
}

#[tokio::test]
async fn the_version_rises_by_one_with_each_change() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let version = async || app.seats(&showtime).await.body["version"].clone();
    assert_eq!(version().await, 1);
    let booking = app.held("ann", &showtime, ["A1", "A2"]).await;
    assert_eq!(version().await, 2);
    app.hold("bob", &showtime, ["A1"]).await.refused(409, "SEAT_HELD_BY_ANOTHER");
    assert_eq!(version().await, 2);
    app.cancel("ann", &booking).await.granted(200);
    assert_eq!(version().await, 3);
    app.finish().await;
}

#[tokio::test]
async fn the_same_map_is_not_sent_twice() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let tag = tag(&app.seats(&showtime).await.granted(200));
    for tags in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
        let answer = unless(&app, &showtime, &tags).await.granted(304);
        assert!(answer.bytes.is_empty());
        assert_eq!(answer.header("etag"), Some(&*tag));
        assert!(answer.header("x-request-id").is_some());
    }
    unless(&app, &showtime, "\"other\"").await.granted(200);
    app.finish().await;
}

#[tokio::test]
async fn the_tag_changes_with_every_change() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let mut tags = vec![tag(&app.seats(&showtime).await)];
    let (booking, session) = app.buying("ann", &showtime, ["A1"]).await;
    tags.push(tag(&app.seats(&showtime).await));
    app.pay(&session).await;
    tags.push(tag(&app.seats(&showtime).await));
    app.held("bob", &showtime, ["A2"]).await;
    tags.push(tag(&app.seats(&showtime).await));
    let last = tags.len() - 1;
    for old in &tags[..last] {
        unless(&app, &showtime, old).await.granted(200);
    }
    unless(&app, &showtime, &tags[last]).await.granted(304);
    assert_eq!(app.status(&booking).await, "confirmed");
    app.finish().await;
}

/// Nothing is written when a hold expires: only the time has passed.
#[tokio::test]
async fn the_tag_changes_with_each_hold_that_expires() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    app.held("ann", &showtime, ["A1"]).await;
    app.clock.advance(SECOND);
    app.held("bob", &showtime, ["A2"]).await;
    let both = app.seats(&showtime).await;

    app.clock.advance(HOLD_TTL - SECOND - 1);
    unless(&app, &showtime, &tag(&both)).await.granted(304);
    app.clock.advance(1);
    let one = unless(&app, &showtime, &tag(&both)).await.granted(200);
    assert_eq!(one.text("/seats/A1/status"), "available");
    assert_eq!(one.text("/seats/A2/status"), "held");
    assert_eq!(one.body["available_seats"], 27);
    assert_eq!(one.body["version"], both.body["version"], "no commit");

    app.clock.advance(SECOND);
    let none = unless(&app, &showtime, &tag(&one)).await.granted(200);
    assert_eq!(none.body["available_seats"], 28);
    assert_eq!(none.body["version"], both.body["version"]);
    app.clock.advance(SECOND);
    app.sweep().await;
    let swept = unless(&app, &showtime, &tag(&none)).await.granted(200);
    assert_eq!(swept.body["seats"], none.body["seats"]);
    app.finish().await;
}
