//! What the tests are written with: a server of one's own, and sentences to
//! say to it.

mod answer;
mod app;
mod balancer;
mod bookings;
mod call;
mod gate;
mod gateway;
mod money;
mod place;
mod program;
mod providers;
mod receiver;
mod showtimes;
mod site;
mod state;
mod tokens;

pub(crate) use answer::Answer;
pub(crate) use app::{GatedTasks, JWT_SECRET, TestApp, WEBHOOK_SECRET};
pub(crate) use balancer::Balancer;
pub(crate) use call::Call;
pub(crate) use gate::Gate;
pub(crate) use gateway::FakeGateway;
pub(crate) use money::{Session, sign};
pub(crate) use place::Place;
pub(crate) use program::{Ended, Program};
pub(crate) use providers::{OWN_WORDS, Says, Street, eventually, eventually_within};
pub(crate) use receiver::Receiver;
pub(crate) use showtimes::{at, row};
pub(crate) use site::Site;
pub(crate) use state::State;
pub(crate) use tokens::{Ecdsa, Eddsa, Hmac256, Signer, jwks_file, signed, token};

/// A millisecond clock counts in these.
pub(crate) const SECOND: i64 = 1_000;
pub(crate) const MINUTE: i64 = 60 * SECOND;
pub(crate) const HOUR: i64 = 60 * MINUTE;

/// How long a hold lasts by default, in ms.
pub(crate) const HOLD_TTL: i64 = 10 * MINUTE;

/// An idempotency key nobody has used.
pub(crate) fn fresh_key() -> String {
    seathold_server::system_env().uuid().to_string()
}

/// An id of 24 hex digits that names nothing.
pub(crate) const NOBODYS_ID: &str = "0123456789abcdef01234567";
