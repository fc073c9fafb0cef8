//! The only folder that knows what stands behind the ports.

mod backends;
mod money;
mod outbound;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

pub(crate) use seathold_adapters::Gateways;
pub(crate) use seathold_adapters::gateways::{
    Acknowledgement, Callbacks, Doubt, Message, Verdict, Word, mac, signature,
};
use seathold_adapters::mongo::{MigrateError, OpenError as MongoError};
use seathold_adapters::{
    InProcessLeases, MongoStore, OpenError, SystemClock, SystemRandom, TokioTasks,
};
use seathold_service::ports::{Env, Gateway, GatewayError, LeaseError, NoFeed, Store};
use seathold_service::{Outbound, Parts, Rules, Service};

use crate::auth::Auth;
use crate::config::{Config, ConfigError};
use crate::http::{App, Limits, Places, RateLimits};
use backends::Backends;
pub(crate) use backends::{Judge, Kind, Kinds, migrate};
use money::Money;
pub(crate) use money::WebhookSecrets;

/// How long a desk waits for its lease at the most: well within the time a
/// request may take, so that the batch can still run without.
const LEASE_WAIT_MAX: Duration = Duration::from_secs(3);

/// Where a gateway reaches a command that serves nothing: it opens no payments, so
/// that nobody is told.
const NOWHERE: &str = "http://127.0.0.1:9";

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting is missing or wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The embedded store cannot be opened.
    #[error("DATA_DIR: {0}")]
    Embedded(#[from] OpenError),
    /// MongoDB cannot be used.
    #[error("MONGO_URI: {0}")]
    Mongo(#[from] MongoError),
    /// MongoDB could not be brought up to date.
    #[error("MONGO_URI: {0}")]
    Migrate(#[from] MigrateError),
    /// Redis cannot be used.
    #[error("REDIS_URL: {0}")]
    Redis(#[from] LeaseError),
    /// The gateway cannot be spoken to.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// The jobs cannot be scheduled.
    #[error("SWEEP_CRON: {0}")]
    Jobs(#[from] tokio_cron_scheduler::JobSchedulerError),
    /// The operating system says no.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// Time, randomness and tasks of this machine.
#[must_use]
pub fn system_env() -> Env {
    Env {
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
        tasks: Arc::new(TokioTasks),
    }
}

/// The use cases over the store that is configured, without a server: to look
/// at what is there.
///
/// # Errors
/// There is no store, or a server has it open.
pub(crate) async fn offline(
    data_dir: &Path,
    mongo_uri: Option<&str>,
) -> Result<Arc<Service>, StartError> {
    let mut env = system_env();
    let store: Arc<dyn Store> = match mongo_uri {
        Some(uri) => {
            let store = MongoStore::connect(uri).await?;
            env.clock = store.corrected(env.clock).await;
            Arc::new(store)
        }
        None => Arc::new(backends::existing(data_dir, &env, "GET /api/admin/verify")?),
    };
    Ok(Service::new(Parts {
        env,
        store,
        leases: Arc::new(InProcessLeases::default()),
        feed: Arc::new(NoFeed),
        gateway: Arc::new(Gateways::default()),
        outbound: Outbound::none(),
        rules: Rules::default(),
    }))
}

/// The use cases over what `serve` is configured for, without a server: to roll
/// forward what is unfinished.
///
/// # Errors
/// There is no store, or a server has it open.
pub(crate) async fn reconciler(config: &Config) -> Result<Arc<Service>, StartError> {
    let env = system_env();
    // The sandbox of development mode lives in its server alone.
    let real = Config { dev: false, ..config.clone() };
    real.check_payments()?;
    let gateway = Money::of(&real, &env, NOWHERE)?.gateways as Arc<dyn Gateway>;
    let (rules, outbound) = (rules(config), outbound::outbound(config)?);
    if config.mongo_uri.is_some() {
        let backends = Backends::of(config, &env, Judge::Store).await?;
        let Backends { store, clock, leases, feed, .. } = backends;
        let env = Env { clock, ..env };
        return Ok(Service::new(Parts { env, store, leases, feed, gateway, outbound, rules }));
    }
    let store = backends::existing(&config.data_dir, &env, "POST /api/admin/reconcile")?;
    let (store, leases) = (Arc::new(store), Arc::new(InProcessLeases::default()));
    let feed = Arc::new(NoFeed);
    Ok(Service::new(Parts { env, store, leases, feed, gateway, outbound, rules }))
}

/// Everything the handlers need, for a server that listens on `address`.
pub(crate) async fn app(
    config: &Config,
    env: Env,
    judge: Judge,
    address: SocketAddr,
) -> Result<App, StartError> {
    config.check()?;
    let auth = Auth::new(config)?;
    let money = Money::of(config, &env, &own_address(address))?;
    let backends = Backends::of(config, &env, judge).await?;
    let Backends { store, clock, leases, feed, quotas, kinds } = backends;
    let env = Env { clock, ..env };
    let service = Service::new(Parts {
        env: env.clone(),
        store,
        leases,
        feed,
        gateway: Arc::clone(&money.gateways) as Arc<dyn Gateway>,
        outbound: outbound::outbound(config)?,
        rules: rules(config),
    });
    Ok(App {
        service,
        kinds,
        env,
        auth,
        gateways: money.gateways,
        webhook_secrets: money.webhook_secrets,
        limits: Limits {
            max_seats_per_hold: config.max_seats_per_hold,
            default_return_url: config.default_return_url.clone(),
            cors_origins: config.cors_origins.clone(),
        },
        rate_limits: config.rate_limit.map(|limit| RateLimits {
            limit,
            proxies: config.trusted_proxies.clone(),
            quotas,
        }),
        places: Places::new(config.max_requests_in_flight),
        sandbox: money.sandbox,
        draining: AtomicBool::new(false),
    })
}

fn rules(config: &Config) -> Rules {
    Rules {
        hold_ttl_ms: i64::from(config.hold_ttl_seconds) * 1000,
        refund_closes_ms: i64::from(config.refund_closes_seconds) * 1000,
        max_seats_per_user: config.max_seats_per_user,
        return_url_origins: config.return_url_origins.as_slice().to_vec(),
        lease_ttl: Duration::from_millis(config.lock_ttl_ms.into()),
        lease_wait: lease_wait(config),
    }
}

/// How long a desk waits for its lease: as long as all retries of a backoff
/// that doubles, each with half of it again as jitter.
fn lease_wait(config: &Config) -> Duration {
    let doublings = (1_u64 << config.lock_max_retries) - 1;
    let backoff = Duration::from_millis(u64::from(config.lock_retry_base_ms) * doublings * 3 / 2);
    backoff.min(LEASE_WAIT_MAX)
}

/// How the server reaches itself: one that listens everywhere, on loopback.
fn own_address(address: SocketAddr) -> String {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    format!("http://{}", SocketAddr::new(ip, address.port()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_listens_everywhere_reaches_itself_on_loopback() {
        for (address, own) in [
            ("0.0.0.0:3000", "http://127.0.0.1:3000"),
            ("[::]:3000", "http://[::1]:3000"),
            ("192.0.2.7:80", "http://192.0.2.7:80"),
        ] {
            assert_eq!(own_address(address.parse().expect("an address")), own);
        }
    }
}
