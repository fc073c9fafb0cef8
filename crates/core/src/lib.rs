//! What is allowed, and nothing else.
//!
//! The rules of a seat map as pure functions: [`decide`] says what a command
//! would change or why it is refused, [`SeatMap::apply`] makes the change.
//! No clock, no randomness, no IO: time and ids come in as arguments.

mod decide;
mod ids;
mod money;
mod refusal;
mod seat;
mod seat_map;
mod time;

pub use decide::{Change, Command, SeatChange, decide};
pub use ids::{BookingId, IdempotencyKey, InvalidId, PaymentId, RefundId, ShowtimeId, UserId};
pub use money::{Currency, InvalidCurrency, InvalidPrice, MAX_PRICE, PriceTable};
pub use refusal::Refusal;
pub use seat::{InvalidLabel, MAX_LABEL_CHARS, Seat, SeatLabel, SeatState, SeatType};
pub use seat_map::{InvalidSeatMap, MAX_SEATS_PER_SHOWTIME, Schedule, SeatMap, SeatRef, Seats};
pub use time::Timestamp;
