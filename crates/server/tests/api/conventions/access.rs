//! Who may do what, on every route that the API's own description names: one that is
//! not in the table below fails the test.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, NOBODYS_ID, Session, State, TestApp, fresh_key};

/// Whom a route is for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum For {
    /// Everybody, without a name.
    All,
    /// A gateway, by its signature.
    Gateway,
    /// Every user: what they get is their own.
    User,
    /// The owner of this, and, where `admin`, admins.
    Owner { of: Thing, admin: bool },
    /// Admins.
    Admin,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Thing {
    Held,
    Sold,
    Payment,
    /// The held booking, named in the body.
    Body,
}

const ACCESS: [(&str, &str, For); 24] = [
    ("post", "/api/bookings/hold", For::User),
    ("get", "/api/bookings", For::User),
    ("get", "/api/bookings/{id}", For::Owner { of: Thing::Held, admin: true }),
    ("delete", "/api/bookings/{id}", For::Owner { of: Thing::Held, admin: false }),
    ("post", "/api/bookings/{id}/confirm", For::Owner { of: Thing::Held, admin: false }),
    ("post", "/api/bookings/{id}/refund", For::Owner { of: Thing::Sold, admin: true }),
    ("post", "/api/payments", For::Owner { of: Thing::Body, admin: false }),
    ("get", "/api/payments/{id}", For::Owner { of: Thing::Payment, admin: true }),
    ("post", "/api/payments/webhook/{provider}", For::Gateway),
    ("get", "/api/payments/webhook/{provider}", For::Gateway),
    ("get", "/api/showtimes", For::All),
    ("get", "/api/showtimes/{id}", For::All),
    ("get", "/api/showtimes/{id}/seats", For::All),
    ("post", "/api/admin/showtimes", For::Admin),
    ("get", "/api/admin/showtimes/{id}", For::Admin),
    ("post", "/api/admin/showtimes/{id}/cancel", For::Admin),
    ("get", "/api/admin/bookings/{id}/history", For::Admin),
    ("get", "/api/admin/events/dead", For::Admin),
    ("post", "/api/admin/events/dead/{id}/retry", For::Admin),
    ("post", "/api/admin/reconcile", For::Admin),
    ("get", "/api/admin/verify", For::Admin),
    ("get", "/health", For::All),
    ("get", "/health/live", For::All),
    ("get", "/health/ready", For::All),
];

/// A name that stands in no other text.
const OWNER: &str = "the-owner-of-it";

/// A showtime, and the owner's bookings and payment.
struct Stage {
    app: TestApp,
    showtime: String,
    held: String,
    sold: String,
    session: Session,
}

/// Who asks.
#[derive(Clone, Copy, Debug)]
enum By {
    Nobody,
    Bob,
    Admin,
}

impl Stage {
    async fn new() -> Self {
        let app = TestApp::start().await;
        let showtime = app.showtime().await;
        let sold = app.bought(OWNER, &showtime, ["A5"]).await;
        let (held, session) = app.buying(OWNER, &showtime, ["A1", "A2"]).await;
        Self { app, showtime, held, sold, session }
    }

    /// A request that would be granted to whom it is for.
    async fn send(&self, (method, path, access): (&str, &str, For), by: By) -> Answer {
        let id = match access {
            For::Owner { of: Thing::Sold, .. } => &self.sold,
            For::Owner { of: Thing::Payment, .. } => &self.session.payment,
            For::Owner { .. } => &self.held,
            _ if path.contains("/showtimes/") => &self.showtime,
            _ if path.contains("/bookings/") => &self.held,
            _ => NOBODYS_ID,
        };
        let path = path.replace("{id}", id).replace("{provider}", "momo");
        let method: Method = method.to_ascii_uppercase().parse().expect("a method");
        let call = self.app.call(method.clone(), &path).key(&fresh_key());
        let call = match by {
            By::Nobody => call,
            By::Bob => call.by("bob"),
            By::Admin => call.by_admin(),
        };
        let has_body = method == Method::POST && !path.ends_with("/refund");
        if has_body { call.json(&self.body(&path)).send().await } else { call.send().await }
    }

