//! Who is told of bookings.

use std::sync::Arc;

use seathold_adapters::WebReceivers;
use seathold_service::Outbound;

use super::StartError;
use crate::config::{Config, ConfigError};
use crate::http::render_event;

/// Those at the addresses that are configured, if any are.
pub(super) fn outbound(config: &Config) -> Result<Outbound, StartError> {
    if config.events_urls.is_empty() {
        return Ok(Outbound::none());
    }
    let wrong = |error: seathold_adapters::receivers::signature::InvalidSecret| {
        ConfigError::new("EVENTS_SECRET", &error.to_string())
    };
    let secrets = config.events_secret.iter().map(|secret| secret.expose().parse());
    let secrets = secrets.collect::<Result<Vec<_>, _>>().map_err(wrong)?;
    let urls: Vec<_> = config.events_urls.iter().map(ToString::to_string).collect();
    let receivers = Arc::new(WebReceivers::new(&urls, secrets)?);
    Ok(Outbound { receivers, render: render_event, at_once: true })
}
