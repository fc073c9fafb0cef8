//! Bodies are JSON, and say so.

use serde_json::json;

use crate::support::{NOBODYS_ID, State, TestApp, fresh_key};

#[tokio::test]
async fn a_body_that_does_not_say_it_is_json_is_not_taken() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let before = State::of(&app, &showtime, &["ann"]).await;
    let hold = json!({ "showtime_id": showtime, "seats": ["A1"] });
    let pay = json!({ "payment_method": "momo" });
    for (path, body) in [
        ("/api/bookings/hold".to_owned(), &hold),
        (format!("/api/bookings/{NOBODYS_ID}/confirm"), &pay),
        ("/api/payments".to_owned(), &pay),
        ("/api/admin/showtimes".to_owned(), &app.evening()),
    ] {
        let call = || app.post(&path).by_admin().key(&fresh_key());
        for kind in [
            "text/plain",
            "text/json",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/jsonp",
            "",
        ] {
            let answer = call().typed(kind, body.to_string()).send().await;
            answer.refused(415, "UNSUPPORTED_MEDIA_TYPE");
        }
        call().send().await.refused(415, "UNSUPPORTED_MEDIA_TYPE");
    }
    assert_eq!(State::of(&app, &showtime, &["ann"]).await, before);
    app.finish().await;
}

#[tokio::test]
async fn json_has_several_names() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let kinds = [
        ("A1", "application/json"),
        ("A2", "application/json; charset=utf-8"),
        ("A3", "Application/JSON"),
        ("A4", "application/vnd.shop+json"),
    ];
    for (seat, kind) in kinds {
        let body = json!({ "showtime_id": showtime, "seats": [seat] }).to_string();
        let call = app.post("/api/bookings/hold").by("ann").key(&fresh_key());
        call.typed(kind, body).send().await.granted(201);
    }
    app.finish().await;
}
