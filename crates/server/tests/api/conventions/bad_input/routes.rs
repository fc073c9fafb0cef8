use serde_json::{Value, json};

use crate::support::{Answer, Session, State, TestApp, WEBHOOK_SECRET, fresh_key, sign};

/// A showtime, ann's hold of A1 with a payment under way, and seats to hold.
pub(super) struct Stage {
    pub(super) app: TestApp,
    showtime: String,
    booking: String,
    session: Session,
}

/// Who sends what to where.
pub(super) struct Route {
    pub(super) path: String,
    pub(super) by: By,
    /// A body that is granted, with every field there is.
    pub(super) good: Value,
    /// How it is granted.
    pub(super) granted: u16,
    /// Fields that may as well be missing.
    pub(super) optional: &'static [&'static str],
    /// Bytes a body may have.
    pub(super) max_bytes: usize,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum By {
    User,
    Admin,
    Gateway,
}

const KIB: usize = 1_024;

impl Stage {
    pub(super) async fn new() -> Self {
        let app = TestApp::start().await;
        let showtime = app.showtime().await;
        let (booking, session) = app.buying("ann", &showtime, ["A1"]).await;
        Self { app, showtime, booking, session }
    }

    pub(super) async fn send(&self, route: &Route, body: Vec<u8>) -> Answer {
        let call = self.app.post(&route.path);
        let call = match route.by {
            By::Gateway => {
                let signature = sign(WEBHOOK_SECRET, self.app.seconds(), &body);
                call.header("X-Signature", &signature)
            }
            By::Admin => call.by_admin(),
            By::User => call.by("ann").key(&fresh_key()),
        };
        call.raw(body).send().await
    }

    /// All there is to see.
    pub(super) async fn state(&self) -> (State, String, Value) {
        let seen = State::of(&self.app, &self.showtime, &["ann"]).await;
        let payment = self.app.payment_status(&self.session).await;
        (seen, payment, self.app.get("/api/showtimes").send().await.body)
    }
}

pub(super) fn hold(stage: &Stage) -> Route {
    Route {
        path: "/api/bookings/hold".to_owned(),
        by: By::User,
        good: json!({ "showtime_id": stage.showtime, "seats": ["A2", "A3"] }),
        granted: 201,
        optional: &[],
        max_bytes: 64 * KIB,
    }
}

pub(super) fn confirm(stage: &Stage) -> Route {
    Route {
        path: format!("/api/bookings/{}/confirm", stage.booking),
        by: By::User,
        good: json!({ "payment_method": "momo", "return_url": "https://shop.example/paid" }),
        granted: 200,
        optional: &["return_url"],
        max_bytes: 64 * KIB,
    }
}

pub(super) fn payment(stage: &Stage) -> Route {
    let mut route = confirm(stage);
    route.good["booking_id"] = stage.booking.clone().into();
    Route { path: "/api/payments".to_owned(), granted: 201, ..route }
}

pub(super) fn webhook(stage: &Stage) -> Route {
    let mut good = stage.session.word("success");
    good["paid_at"] = "2084-01-15T10:30:00.000Z".into();
    good["event_id"] = "evt-1".into();
    good["payment_id"] = stage.session.payment.clone().into();
    good["currency"] = "VND".into();
    Route {
        path: "/api/payments/webhook/momo".to_owned(),
        by: By::Gateway,
        good,
        granted: 200,
        optional: &["paid_at", "event_id", "payment_id", "currency"],
        max_bytes: 64 * KIB,
    }
}

pub(super) fn showtime(stage: &Stage) -> Route {
    Route {
        path: "/api/admin/showtimes".to_owned(),
        by: By::Admin,
        good: stage.app.evening(),
        granted: 201,
        optional: &[],
        max_bytes: 2 * KIB * KIB,
    }
}
