use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use seathold_adapters::{
    Backoff, EmbeddedStore, InProcessLeases, InProcessQuotas, MongoStore, OpenError, RedisLeases,
};
use seathold_service::ports::{Clock, Env, Feed, Leases, NoFeed, Quotas, Store};

use super::StartError;
use crate::config::{Config, ConfigError};

/// Where everything is kept, and who grants leases.
pub(super) struct Backends {
    pub(super) store: Arc<dyn Store>,
    /// The time to decide by: near the store's.
    pub(super) clock: Arc<dyn Clock>,
    pub(super) leases: Arc<dyn Leases>,
    /// What instances tell each other.
    pub(super) feed: Arc<dyn Feed>,
    /// Who counts requests.
    pub(super) quotas: Arc<dyn Quotas>,
    pub(super) kinds: Kinds,
}

/// Whose clock decides whether a write comes in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Judge {
    /// The store's own.
    Store,
    /// The caller's, in the store too: for tests that move time by hand.
    Caller,
}

/// What `/health` says that they are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kinds {
    pub(crate) store: Kind,
    pub(crate) leases: Kind,
}

/// Part of this process, or a server of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Embedded,
    Server,
}

/// What instances share beside the store, and what it is.
type Coordination = (Arc<dyn Leases>, Arc<dyn Feed>, Arc<dyn Quotas>, Kind);

impl Backends {
    pub(super) async fn of(config: &Config, env: &Env, judge: Judge) -> Result<Self, StartError> {
        let mut clock = Arc::clone(&env.clock);
        let (store, store_kind): (Arc<dyn Store>, Kind) = match &config.mongo_uri {
            Some(uri) => {
                let mut store = MongoStore::connect(uri.expose()).await?;
                if !config.no_migrate {
                    store.migrate().await?;
                }
                match judge {
                    Judge::Store => clock = store.corrected(clock).await,
                    Judge::Caller => store = store.going_by(Arc::clone(&clock)),
                }
                (Arc::new(store), Kind::Server)
            }
            None => {
                let store = EmbeddedStore::open(&config.data_dir, Arc::clone(&clock))?;
                (Arc::new(store), Kind::Embedded)
            }
        };
        let (leases, feed, quotas, leases_kind): Coordination = match &config.redis_url {
            Some(url) => {
                let random = Arc::clone(&env.random);
                let leases = RedisLeases::open(url.expose(), backoff(config), random)?;
                let (feed, quotas) = (Arc::new(leases.feed()), Arc::new(leases.quotas()));
                (Arc::new(leases), feed, quotas, Kind::Server)
            }
            None => (
                Arc::new(InProcessLeases::default()),
                Arc::new(NoFeed),
                Arc::new(InProcessQuotas::default()),
                Kind::Embedded,
            ),
        };
        let kinds = Kinds { store: store_kind, leases: leases_kind };
        Ok(Self { store, clock, leases, feed, quotas, kinds })
    }
}

fn backoff(config: &Config) -> Backoff {
    Backoff {
        base: Duration::from_millis(config.lock_retry_base_ms.into()),
        retries: config.lock_max_retries,
    }
}

/// The embedded store in `data_dir`, which must be there. A server that has it open
/// is to be asked by `route`.
pub(super) fn existing(
    data_dir: &Path,
    env: &Env,
    route: &str,
) -> Result<EmbeddedStore, StartError> {
    let wrong = |expected: &str| {
        ConfigError::of_value("DATA_DIR", &data_dir.display().to_string(), expected).into()
    };
    let store = EmbeddedStore::open_existing(data_dir, Arc::clone(&env.clock));
    store.map_err(|error| match error {
        OpenError::InUse(_) => {
            wrong(&format!("is in use by a running server: ask that server, {route}"))
        }
        OpenError::Io { cause, .. } if cause.kind() == ErrorKind::NotFound => {
            wrong("holds no store: name the folder that `seathold serve` was given")
        }
        error => StartError::Embedded(error),
    })
}

/// Brings MongoDB up to date; gives the names of what was applied.
pub(crate) async fn migrate(uri: &str) -> Result<Vec<&'static str>, StartError> {
    let store = MongoStore::connect(uri).await?;
    let applied = store.migrate().await;
    store.close().await;
    Ok(applied?.into_iter().map(|applied| applied.name).collect())
}
