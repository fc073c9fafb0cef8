mod admin;
mod bookings;
mod docs;
mod payments;
mod showtimes;
