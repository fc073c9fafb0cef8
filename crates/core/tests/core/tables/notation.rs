//! States, bookings and refusals as the tables write them.

use seathold_core::{BookingId, Refusal, SeatLabel, SeatState, UserId};

use crate::given::{at, user};

/// The booking of this name: the name itself, padded with zeros.
pub(super) fn booking(name: &str) -> BookingId {
    let mut bytes = [0; 12];
    bytes[..name.len()].copy_from_slice(name.as_bytes());
    BookingId::from_bytes(bytes)
}

/// Whose booking that is: what stands before the slash, if there is one.
pub(super) fn owner(name: &str) -> UserId {
    user(name.split_once('/').map_or(name, |(owner, _)| owner))
}

pub(super) fn moment(text: &str) -> i64 {
    text.parse().unwrap_or_else(|_| panic!("no moment: {text:?}"))
}

pub(super) fn state(text: &str) -> SeatState {
    match text.split_whitespace().collect::<Vec<_>>()[..] {
        ["available"] => SeatState::Available,
        ["held", "by", name, "until", until] => {
            SeatState::Held { booking: booking(name), user: owner(name), until: at(moment(until)) }
        }
        ["booked", "by", name] => SeatState::Booked { booking: booking(name), user: owner(name) },
        _ => panic!("no state of a seat: {text:?}"),
    }
}

pub(super) fn show_state(state: &SeatState) -> String {
    match state {
        SeatState::Available => "available".into(),
        SeatState::Held { booking, user, until } => {
            format!("held by {} until {}", show_owned(*booking, user), until.as_millis())
        }
        SeatState::Booked { booking, user } => format!("booked by {}", show_owned(*booking, user)),
    }
}

pub(super) fn show_refusal(refusal: &Refusal) -> String {
    let reason = match refusal {
        Refusal::InvalidSeats(seats) => format!("invalid {}", show_labels(seats)),
        Refusal::ShowtimeNotAvailable => "not available".into(),
        Refusal::ShowtimeStarted => "started".into(),
        Refusal::SeatsBooked(seats) => format!("booked {}", show_labels(seats)),
        Refusal::SeatsHeldByAnother(seats) => format!("held by another {}", show_labels(seats)),
        Refusal::SeatsHeldByYou(seats, booking) => {
            format!("held by you {} as {}", show_labels(seats), show_booking(*booking))
        }
        Refusal::SeatLimitReached { limit, owned } => format!("limit {limit}, {owned} owned"),
        Refusal::BookingNotPending => "not pending".into(),
        Refusal::BookingNotConfirmed => "not confirmed".into(),
        Refusal::HoldExpired => "hold expired".into(),
        Refusal::SeatsGone => "seats gone".into(),
        unexpected => format!("{unexpected:?}"),
    };
    format!("refused: {reason}")
}

fn show_labels(labels: &[SeatLabel]) -> String {
    labels.iter().map(SeatLabel::as_str).collect::<Vec<_>>().join(" ")
}

fn show_booking(booking: BookingId) -> String {
    String::from_utf8_lossy(&booking.bytes()).trim_end_matches('\0').into()
}

/// The booking's name, and the user as well should it not be the owner.
fn show_owned(booking: BookingId, user: &UserId) -> String {
    let name = show_booking(booking);
    if owner(&name) == *user { name } else { format!("{name} for {user}") }
}
