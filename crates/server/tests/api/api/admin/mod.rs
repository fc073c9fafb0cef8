mod events;
mod reconcile;
mod showtimes;
mod verify;
