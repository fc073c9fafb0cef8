//! The real servers that tests run against.

mod database;
mod mongo_set;
mod mongod;
mod process;
mod redis_server;
mod redis_set;

use std::io::Write;

pub use database::TestDatabase;
pub use mongo_set::OwnMongoSet;
pub use mongod::OwnMongod;
pub use redis_server::OwnRedis;
pub use redis_set::OwnRedisSet;

/// Where the tests keep what they test with; `SEATHOLD_TEST_ON` says which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    /// `embedded`, which is also meant when nothing is said: all in this process.
    Embedded,
    /// `servers`: MongoDB and Redis, at the addresses in `SEATHOLD_TEST_MONGO_URI`
    /// and `SEATHOLD_TEST_REDIS_URL`.
    Servers,
}

impl Ground {
    /// The one chosen for this run.
    ///
    /// # Panics
    /// There is no such ground.
    #[must_use]
    pub fn chosen() -> Self {
        match std::env::var("SEATHOLD_TEST_ON").as_deref() {
            Err(_) | Ok("" | "embedded") => Self::Embedded,
            Ok("servers") => Self::Servers,
            Ok(other) => panic!("SEATHOLD_TEST_ON={other}: must be embedded or servers"),
        }
    }
}

/// The address of a replica set to test with. `None`: there is none, and that
/// was said.
#[must_use]
pub fn mongo_uri() -> Option<String> {
    wanted("SEATHOLD_TEST_MONGO_URI")
}

/// The address of a Redis to test with. `None`: there is none, and that was said.
#[must_use]
pub fn redis_url() -> Option<String> {
    wanted("SEATHOLD_TEST_REDIS_URL")
}

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
