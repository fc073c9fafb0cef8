//! What holds on every route.

mod bad_input;
mod cors;
mod idempotency;
mod jwks;
mod key_format;
mod media_types;
mod order_of_checks;
mod problems;
mod raw_connections;
mod request_ids;
mod tokens;
