mod events;
mod showtimes;
mod verify;
