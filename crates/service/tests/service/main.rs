//! The use cases over a real store: every step run twice, and failed once.

mod crash;
mod desk;
mod expiry;
mod idempotency;
mod instances;
mod interleaving;
mod money;
mod reads;
mod support;
mod verify;