    fn body(&self, path: &str) -> Value {
        match path {
            "/api/bookings/hold" => json!({ "showtime_id": self.showtime, "seats": ["A9"] }),
            "/api/payments" => json!({ "booking_id": self.held, "payment_method": "momo" }),
            "/api/admin/showtimes" => self.app.evening(),
            path if path.ends_with("/confirm") => json!({ "payment_method": "momo" }),
            path if path.contains("/webhook/") => self.session.word("success"),
            _ => json!({}),
        }
    }

    async fn state(&self) -> (State, Value, String) {
        let seen = State::of(&self.app, &self.showtime, &[OWNER, "bob"]).await;
        let showtimes = self.app.get("/api/showtimes?limit=100").send().await.body;
        (seen, showtimes, self.app.payment_status(&self.session).await)
    }
}

#[tokio::test]
async fn the_table_names_every_route_there_is() {
    let app = TestApp::start().await;
    let description = app.get("/api/openapi.json").send().await.granted(200).body;
    app.finish().await;
    let mut described = BTreeSet::new();
    for (path, operations) in description["paths"].as_object().expect("paths") {
        for (method, operation) in operations.as_object().expect("operations") {
            described.insert((method.as_str(), path.as_str()));
            let row = ACCESS.iter().find(|row| (row.0, row.1) == (method, path));
            let is_open = row.is_none_or(|row| matches!(row.2, For::All | For::Gateway));
            // What needs a user says so in the description.
            assert_eq!(operation["security"].is_null(), is_open, "{method} {path}");
        }
    }
    let named = ACCESS.iter().map(|row| (row.0, row.1)).chain([("get", "/metrics")]);
    assert_eq!(described, named.collect());
}

#[tokio::test]
async fn nobody_without_a_name_gets_what_is_for_somebody() {
    let stage = Stage::new().await;
    let before = stage.state().await;
    for row in ACCESS {
        let answer = stage.send(row, By::Nobody).await;
        match row.2 {
            For::All => assert!(answer.status < 400, "{row:?}: {answer:?}"),
            // Not even that there is no such method.
            For::Gateway => assert!([401, 405].contains(&answer.status), "{row:?}: {answer:?}"),
            _ => drop(answer.refused(401, "UNAUTHENTICATED")),
        }
    }
    assert_eq!(stage.state().await, before);
    stage.app.finish().await;
}

#[tokio::test]
async fn no_user_gets_what_is_anothers_or_for_admins() {
    let stage = Stage::new().await;
    let before = stage.state().await;
    let mut tried = 0;
    for row in ACCESS {
        let code = match row.2 {
            For::Owner { .. } => "BOOKING_NOT_OWNED",
            For::Admin => "FORBIDDEN",
            _ => continue,
        };
        let answer = stage.send(row, By::Bob).await;
        assert_eq!((answer.status, answer.code()), (403, code), "{row:?}: {}", answer.body);
        // Whose it is, or what it is worth, is not told either.
        let said = answer.body.to_string();
        assert!(!said.contains(OWNER) && !said.contains("A1"), "{said}");
        tried += 1;
    }
    assert_eq!(tried, 14, "no row was left out");
    assert_eq!(stage.state().await, before);
    // Bob's own list has nothing of it.
    let bobs = stage.app.bookings("bob", "?limit=100").await.granted(200);
    assert_eq!(bobs.body["total"], 0);
    stage.app.finish().await;
}

#[tokio::test]
async fn an_admin_reads_all_and_buys_nothing_for_others() {
    let stage = Stage::new().await;
    for row in ACCESS {
        match row.2 {
            For::Owner { admin: false, .. } => {
                stage.send(row, By::Admin).await.refused(403, "BOOKING_NOT_OWNED");
            }
            For::Owner { admin: true, .. } => {
                let answer = stage.send(row, By::Admin).await;
                assert!(answer.status < 400, "{row:?}: {}", answer.body);
            }
            _ => {}
        }
    }
    assert_eq!(stage.app.status(&stage.held).await, "pending");
    assert_eq!(stage.app.status(&stage.sold).await, "cancelled", "an admin may give it back");
    stage.app.finish().await;
}
