use serde_json::Value;

use super::Site;

/// Everything a client can see of a showtime and some users: equal states mean
/// that nothing was changed.
#[derive(Debug, PartialEq)]
pub(crate) struct State {
    etag: String,
    seats: Value,
    bookings: Vec<Value>,
}

impl State {
    /// As it is now.
    pub(crate) async fn of(site: &Site, showtime: &str, users: &[&str]) -> Self {
        let map = site.seats(showtime).await.granted(200);
        let mut bookings = Vec::new();
        for user in users {
            bookings.push(site.bookings(user, "?limit=100").await.granted(200).body);
        }
        let etag = map.header("etag").expect("a tag").to_owned();
        Self { etag, seats: map.body, bookings }
    }
}
