//! What holds on every route.

mod access;
mod bad_input;
mod cors;
mod fuzzed;
mod idempotency;
mod injection;
mod jwks;
mod key_format;
mod media_types;
mod order_of_checks;
mod problems;
mod rate_limit;
mod raw_connections;
mod request_ids;
mod safety;
mod smuggling;
mod tokens;
