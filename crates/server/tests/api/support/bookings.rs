use serde_json::{Value, json};

use super::{Answer, Call, Site, fresh_key};

/// The body of a hold.
pub(crate) fn seats_of(showtime: &str, seats: impl AsRef<[&'static str]>) -> Value {
    json!({ "showtime_id": showtime, "seats": seats.as_ref() })
}

impl Site {
    /// A hold that is still to be sent.
    pub(crate) fn holding(
        &self,
        user: &str,
        showtime: &str,
        seats: impl AsRef<[&'static str]>,
    ) -> Call<'_> {
        self.post("/api/bookings/hold").by(user).json(&seats_of(showtime, seats))
    }

    pub(crate) async fn hold(
        &self,
        user: &str,
        showtime: &str,
        seats: impl AsRef<[&'static str]>,
    ) -> Answer {
        self.hold_with(&fresh_key(), user, showtime, seats).await
    }

    pub(crate) async fn hold_with(
        &self,
        key: &str,
        user: &str,
        showtime: &str,
        seats: impl AsRef<[&'static str]>,
    ) -> Answer {
        self.holding(user, showtime, seats).key(key).send().await
    }

    /// A hold that is granted; gives the booking's id.
    pub(crate) async fn held(
        &self,
        user: &str,
        showtime: &str,
        seats: impl AsRef<[&'static str]>,
    ) -> String {
        let answer = self.hold(user, showtime, seats).await;
        answer.granted(201).text("booking_id").to_owned()
    }

    pub(crate) async fn booking(&self, user: &str, id: &str) -> Answer {
        self.get(&format!("/api/bookings/{id}")).by(user).send().await
    }

    /// What an admin reads as the status of a booking.
    pub(crate) async fn status(&self, id: &str) -> String {
        let booking = self.get(&format!("/api/bookings/{id}")).by_admin().send().await;
        booking.granted(200).text("status").to_owned()
    }

    /// The user's bookings, by this query.
    pub(crate) async fn bookings(&self, user: &str, query: &str) -> Answer {
        self.get(&format!("/api/bookings{query}")).by(user).send().await
    }

    pub(crate) async fn refund(&self, user: &str, id: &str) -> Answer {
        self.refund_with(&fresh_key(), user, id).await
    }

    pub(crate) async fn refund_with(&self, key: &str, user: &str, id: &str) -> Answer {
        self.post(&format!("/api/bookings/{id}/refund")).by(user).key(key).send().await
    }

    pub(crate) async fn cancel(&self, user: &str, id: &str) -> Answer {
        self.delete(&format!("/api/bookings/{id}")).by(user).send().await
    }
}
