use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use seathold_service::Service;
use seathold_service::ports::Env;

use super::RateLimits;
use super::places::Places;
use crate::auth::Auth;
use crate::sandbox::Sandbox;
use crate::url::{HttpUrl, Origins};
use crate::wire::{Gateways, Kinds, WebhookSecrets};

/// What every handler may use. Built once, shared by all requests.
pub(crate) struct App {
    /// The use cases.
    pub(crate) service: Arc<Service>,
    /// What stands behind them.
    pub(crate) kinds: Kinds,
    /// Time and randomness.
    pub(crate) env: Env,
    /// Whom to believe.
    pub(crate) auth: Auth,
    /// Whoever takes the money, and says so in words of its own.
    pub(crate) gateways: Arc<Gateways>,
    /// What generic messages are signed with.
    pub(crate) webhook_secrets: WebhookSecrets,
    /// What the edge itself enforces or fills in.
    pub(crate) limits: Limits,
    /// How many requests are let through. `None`: as many as come.
    pub(crate) rate_limits: Option<RateLimits>,
    /// How many requests may be under way.
    pub(crate) places: Places,
    /// The built-in gateway of development mode.
    pub(crate) sandbox: Option<Arc<Sandbox>>,
    /// Set once the server stops taking work.
    pub(crate) draining: AtomicBool,
}

/// What the edge itself enforces or fills in.
pub(crate) struct Limits {
    /// Seats in one request.
    pub(crate) max_seats_per_hold: u32,
    /// Where buyers go when a request does not say.
    pub(crate) default_return_url: Option<HttpUrl>,
    /// Browser origins that may call.
    pub(crate) cors_origins: Origins,
}

impl App {
    /// Whether the server has stopped taking work.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// From now on the server takes no further work.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }
}
