//! The state machine in plain text, one case a line:
//!
//! `seats | command | by | now | outcome`
//!
//! * seats: the states of A1, A2 and so on. The command asks for all of them,
//!   save those in parentheses; one that is `missing` is not on the map. With
//!   `showtime cancelled` at the end, that has happened to them before.
//! * by: user and booking; `ann/2` is the second booking of ann.
//! * now: one or more moments, each a case of its own. The showtime starts at
//!   100 and ends at 200; a new hold ends at 900.
//! * outcome: the seats' states afterwards, and how long the commit must wait
//!   or by when it must be made, or `no change`, or why it is refused.

mod cancel;
mod coverage;
mod expire;
mod extend;
mod hold;
mod notation;
mod order;
mod refund;
mod runner;
mod sell;
