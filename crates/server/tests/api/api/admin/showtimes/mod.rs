mod cancel;
mod create;
mod seats;
