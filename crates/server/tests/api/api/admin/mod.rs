mod reconcile;
mod showtimes;
mod verify;
