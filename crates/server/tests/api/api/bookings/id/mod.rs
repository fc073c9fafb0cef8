//! `/api/bookings/{id}` and below.

mod confirm;
mod confirm_gateway;
mod delete;
mod get;
mod refund;
