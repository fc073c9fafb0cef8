//! The server over real HTTP: everything the contract says, from outside. The
//! tree mirrors the URLs.

mod api;
mod conventions;
mod health;
mod journeys;
mod metrics;
mod process;
mod sandbox;
mod support;
mod switches;
