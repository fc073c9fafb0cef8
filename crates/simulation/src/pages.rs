//! What answers look like here, and what clients read in them.

use std::collections::BTreeMap;
use std::fmt::Write;

use seathold_core::{InvalidLabel, PaymentId, SeatLabel, SeatState};
use seathold_history::{Seen, SeenBooking, SeenMap, SeenSeat, Status};
use seathold_service::model::{Answer, Booking, BookingStatus};
use seathold_service::{GivenBack, Reply, SeatMapView, Session};

/// Seats of a row.
const ROW: u64 = 8;

/// The seat with this number, from 0.
pub(crate) fn label(number: u64) -> Result<SeatLabel, InvalidLabel> {
    let row = char::from(b'A' + (number / ROW) as u8 % 26);
    format!("{row}{}", number % ROW + 1).parse()
}

fn answer(status: u16, body: String) -> Answer {
    Answer { status, body: body.into_bytes().into() }
}

pub(crate) fn hold(booking: &Booking) -> Answer {
    let Booking { id, code, hold_expires_at, final_amount, .. } = booking;
    answer(201, format!("{id} {} {final_amount} {code}", hold_expires_at.as_millis()))
}

pub(crate) fn seen_hold(reply: &Reply) -> Seen {
    let text = text(&reply.answer.body);
    let mut words = text.split(' ');
    let booking = words.next().map(str::to_owned);
    let mut number = || words.next().and_then(|word| word.parse().ok());
    let (until, amount) = (number(), number());
    Seen { booking, until, amount, body: Some(hash(&reply.answer.body)), ..Seen::default() }
}

pub(crate) fn session(session: &Session) -> Answer {
    let payment = session.payment.as_ref();
    let url = payment.and_then(|payment| payment.payment_url.as_deref()).unwrap_or("-");
    let id = payment.map_or("-".to_owned(), |payment| payment.id.to_string());
    answer(200, format!("{id} {url} {}", session.booking.id))
}

/// The payment a confirmation names.
pub(crate) fn payment(reply: &Reply) -> Option<PaymentId> {
    text(&reply.answer.body).split(' ').next()?.parse().ok()
}

pub(crate) fn seen_session(reply: &Reply) -> Seen {
    let payment = payment(reply).map(|id| id.to_string());
    Seen { payment, ..seen_body(reply) }
}

pub(crate) fn cancel(booking: &Booking) -> Answer {
    answer(200, format!("{} is {}", booking.id, booking.status.as_str()))
}

pub(crate) fn refund(given_back: &GivenBack) -> Answer {
    let GivenBack { booking, refund, status } = given_back;
    answer(200, format!("{} {} {}", booking.id, refund.id, status.as_str()))
}

pub(crate) fn seen_body(reply: &Reply) -> Seen {
    Seen { body: Some(hash(&reply.answer.body)), ..Seen::default() }
}

pub(crate) fn map(view: &SeatMapView<'_>) -> Vec<u8> {
    let SeatMapView { map, now, .. } = view;
    let seats = map.seats();
    let mut text = format!("{} {} {}", map.version(), seats.len(), map.available_at(*now));
    for seat in seats.filter(|seat| !seat.state.is_free(*now)) {
        let kind = if matches!(seat.state, SeatState::Booked { .. }) { 'b' } else { 'h' };
        // Writing to a string does not fail.
        let _ = write!(text, " {} {kind}", seat.label);
    }
    text.into_bytes()
}

pub(crate) fn seen_map(body: &[u8]) -> Seen {
    Seen { map: parse_map(body), ..Seen::default() }
}

pub(crate) fn parse_map(body: &[u8]) -> Option<SeenMap> {
    let text = text(body);
    let mut words = text.split(' ');
    let mut number = || words.next()?.parse().ok();
    let (version, total, available) = (number()?, number()?, number()?);
    let mut taken = BTreeMap::new();
    while let (Some(label), Some(kind)) = (words.next(), words.next()) {
        let seat = if kind == "b" { SeenSeat::Booked } else { SeenSeat::Held };
        taken.insert(label.to_owned(), seat);
    }
    Some(SeenMap { version, total, available, taken })
}

pub(crate) fn seen_booking(booking: &Booking) -> Seen {
    Seen { read: Some(read_of(booking)), ..Seen::default() }
}

pub(crate) fn read_of(booking: &Booking) -> SeenBooking {
    SeenBooking {
        status: status(booking.status),
        seats: booking.seats.iter().map(|seat| seat.label.to_string()).collect(),
        until: Some(booking.hold_expires_at.as_millis()),
    }
}

const fn status(status: BookingStatus) -> Status {
    match status {
        BookingStatus::Pending => Status::Pending,
        BookingStatus::Confirmed => Status::Confirmed,
        BookingStatus::Cancelled => Status::Cancelled,
        BookingStatus::Expired => Status::Expired,
    }
}

fn text(body: &[u8]) -> String {
    String::from_utf8_lossy(body).into_owned()
}

/// FNV-1a: the same from run to run.
fn hash(body: &[u8]) -> String {
    let mix = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    format!("{:016x}", body.iter().fold(0xcbf2_9ce4_8422_2325, mix))
}
