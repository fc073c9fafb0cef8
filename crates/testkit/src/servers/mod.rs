//! The real servers that tests run against.

mod mongod;
mod process;
mod redis_server;

use std::io::Write;

pub use mongod::OwnMongod;
pub use redis_server::OwnRedis;

/// What this variable says. `None`: nothing, and that was said.
#[must_use]
pub fn wanted(variable: &str) -> Option<String> {
    let value = std::env::var(variable).ok().filter(|value| !value.is_empty());
    if value.is_none() {
        skip(&format!("{variable} is not set"));
    }
    value
}

/// Says why a test is skipped, where it is not captured.
///
/// # Panics
/// `SEATHOLD_TEST_SERVICES=1` says that nothing may be skipped; or standard
/// error is closed.
pub fn skip(reason: &str) {
    let must = std::env::var("SEATHOLD_TEST_SERVICES").is_ok_and(|value| value == "1");
    assert!(!must, "SEATHOLD_TEST_SERVICES=1, but {reason}");
    let name = std::thread::current().name().unwrap_or_default().to_owned();
    writeln!(std::io::stderr(), "skipped: {name}: {reason}").expect("standard error is open");
}
