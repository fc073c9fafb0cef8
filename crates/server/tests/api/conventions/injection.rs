//! Strings that mean something to a database, a pattern or a terminal: here they mean
//! themselves.

use serde_json::json;

use crate::support::{Answer, Place, Program, TestApp, fresh_key};

/// Names of users, if that is what somebody is called.
const NAMES: [&str; 8] = [
    "{\"$gt\":\"\"}",
    "$where",
    "'; return true; var x='",
    "{$ne:null}",
    "%00",
    ".*",
    "ann' || '1'=='1",
    "a.b$c",
];

#[tokio::test]
async fn a_user_called_like_an_operator_is_a_user() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let anns = app.held("ann", &showtime, ["B1"]).await;
    const SEATS: [&str; 8] = ["A1", "A2", "A3", "A4", "A5", "A6", "A7", "A8"];
    for (name, seat) in NAMES.into_iter().zip(SEATS) {
        let id = app.held(name, &showtime, [seat]).await;
        assert_eq!(app.booking(name, &id).await.granted(200).text("user_id"), name);
        let list = app.bookings(name, "").await.granted(200);
        assert_eq!((&list.body["total"], list.text("/data/0/id")), (&json!(1), &*id), "{name}");
        app.booking(name, &anns).await.refused(403, "BOOKING_NOT_OWNED");
        app.cancel(name, &anns).await.refused(403, "BOOKING_NOT_OWNED");
    }
    assert_eq!(app.bookings("ann", "").await.body["total"], 1);
    app.finish().await;
}

#[tokio::test]
async fn an_object_in_the_place_of_a_text_is_refused() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let (booking, session) = app.buying("ann", &showtime, ["A1"]).await;
    for object in [json!({ "$gt": "" }), json!({ "$ne": null }), json!([{ "$gt": "" }])] {
        let hold = json!({ "showtime_id": object, "seats": ["A2"] });
        let call = app.post("/api/bookings/hold").by("eve").key(&fresh_key());
        call.json(&hold).send().await.invalid("showtime_id");
        let hold = json!({ "showtime_id": showtime, "seats": [object] });
        let call = app.post("/api/bookings/hold").by("eve").key(&fresh_key());
        call.json(&hold).send().await.refused(400, "VALIDATION_FAILED");
        let pay = json!({ "booking_id": object, "payment_method": "momo" });
        let call = app.post("/api/payments").by("eve").key(&fresh_key());
        call.json(&pay).send().await.invalid("booking_id");
        let mut word = session.word("success");
        word["transaction_id"] = object.clone();
        app.webhook("momo", &word).await.invalid("transaction_id");
    }
    assert_eq!(app.status(&booking).await, "pending");
    app.finish().await;
}

#[tokio::test]
async fn parameters_are_texts_and_no_query_of_the_database() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    app.held("ann", &showtime, ["A1"]).await;
    for query in [
        "?showtime_id[$ne]=x",
        "?showtime_id[$gt]=",
        "?status[$in][]=pending",
        "?status=%7B%22%24ne%22%3A%22%22%7D",
        "?showtime_id=%7B%22%24gt%22%3A%22%22%7D",
        "?user_id=ann",
    ] {
        let answer = app.bookings("eve", query).await;
        assert!(
            answer.status == 400 || answer.body["total"] == 0,
            "{query}: {} {}",
            answer.status,
            answer.body
        );
    }
    for id in ["%7B%22%24gt%22%3A%22%22%7D", "..%2F..%2Fadmin%2Fverify", "%00", "0x1", "null"] {
        let answer = app.get(&format!("/api/showtimes/{id}")).send().await;
        assert!([400, 404].contains(&answer.status), "{id}: {answer:?}");
        answer.is_problem();
    }
    app.finish().await;
}

#[tokio::test]
async fn what_is_searched_for_is_a_text_and_no_pattern() {
    let app = TestApp::start().await;
    let mark = &fresh_key()[..8];
    let plain = format!("{mark} Evening");
    app.showtime_with(json!({ "title": plain })).await;
    let odd = format!("{mark} (a+)+$ [x] \\d {{\"$gt\":\"\"}} 100% _");
    app.showtime_with(json!({ "title": odd })).await;
    for (search, expected) in [
        (format!("{mark} "), vec![&*odd, &plain]),
        (format!("{mark}.E"), vec![]),
        (format!("{mark} .*"), vec![]),
        (format!("{mark} (a+)+$"), vec![&*odd]),
        (format!("{mark} (a+)+$ [x] \\d"), vec![&*odd]),
        (format!("^{mark}"), vec![]),
        ("{\"$gt\":\"\"} 100%".to_owned(), vec![&*odd]),
        ("(".to_owned() + mark, vec![]),
        ("[".to_owned() + mark, vec![]),
        (format!("{mark}\\"), vec![]),
    ] {
        let query = form_urlencoded::byte_serialize(search.as_bytes()).collect::<String>();
        let path = format!("/api/showtimes?search={query}&sortBy=title&sortOrder=asc&limit=100");
        let answer = app.get(&path).send().await.granted(200);
        let mut found = titles(&answer);
        found.retain(|title| title.contains(mark));
        assert_eq!(found, expected, "{search}");
    }
    app.finish().await;
}

/// The titles in a list of showtimes.
fn titles(answer: &Answer) -> Vec<&str> {
    let data = answer.body["data"].as_array().expect("a list");
    data.iter().map(|one| one["title"].as_str().expect("a title")).collect()
}

/// What tries to end a line, to begin another, or to colour a terminal.
const BREAKERS: [&str; 5] = [
    "a%0Ab",
    "a%0D%0A%7B%22level%22:%22ERROR%22%7D",
    "%1B[31mred%1B[0m",
    "%C2%85next",
    "%E2%80%A8",
];

#[tokio::test]
async fn one_request_is_one_line_of_the_log_in_both_formats() {
    for format in ["json", "text"] {
        let place = Place::embedded();
        let server = Program::serve(&place, &[("LOG_FORMAT", format)]).await;
        let mut asked = 0;
        for breaker in BREAKERS {
            for path in [
                format!("/api/showtimes/{breaker}"),
                format!("/api/showtimes?search={breaker}"),
                format!("/nowhere/{breaker}"),
                format!("/api/payments/webhook/{breaker}"),
            ] {
                let call = server.get(&path).by("ann\u{85}\u{9b}31m");
                let call = call.header("X-Request-Id", "x{\"a\":1}").header("User-Agent", "a\tb");
                call.send().await;
                asked += 1;
            }
            let call = server.post("/api/payments/webhook/momo").header("X-Signature", breaker);
            call.raw("{\"transaction_id\":\"a\\nb\\u001b[31m\"}").send().await;
            asked += 1;
        }
        let ended = server.stop().await;
        let lines: Vec<&str> = ended.stderr.lines().collect();
        let requests = |line: &&&str| match format {
            "json" => line.contains("\"message\":\"request\""),
            _ => line.contains(" request ") || line.contains(": request "),
        };
        assert_eq!(lines.iter().filter(requests).count(), asked, "{}", ended.stderr);
        for line in &lines {
            let clean = |c: char| !c.is_control();
            assert!(line.chars().all(clean), "{line:?}");
            let starts =
                if format == "json" { line.starts_with('{') } else { line.starts_with("20") };
            assert!(starts, "{line}");
        }
        if format == "json" {
            ended.log();
        }
    }
}
