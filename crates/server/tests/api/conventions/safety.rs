//! What browsers and caches are told.

use crate::support::TestApp;

#[tokio::test]
async fn no_answer_is_taken_for_something_else_than_it_says() {
    let app = TestApp::start().await;
    for path in ["/health", "/metrics", "/api/docs/", "/api/showtimes", "/nowhere"] {
        let answer = app.get(path).send().await;
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
    }
    app.finish().await;
}

#[tokio::test]
async fn what_is_for_one_user_is_kept_by_no_cache() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let (id, session) = app.buying("ann", &showtime, ["A1"]).await;
    let answers = [
        app.hold("ann", &showtime, ["A2"]).await.granted(201),
        app.booking("ann", &id).await.granted(200),
        app.bookings("ann", "").await.granted(200),
        app.payment("ann", &session.payment).await.granted(200),
        app.booking("bob", &id).await.refused(403, "BOOKING_NOT_OWNED"),
        app.get("/api/admin/verify").by_admin().send().await.granted(200),
    ];
    for answer in answers {
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{}", answer.body);
    }
    // What is the same for all may be kept, and asked about by its tag.
    let map = app.seats(&showtime).await.granted(200);
    assert_ne!(map.header("cache-control"), Some("no-store"));
    assert!(map.header("etag").is_some());
    app.finish().await;
}

#[tokio::test]
async fn the_page_runs_nothing_but_what_came_with_it() {
    let app = TestApp::start().await;
    let page = app.get("/api/docs/").send().await.granted(200);
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(policy.contains("script-src 'self';") && policy.contains("frame-ancestors 'none'"));
    // It would not run with a script of its own inside.
    let html = String::from_utf8_lossy(&page.bytes).into_owned();
    for script in html.split("<script").skip(1) {
        let (tag, rest) = script.split_once('>').expect("a whole tag");
        let inside = rest.split("</script>").next().unwrap_or_default();
        assert!(tag.contains("src=") && inside.trim().is_empty(), "<script{tag}>{inside}");
    }
    app.finish().await;
}
