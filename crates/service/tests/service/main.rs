//! The use cases over a real store: every step run twice, and failed once.

mod checks;
mod crash;
mod crash_money;
mod desk;
mod events;
mod expiry;
mod extension;
mod idempotency;
mod instances;
mod interleaving;
mod ledger;
mod money;
mod reads;
mod refunds;
mod support;
mod verify;
