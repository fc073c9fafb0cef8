//! Leases in Redis, at the one behind `SEATHOLD_TEST_REDIS_URL`. Without it the
//! tests are skipped, unless `SEATHOLD_TEST_SERVICES=1` says that it must be there.

mod faults;
mod feed;
mod queue;
mod quotas;
mod sentinels;
mod shares;

use std::sync::Arc;
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use async_trait::async_trait;
use seathold_adapters::{Backoff, InProcessLeases, RedisLeases, SystemRandom};
use seathold_core::ShowtimeId;
use seathold_service::ports::{Lease, LeaseError, Leases, Random};
use seathold_testkit::servers::redis_url;
use uuid::Uuid;

mod contract {
    seathold_testkit::lease_contract!(crate::redis::contract_leases);
    seathold_testkit::quotas_contract!(crate::redis::quotas::kit);
}

const BACKOFF: Backoff = Backoff { base: Duration::from_millis(100), retries: 3 };
/// Longer than any test runs.
const LONG: Duration = Duration::from_secs(60);
const NO_WAIT: Duration = Duration::ZERO;

/// An instance of its own.
fn instance(url: &str) -> Arc<RedisLeases> {
    Arc::new(RedisLeases::open(url, BACKOFF, Arc::new(SystemRandom)).expect("it is a URL"))
}

/// A connection to look at what is stored, and to meddle with it.
async fn connect(url: &str) -> MultiplexedConnection {
    let client = ::redis::Client::open(url).expect("it is a URL");
    client.get_multiplexed_async_connection().await.expect("Redis is there")
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SystemRandom.fill(&mut bytes);
    bytes
}

/// A showtime that no other test uses.
fn some_showtime() -> ShowtimeId {
    ShowtimeId::from_bytes(random())
}

fn some_token() -> Uuid {
    uuid::Builder::from_random_bytes(random()).into_uuid()
}

fn key(showtime: ShowtimeId) -> String {
    format!("lock:booking:showtime:{{{showtime}}}")
}

fn queue_key(showtime: ShowtimeId) -> String {
    format!("{}:queue", key(showtime))
}

/// Leases of showtimes that are not those named: so many tests of the same
/// showtime can share one Redis.
struct Elsewhere {
    leases: Arc<RedisLeases>,
    offset: [u8; 12],
}

impl Elsewhere {
    fn showtime(&self, named: ShowtimeId) -> ShowtimeId {
        let mut bytes = named.bytes();
        bytes.iter_mut().zip(self.offset).for_each(|(byte, offset)| *byte ^= offset);
        ShowtimeId::from_bytes(bytes)
    }

    fn lease(&self, named: &Lease) -> Lease {
        Lease { showtime: self.showtime(named.showtime), token: named.token }
    }
}

#[async_trait]
impl Leases for Elsewhere {
    async fn acquire(
        &self,
        showtime: ShowtimeId,
        token: Uuid,
        ttl: Duration,
        wait: Duration,
    ) -> Result<Option<Lease>, LeaseError> {
        let granted = self.leases.acquire(self.showtime(showtime), token, ttl, wait).await?;
        Ok(granted.map(|lease| self.lease(&lease)))
    }

    async fn renew(&self, lease: &Lease, ttl: Duration) -> Result<bool, LeaseError> {
        self.leases.renew(&self.lease(lease), ttl).await
    }

    async fn release(&self, lease: &Lease) -> Result<bool, LeaseError> {
        self.leases.release(&self.lease(lease)).await
    }

    async fn ping(&self) -> Result<(), LeaseError> {
        self.leases.ping().await
    }
}

/// What the contract is checked on. When skipped, the keeper of another test.
async fn contract_leases() -> Arc<dyn Leases> {
    match redis_url() {
        Some(url) => Arc::new(Elsewhere { leases: instance(&url), offset: random() }),
        None => Arc::new(InProcessLeases::default()),
    }
}
