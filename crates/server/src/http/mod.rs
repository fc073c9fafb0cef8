//! The HTTP edge: parse, one call of the service, show the result.

mod admin;
mod app;
mod bookings;
mod docs;
mod edge;
mod events;
mod extract;
#[cfg(test)]
mod fuzzed;
mod health;
mod limit;
mod page;
mod payments;
mod places;
mod problem;
mod router;
mod safety;
mod showtimes;
mod webhook;

pub(crate) use app::{App, Limits};
pub(crate) use events::render_event;
pub(crate) use extract::{Body, Shape, Text, Time, given};
pub(crate) use limit::{Peer, RateLimits};
pub(crate) use places::Places;
pub(crate) use problem::{Problem, kind, render};
pub(crate) use router::router;
