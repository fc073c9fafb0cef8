//! `GET /api/showtimes`

use reqwest::Url;
use serde_json::json;

use crate::support::{Answer, HOLD_TTL, HOUR, TestApp, at};

fn titles(answer: &Answer) -> Vec<&str> {
    let data = answer.body["data"].as_array().expect("a list");
    data.iter().filter_map(|showtime| showtime["title"].as_str()).collect()
}

async fn list(app: &TestApp, query: &str) -> Answer {
    app.get(&format!("/api/showtimes{query}")).send().await
}

/// Three showtimes: by start A, B, C; by price C, A, B; by title B, A, C.
async fn programme() -> TestApp {
    let app = TestApp::start().await;
    for (hours, title, movie, standard) in [
        (1, "Metropolis", "m-1", 80_000),
        (2, "Alien (4K)", "m-2", 90_000),
        (3, "The Thing", "m-1", 70_000),
    ] {
        app.showtime_with(json!({
            "title": title, "movie_id": movie,
            "start_time": at(app.now() + hours * HOUR),
            "end_time": at(app.now() + (hours + 2) * HOUR),
            "price": { "standard": standard, "vip": 150_000, "couple": 250_000 },
        }))
        .await;
    }
    app
}

const BY_START: [&str; 3] = ["Metropolis", "Alien (4K)", "The Thing"];

#[tokio::test]
async fn showtimes_come_by_start_unless_asked_otherwise() {
    let app = programme().await;
    for (query, expected) in [
        ("", BY_START),
        ("?sortBy=start_time&sortOrder=asc", BY_START),
        ("?sortOrder=desc", ["The Thing", "Alien (4K)", "Metropolis"]),
        ("?sortBy=price", ["The Thing", "Metropolis", "Alien (4K)"]),
        ("?sortBy=price&sortOrder=desc", ["Alien (4K)", "Metropolis", "The Thing"]),
        ("?sortBy=title", ["Alien (4K)", "Metropolis", "The Thing"]),
        ("?sortBy=title&sortOrder=desc", ["The Thing", "Metropolis", "Alien (4K)"]),
    ] {
        assert_eq!(titles(&list(&app, query).await.granted(200)), expected, "{query}");
    }
    app.finish().await;
}

#[tokio::test]
async fn an_entry_is_the_showtime_without_its_seat_map() {
    let app = TestApp::start().await;
    let id = app.showtime().await;
    app.held("ann", &id, ["A1", "A2"]).await;
    let page = list(&app, "").await.granted(200);
    let one = app.get(&format!("/api/showtimes/{id}")).send().await.granted(200);
    assert_eq!(page.body, json!({ "data": [one.body], "page": 1, "limit": 20, "total": 1 }));
    assert_eq!(page.body["data"][0]["available_seats"], 26);
    assert!(page.body["data"][0].get("seats").is_none());
    app.finish().await;
}

#[tokio::test]
async fn expired_holds_count_as_available_in_the_list() {
    let app = TestApp::start().await;
    let id = app.showtime().await;
    app.held("ann", &id, ["A1", "A2"]).await;
    app.clock.advance(HOLD_TTL);
    assert_eq!(list(&app, "").await.body["data"][0]["available_seats"], 28);
    app.finish().await;
}

#[tokio::test]
async fn titles_are_searched_whatever_their_case() {
    let app = programme().await;
    for (search, expected) in [
        ("thing", &["The Thing"][..]),
        ("T", &["Metropolis", "The Thing"]),
        ("ALIEN (4K)", &["Alien (4K)"]),
        (".*", &[]),
        ("(", &["Alien (4K)"]),
        ("no such title", &[]),
    ] {
        let path = Url::parse_with_params("http://x/", [("search", search)]).expect("a URL");
        let query = path.query().expect("a query");
        let answer = list(&app, &format!("?{query}")).await.granted(200);
        assert_eq!(titles(&answer), expected, "{search}");
        assert_eq!(answer.body["total"], expected.len());
    }
    app.finish().await;
}

#[tokio::test]
async fn one_movie_and_a_span_of_time_can_be_selected() {
    let app = programme().await;
    let (first, last) = (at(app.now() + HOUR), at(app.now() + 3 * HOUR));
    let just_after = at(app.now() + HOUR + 1);
    for (query, expected) in [
        ("?movie_id=m-1".to_owned(), &["Metropolis", "The Thing"][..]),
        (format!("?from={first}&to={last}"), &BY_START),
        (format!("?from={just_after}"), &BY_START[1..]),
        (format!("?to={first}"), &BY_START[..1]),
        (format!("?from={just_after}&movie_id=m-1"), &BY_START[2..]),
        (format!("?from={last}&to={first}"), &[]),
        (
            "?from=2084-01-15T18:30:00%2B07:00&to=2084-01-15T18:30:00%2B07:00".to_owned(),
            &BY_START[..1],
        ),
    ] {
        assert_eq!(titles(&list(&app, &query).await.granted(200)), expected, "{query}");
    }
    app.finish().await;
}

#[tokio::test]
async fn pages_do_not_overlap() {
    let app = programme().await;
    for (query, expected, limit) in [
        ("?page=1&limit=2", &BY_START[..2], 2),
        ("?page=2&limit=2", &BY_START[2..], 2),
        ("?page=3&limit=2", &[], 2),
        ("?limit=100", &BY_START, 100),
        ("?page=4294967295&limit=100", &[], 100),
    ] {
        let page = list(&app, query).await.granted(200);
        assert_eq!(titles(&page), expected, "{query}");
        assert_eq!(page.body["limit"], limit);
        assert_eq!(page.body["total"], 3);
    }
    app.finish().await;
}

#[tokio::test]
async fn wrong_parameters_are_named() {
    let app = TestApp::start().await;
    for (query, field) in [
        ("?page=0", "page"),
        ("?page=4294967296", "page"),
        ("?limit=101", "limit"),
        ("?limit=0", "limit"),
        ("?limit=ten", "limit"),
        ("?from=today", "from"),
        ("?to=2084-01-15", "to"),
        ("?sortBy=rating", "sortBy"),
        ("?sortOrder=up", "sortOrder"),
        ("?limit=1&limit=2", "limit"),
    ] {
        list(&app, query).await.invalid(field);
    }
    list(&app, &format!("?search={}", "x".repeat(201))).await.invalid("search");
    let answer = list(&app, "?page=0&limit=101&sortBy=x").await.invalid("page");
    answer.invalid("limit").invalid("sortBy");
    app.finish().await;
}
