//! `POST /api/bookings/hold`

mod busy;
mod granted;
mod limits;
mod race;
mod refused;
mod taken;
