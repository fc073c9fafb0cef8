use chrono::{DateTime, SecondsFormat};
use serde_json::{Value, json};

use super::{Answer, HOUR, Site};

/// A moment as the API writes it.
pub(crate) fn at(millis: i64) -> String {
    let moment = DateTime::from_timestamp_millis(millis).expect("a moment of our era");
    moment.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A row of a layout.
pub(crate) fn row(name: &str, count: u32, seat_type: &str) -> Value {
    json!({ "row": name, "count": count, "seat_type": seat_type })
}

impl Site {
    /// A showtime that starts in an hour and ends two later: A1 to A20
    /// standard, B1 to B5 vip, C1 to C3 couple.
    pub(crate) fn evening(&self) -> Value {
        json!({
            "title": "Evening show", "movie_id": "movie-1", "cinema_id": "cinema-1",
            "screen_id": "screen-1", "currency": "VND",
            "start_time": at(self.now() + HOUR), "end_time": at(self.now() + 3 * HOUR),
            "price": { "standard": 100_000, "vip": 150_000, "couple": 250_000 },
            "layout": { "rows": [row("A", 20, "standard"), row("B", 5, "vip"), row("C", 3, "couple")] },
        })
    }

    /// The evening show; gives its id.
    pub(crate) async fn showtime(&self) -> String {
        self.showtime_with(json!({})).await
    }

    /// The evening show with other fields; null takes one away.
    pub(crate) async fn showtime_with(&self, fields: Value) -> String {
        let answer = self.create_showtime(fields).await;
        answer.granted(201).text("id").to_owned()
    }

    pub(crate) async fn create_showtime(&self, fields: Value) -> Answer {
        let mut body = self.evening();
        for (name, value) in fields.as_object().expect("fields") {
            body[name] = value.clone();
        }
        body.as_object_mut().expect("an object").retain(|_, value| !value.is_null());
        self.post("/api/admin/showtimes").by_admin().json(&body).send().await
    }

    pub(crate) async fn cancel_showtime(&self, id: &str) -> Answer {
        self.post(&format!("/api/admin/showtimes/{id}/cancel")).by_admin().send().await
    }

    pub(crate) async fn seats(&self, showtime: &str) -> Answer {
        self.get(&format!("/api/showtimes/{showtime}/seats")).send().await
    }

    /// How one seat reads: `available`, `held` or `booked`.
    pub(crate) async fn seat(&self, showtime: &str, seat: &str) -> String {
        self.seats(showtime).await.text(&format!("/seats/{seat}/status")).to_owned()
    }

    /// How many seats the showtime itself says are free.
    pub(crate) async fn free_seats(&self, showtime: &str) -> u64 {
        let answer = self.get(&format!("/api/showtimes/{showtime}")).send().await.granted(200);
        answer.body["available_seats"].as_u64().expect("a number")
    }
}
