//! Money: starting a payment, hearing of it, and what follows.

mod inbox;
mod refunds;
mod sale;
mod start;
