//! Histories: what clients of a seat-hold service saw, one event a line, and the
//! checker that judges them. It knows nothing of how a service works, only what one
//! promises; so histories of any program can be judged. Pure and deterministic.
//!
//! The format is described in `docs/history.md`.

mod check;
mod event;
mod file;

pub use check::{
    Counts, Misrecorded, Report, Rule, STALE_MS, TOLERANCE_MS, Tally, Violation, check, operation,
};
pub use event::{
    Call, Event, FORMAT, Final, Money, OpId, Promises, Seen, SeenBooking, SeenMap, SeenSeat, Status,
};
pub use file::{Line, ReadError, read, write};
