//! The server: HTTP in front of the use cases, and what they stand on.

mod accept;
mod auth;
pub mod cli;
pub mod config;
pub mod demo;
mod history;
mod http;
mod jobs;
pub mod report;
pub mod sandbox;
mod server;
mod simulate;
pub mod telemetry;
mod url;
mod wire;

pub use config::Config;
pub use server::Server;
pub use wire::{StartError, system_env};
