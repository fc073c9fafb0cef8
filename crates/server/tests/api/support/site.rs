use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use reqwest::redirect::Policy;
use seathold_service::ports::Clock;

/// Longer than any answer takes: six times what a request may.
const ANSWER_TIME: Duration = Duration::from_secs(60);

/// A server as seen from outside: what tests say to it, they say to this.
#[derive(Clone)]
pub(crate) struct Site {
    pub(crate) base: String,
    pub(crate) client: Client,
    /// Whether users are taken at their word; else they bring tokens.
    pub(super) dev: bool,
    /// The server's time.
    clock: Arc<dyn Clock>,
}

impl Site {
    /// The server at `base`, which goes by this clock.
    pub(crate) fn at(base: String, dev: bool, clock: Arc<dyn Clock>) -> Self {
        // No proxy, and nobody is followed anywhere.
        let client = Client::builder().no_proxy().redirect(Policy::none()).timeout(ANSWER_TIME);
        let client = client.build();
        let client = client.expect("a client needs nothing from outside");
        Self { base, client, dev, clock }
    }

    /// The same server, by somebody who has not been connected to it before.
    pub(crate) fn anew(&self) -> Self {
        Self::at(self.base.clone(), self.dev, Arc::clone(&self.clock))
    }

    /// The same server, at another address.
    pub(crate) fn elsewhere(&self, base: String) -> Self {
        Self::at(base, self.dev, Arc::clone(&self.clock))
    }

    /// The server's time, in ms since the Unix epoch.
    pub(crate) fn now(&self) -> i64 {
        self.clock.now().as_millis()
    }

    /// The same in whole seconds.
    pub(crate) fn seconds(&self) -> i64 {
        self.now().div_euclid(1_000)
    }
}
