//! Leases in Redis, for any number of instances.
//!
//! Who waits stands in a queue at Redis. A release makes the longest waiter the
//! owner, for a moment, and tells its instance, which comes to take the lease up.
//! Whatever is lost on the way, a message, an instance, all of Redis: moments are
//! short, waiters look for themselves now and then, and nobody waits for longer
//! than asked for and one timeout.

mod address;
mod backoff;
mod breaker;
mod feed;
mod line;
mod place;
mod quotas;
mod scripts;
mod source;
mod waiters;

use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use async_trait::async_trait;
use redis::PushInfo;
use seathold_core::ShowtimeId;
use seathold_service::ports::{Lease, LeaseError, Leases, Random};
use tokio::runtime::Handle;
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

pub use backoff::Backoff;
pub use feed::RedisFeed;
use line::{CALL_TIMEOUT, Line};
use place::Place;
pub use quotas::RedisQuotas;
use scripts::{Answer, Call};
use waiters::Waiters;

/// Layer 1 for many instances that share one Redis.
pub struct RedisLeases {
    line: Arc<Line>,
    waiters: Arc<Waiters>,
    /// Where Redis tells this instance whose turn it is.
    channel: String,
    backoff: Backoff,
    random: Arc<dyn Random>,
}

impl RedisLeases {
    /// Leases at the Redis behind `url` (version 7): `redis://` or `rediss://`, or
    /// `redis+sentinel://host,host/name` for whichever primary the Sentinels name.
    /// It need not be there yet.
    ///
    /// # Errors
    /// The URL is not one of a Redis.
    ///
    /// # Panics
    /// There is no tokio runtime to keep the connection.
    pub fn open(url: &str, backoff: Backoff, random: Arc<dyn Random>) -> Result<Self, LeaseError> {
        let waiters = Arc::new(Waiters::default());
        let listener = Arc::clone(&waiters);
        let listen = move |message: PushInfo| {
            listener.hear(&message);
            Ok::<_, redis::aio::SendError>(())
        };
        let line = Arc::new(Line::open(url, listen).map_err(|error| line::failure(&error))?);
        let mut instance = [0; 16];
        random.fill(&mut instance);
        let instance = uuid::Builder::from_random_bytes(instance).into_uuid();
        let channel = format!("lock:booking:turn:{instance}");
        Ok(Self { line, waiters, channel, backoff, random })
    }

    /// What instances tell each other over the same Redis, and the same connection.
    #[must_use]
    pub fn feed(&self) -> RedisFeed {
        RedisFeed::over(Arc::clone(&self.line))
    }

    /// The requests of all instances, counted at the same Redis.
    #[must_use]
    pub fn quotas(&self) -> RedisQuotas {
        RedisQuotas::over(Arc::clone(&self.line))
    }

    /// Asks for a lease once. Whoever is not heard starts to listen, and asks
    /// again: with the first call of all, or when Redis was restarted.
    async fn ask(
        &self,
        lease: &Lease,
        ttl: Duration,
        wait: Duration,
    ) -> Result<Answer, LeaseError> {
        let ask = Call::acquire(lease, &self.channel, ttl, wait);
        if let Some(answer) = Answer::read(self.run(&ask).await?) {
            return Ok(answer);
        }
        self.line
            .call(|mut connection| async move { connection.subscribe(&self.channel).await })
            .await?;
        let answer = Answer::read(self.run(&ask).await?);
        answer.ok_or_else(|| LeaseError("it does not keep a subscription".to_owned()))
    }

    async fn run(&self, call: &Call) -> Result<i64, LeaseError> {
        self.line.call(|connection| call.make(connection)).await
    }

    /// Gives back, without waiting for the answer, a lease or a place in its
    /// queue. Even while Redis is taken to be away: what was asked of it before
    /// may yet be granted.
    fn give_back(&self, lease: &Lease) {
        let (line, release) = (Arc::clone(&self.line), Call::release(lease));
        send(async move {
            // If it fails, the lease or the place runs out.
            let _ = line.call(|connection| release.make_in_full::<i64>(connection)).await;
        });
    }
}

/// Makes a call without waiting for its answer.
fn send(call: impl Future<Output = ()> + Send + 'static) {
    let Ok(runtime) = Handle::try_current() else {
        return;
    };
    let mut sent = Box::pin(call);
    // Polled here once: it is sent before whatever this process asks next.
    if sent.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() {
        runtime.spawn(sent);
    }
}

#[async_trait]
impl Leases for RedisLeases {
    async fn acquire(
        &self,
        showtime: ShowtimeId,
        token: Uuid,
        ttl: Duration,
        wait: Duration,
    ) -> Result<Option<Lease>, LeaseError> {
        let deadline = Instant::now() + wait;
        let mut place = Place::new(self, Lease { showtime, token });
        match timeout_at(deadline + CALL_TIMEOUT, place.wait(ttl, deadline)).await {
            Ok(granted) => Ok(granted?.then_some(Lease { showtime, token })),
            Err(_) => Err(LeaseError("no answer in time".to_owned())),
        }
    }

    async fn renew(&self, lease: &Lease, ttl: Duration) -> Result<bool, LeaseError> {
        self.line.admit()?;
        self.run(&Call::renew(lease, ttl)).await.map(|done| done == 1)
    }

    async fn release(&self, lease: &Lease) -> Result<bool, LeaseError> {
        if let Err(spared) = self.line.admit() {
            self.give_back(lease);
            return Err(spared);
        }
        self.run(&Call::release(lease)).await.map(|done| done == 1)
    }

    async fn ping(&self) -> Result<(), LeaseError> {
        self.line.ping().await
    }
}
