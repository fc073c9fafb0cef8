mod showtimes;
mod verify;
