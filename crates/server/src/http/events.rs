//! What others are told of bookings, as JSON.

use seathold_core::Timestamp;
use seathold_service::model::{Booking, BookingEvent};
use serde::Serialize;

use super::bookings::views::BookingView;
use super::extract::Time;

/// An event as it goes over the wire.
#[derive(Serialize)]
struct EventBody {
    #[serde(rename = "type")]
    kind: &'static str,
    /// When it happened.
    timestamp: Time,
    /// The booking as it is when this is sent.
    data: BookingView,
}

/// The name of an event for clients.
pub(crate) const fn name(event: BookingEvent) -> &'static str {
    match event {
        BookingEvent::Held => "booking.held",
        BookingEvent::Confirmed => "booking.confirmed",
        BookingEvent::Cancelled => "booking.cancelled",
        BookingEvent::Expired => "booking.expired",
        BookingEvent::Refunded => "booking.refunded",
    }
}

/// The body of an event.
pub(crate) fn render_event(event: BookingEvent, at: Timestamp, booking: &Booking) -> Vec<u8> {
    let (timestamp, data) = (Time(at), BookingView::of(booking));
    let body = EventBody { kind: name(event), timestamp, data };
    serde_json::to_vec(&body).expect("a view has text keys and finite numbers only")
}
