mod get;
mod seats;
