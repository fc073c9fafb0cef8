//! What can be asked, and what is seen in its answers.

use reqwest::Method;
use seathold_history::{Call, Seen, SeenBooking, SeenMap, SeenSeat, Status};
use serde_json::{Value, json};

use crate::shop::Request;

/// Hold these seats.
pub(crate) fn hold(user: &str, key: String, showtime: &str, seats: Vec<String>) -> Request {
    Request {
        method: Method::POST,
        path: "/api/bookings/hold".to_owned(),
        user: user.to_owned(),
        body: Some(json!({ "showtime_id": showtime, "seats": seats })),
        name: "hold",
        call: Call::Hold { user: user.to_owned(), key, showtime: showtime.to_owned(), seats },
        see: |json| {
            Some(Seen {
                booking: Some(text(&json["booking_id"])?),
                until: Some(time(&json["hold_expires_at"])?),
                amount: Some(json["final_amount"].as_i64()?),
                ..Seen::default()
            })
        },
    }
}

/// Begin to pay.
pub(crate) fn confirm(user: &str, key: String, booking: &str, method: &str) -> Request {
    Request {
        method: Method::POST,
        path: format!("/api/bookings/{booking}/confirm"),
        user: user.to_owned(),
        body: Some(json!({ "payment_method": method, "return_url": "https://shop.example/done" })),
        name: "confirm",
        call: Call::Confirm { user: user.to_owned(), key, booking: booking.to_owned() },
        see: |json| Some(Seen { payment: Some(text(&json["payment_id"])?), ..Seen::default() }),
    }
}

/// Pay at the sandbox.
pub(crate) fn pay(payment: &str) -> Request {
    Request {
        method: Method::POST,
        path: format!("/sandbox/payments/{payment}/decision"),
        user: "the-buyer".to_owned(),
        body: Some(json!({ "action": "pay" })),
        name: "pay",
        call: Call::Pay { payment: payment.to_owned() },
        see: |json| (json["status"] == "success").then(Seen::default),
    }
}

/// Cancel what is not paid.
pub(crate) fn cancel(user: &str, booking: &str) -> Request {
    Request {
        method: Method::DELETE,
        path: format!("/api/bookings/{booking}"),
        user: user.to_owned(),
        body: None,
        name: "cancel",
        call: Call::Cancel { user: user.to_owned(), booking: booking.to_owned() },
        see: |json| (json["status"] == "cancelled").then(Seen::default),
    }
}

/// Give back what is.
pub(crate) fn refund(user: &str, key: String, booking: &str) -> Request {
    Request {
        method: Method::POST,
        path: format!("/api/bookings/{booking}/refund"),
        user: user.to_owned(),
        body: None,
        name: "refund",
        call: Call::Refund { user: user.to_owned(), key, booking: booking.to_owned() },
        see: |json| (json["status"] == "cancelled").then(Seen::default),
    }
}

/// Cancel a showtime.
pub(crate) fn cancel_showtime(showtime: &str) -> Request {
    Request {
        method: Method::POST,
        path: format!("/api/admin/showtimes/{showtime}/cancel"),
        user: "the-admin".to_owned(),
        body: None,
        name: "cancel_showtime",
        call: Call::CancelShowtime { showtime: showtime.to_owned() },
        see: |_| Some(Seen::default()),
    }
}

/// Read a map.
pub(crate) fn read_map(showtime: &str) -> Request {
    Request {
        method: Method::GET,
        path: format!("/api/showtimes/{showtime}/seats"),
        user: "the-reader".to_owned(),
        body: None,
        name: "read_map",
        call: Call::ReadMap { showtime: showtime.to_owned() },
        see: |json| Some(Seen { map: Some(map(json)?), ..Seen::default() }),
    }
}

/// Read a booking.
pub(crate) fn read_booking(user: &str, booking: &str) -> Request {
    Request {
        method: Method::GET,
        path: format!("/api/bookings/{booking}"),
        user: user.to_owned(),
        body: None,
        name: "read_booking",
        call: Call::ReadBooking { user: user.to_owned(), booking: booking.to_owned() },
        see: |json| Some(Seen { read: Some(booking_read(json)?), ..Seen::default() }),
    }
}

/// What a seat map says.
pub(crate) fn map(json: &Value) -> Option<SeenMap> {
    let seats = json["seats"].as_object()?;
    let seen = |(label, seat): (&String, &Value)| match seat["status"].as_str() {
        Some("available") => None,
        Some("held") => Some((label.clone(), SeenSeat::Held)),
        _ => Some((label.clone(), SeenSeat::Booked)),
    };
    Some(SeenMap {
        version: json["version"].as_u64()?,
        total: seats.len() as u64,
        available: json["available_seats"].as_u64()?,
        taken: seats.iter().filter_map(seen).collect(),
    })
}

/// What a booking says.
pub(crate) fn booking_read(json: &Value) -> Option<SeenBooking> {
    let status = match json["status"].as_str()? {
        "pending" => Status::Pending,
        "confirmed" => Status::Confirmed,
        "cancelled" => Status::Cancelled,
        "expired" => Status::Expired,
        _ => return None,
    };
    let seats = json["seats"].as_array()?.iter();
    let seats = seats.filter_map(|seat| text(&seat["seat_id"])).collect();
    Some(SeenBooking { status, seats, until: time(&json["hold_expires_at"]) })
}

/// A text.
pub(crate) fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn time(value: &Value) -> Option<i64> {
    let time = chrono::DateTime::parse_from_rfc3339(value.as_str()?).ok()?;
    Some(time.timestamp_millis())
}
