use std::sync::{Arc, Mutex};

use seathold_core::Timestamp;

use crate::desk::{Desks, Shared};
use crate::events::{Nudge, Outbound};
use crate::limits::Rules;
use crate::maps::Maps;
use crate::ports::{Env, Feed, Gateway, Leases, Store};

/// What a service is made of.
pub struct Parts {
    /// Time, randomness, tasks.
    pub env: Env,
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    /// Who grants leases.
    pub leases: Arc<dyn Leases>,
    /// What instances tell each other.
    pub feed: Arc<dyn Feed>,
    /// Who takes the money.
    pub gateway: Arc<dyn Gateway>,
    /// Who is told of bookings.
    pub outbound: Outbound,
    /// What the operator has set.
    pub rules: Rules,
}

/// All use cases. One per process; cheap to share.
pub struct Service {
    pub(crate) env: Env,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) leases: Arc<dyn Leases>,
    pub(crate) gateway: Arc<dyn Gateway>,
    pub(crate) outbound: Outbound,
    pub(crate) nudge: Nudge,
    pub(crate) rules: Rules,
    pub(crate) maps: Arc<Maps>,
    pub(crate) desks: Desks,
}

/// Whether the outside world answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Health {
    /// The store does.
    pub store: bool,
    /// The keeper of leases does.
    pub leases: bool,
}

impl Service {
    /// The service made of these parts.
    #[must_use]
    pub fn new(parts: Parts) -> Arc<Self> {
        let Parts { env, store, leases, feed, gateway, outbound, rules } = parts;
        let maps = Arc::new(Maps::new(store.clone(), feed.clone()));
        let desks = Desks::new(Shared {
            env: env.clone(),
            store: store.clone(),
            leases: leases.clone(),
            feed,
            maps: maps.clone(),
            rules: rules.clone(),
            tells: outbound.tells(),
            open: Mutex::default(),
        });
        let nudge = Nudge::default();
        Arc::new(Self { env, store, leases, gateway, outbound, nudge, rules, maps, desks })
    }

    /// The present moment, by the service's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.env.now()
    }

    /// Asks the outside world whether it is there.
    pub async fn health(&self) -> Health {
        let (store, leases) = tokio::join!(self.store.ping(), self.leases.ping());
        Health { store: store.is_ok(), leases: leases.is_ok() }
    }

    /// Finishes what is queued, releases the leases, and takes nothing more.
    pub async fn drain(&self) {
        self.desks.drain().await;
    }
}
