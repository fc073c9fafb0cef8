//! `GET /api/bookings`

use serde_json::Value;

use crate::support::{Answer, HOLD_TTL, NOBODYS_ID, SECOND, TestApp};

fn ids(answer: &Answer) -> Vec<&str> {
    let data = answer.body["data"].as_array().expect("a list");
    data.iter().filter_map(|booking| booking["id"].as_str()).collect()
}

#[tokio::test]
async fn the_callers_bookings_come_newest_first() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let mut held = Vec::new();
    for seat in ["A1", "A2", "A3"] {
        held.push(app.held("ann", &showtime, [seat]).await);
        app.clock.advance(SECOND);
    }
    app.held("bob", &showtime, ["A4"]).await;
    held.reverse();
    let page = app.bookings("ann", "").await.granted(200);
    assert_eq!(ids(&page), held);
    let numbers = ["page", "limit", "total"].map(|name| page.body[name].as_u64());
    assert_eq!(numbers, [Some(1), Some(20), Some(3)]);
    let one = app.booking("ann", &held[0]).await.granted(200);
    assert_eq!(page.body["data"][0], one.body, "an entry is the booking itself");
    app.finish().await;
}

#[tokio::test]
async fn pages_do_not_overlap_and_the_last_one_ends() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    for seat in ["A1", "A2", "A3", "A4", "A5"] {
        app.held("ann", &showtime, [seat]).await;
        app.clock.advance(SECOND);
    }
    let all = app.bookings("ann", "").await;
    let mut seen = Vec::new();
    for (page, size) in [(1, 2), (2, 2), (3, 1), (4, 0)] {
        let answer = app.bookings("ann", &format!("?page={page}&limit=2")).await.granted(200);
        assert_eq!(ids(&answer).len(), size);
        assert_eq!(answer.body["total"], 5);
        seen.extend(ids(&answer).into_iter().map(str::to_owned));
    }
    assert_eq!(seen, ids(&all));
    app.finish().await;
}

#[tokio::test]
async fn a_status_is_selected_as_it_is_now() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let expired = app.held("ann", &showtime, ["A1"]).await;
    app.clock.advance(HOLD_TTL);
    let pending = app.held("ann", &showtime, ["A2"]).await;
    let cancelled = app.held("ann", &showtime, ["A3"]).await;
    app.cancel("ann", &cancelled).await.granted(200);
    let confirmed = app.bought("ann", &showtime, ["A4"]).await;
    for (status, id) in [
        ("expired", expired),
        ("pending", pending),
        ("cancelled", cancelled),
        ("confirmed", confirmed),
    ] {
        let page = app.bookings("ann", &format!("?status={status}")).await.granted(200);
        assert_eq!(ids(&page), [&*id], "{status}");
        assert_eq!(page.text("/data/0/status"), status);
        assert_eq!(page.body["total"], 1);
    }
    app.finish().await;
}

#[tokio::test]
async fn a_total_counts_what_is_selected_now_on_every_page() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    for seat in ["A1", "A2", "A3"] {
        app.held("ann", &showtime, [seat]).await;
    }
    app.clock.advance(HOLD_TTL);
    app.held("ann", &showtime, ["A4"]).await;
    app.held("ann", &showtime, ["A5"]).await;
    for (status, total) in [("pending", 2), ("expired", 3), ("confirmed", 0)] {
        for page in 1..=4_u64 {
            let query = format!("?status={status}&limit=1&page={page}");
            let answer = app.bookings("ann", &query).await.granted(200);
            assert_eq!(answer.body["total"], total, "{query}");
            assert_eq!(ids(&answer).len(), usize::from(page <= total), "{query}");
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn one_showtime_can_be_selected() {
    let app = TestApp::start().await;
    let (one, other) = (app.showtime().await, app.showtime().await);
    let wanted = app.held("ann", &one, ["A1"]).await;
    app.held("ann", &other, ["A1"]).await;
    let page = app.bookings("ann", &format!("?showtime_id={one}")).await.granted(200);
    assert_eq!(ids(&page), [&*wanted]);
    let page = app.bookings("ann", &format!("?showtime_id={one}&status=confirmed")).await;
    assert_eq!(ids(&page.granted(200)).len(), 0);
    let page = app.bookings("ann", &format!("?showtime_id={NOBODYS_ID}")).await;
    assert_eq!(page.granted(200).body["total"], 0);
    app.finish().await;
}

#[tokio::test]
async fn wrong_parameters_are_named() {
    let app = TestApp::start().await;
    for (query, field) in [
        ("?page=0", "page"),
        ("?page=-1", "page"),
        ("?page=99999999999999999999", "page"),
        ("?page=one", "page"),
        ("?limit=0", "limit"),
        ("?limit=101", "limit"),
        ("?limit=1e2", "limit"),
        ("?status=paid", "status"),
        ("?showtime_id=7", "showtime_id"),
        ("?page=1&page=2", "page"),
    ] {
        app.bookings("ann", query).await.invalid(field);
    }
    let empty = app.bookings("ann", "?page=4294967295&limit=100").await.granted(200);
    assert_eq!(empty.body["data"], Value::Array(vec![]));
    app.get("/api/bookings").send().await.refused(401, "UNAUTHENTICATED");
    app.finish().await;
}
