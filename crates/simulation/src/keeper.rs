//! The keeper of leases, and what instances tell each other through it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use seathold_core::ShowtimeId;
use seathold_service::ports::{Feed, Lease, LeaseError, Leases, News};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use crate::surroundings::Surroundings;
use crate::wire::{Odds, Wire};

/// How long an instance waits for the keeper, beyond what it waits for its turn.
const PATIENCE: Duration = Duration::from_millis(500);

/// Entries that are told at once.
const NEWS_MAX: usize = 64;

pub(crate) struct Keeper {
    around: Arc<Surroundings>,
    slots: Mutex<BTreeMap<ShowtimeId, Slot>>,
    news: Mutex<BTreeMap<ShowtimeId, BTreeMap<u64, News>>>,
}

/// Who has the lease of one showtime, and who waits for it.
struct Slot {
    owner: Uuid,
    /// Which instance that is.
    instance: usize,
    until: Instant,
    waiters: VecDeque<Waiter>,
}

struct Waiter {
    token: Uuid,
    instance: usize,
    ttl: Duration,
    wake: oneshot::Sender<()>,
}

impl Keeper {
    pub(crate) fn new(around: Arc<Surroundings>) -> Self {
        Self { around, slots: Mutex::default(), news: Mutex::default() }
    }

    /// All leases are free again, whoever believes to have one.
    pub(crate) fn forget(&self) {
        self.slots().clear();
        self.around.note(|| "all leases are forgotten".to_owned());
    }

    async fn acquire(&self, of: Asker, deadline: Instant) -> bool {
        loop {
            let now = Instant::now();
            let Some((woken, until)) = self.ask(&of, now) else { return true };
            if deadline <= now {
                self.withdraw(&of.lease);
                return false;
            }
            match timeout_at(until.min(deadline), woken).await {
                Ok(Ok(())) => return true,
                // Somebody's time is over; or all was forgotten.
                _ => self.withdraw(&of.lease),
            }
        }
    }

    /// Grants a lease that is free, or gives a place in the queue.
    fn ask(&self, of: &Asker, now: Instant) -> Option<(oneshot::Receiver<()>, Instant)> {
        let Asker { instance, lease, ttl } = of;
        let (instance, ttl) = (*instance, *ttl);
        let mut slots = self.slots();
        let twice = self.around.strikes(self.around.plan.leases.twice);
        if let Some(slot) = slots.get_mut(&lease.showtime)
            && now < slot.until
            && !twice
        {
            let (wake, woken) = oneshot::channel();
            slot.waiters.push_back(Waiter { token: lease.token, instance, ttl, wake });
            return Some((woken, slot.until));
        }
        let waiters = slots.remove(&lease.showtime).map(|slot| slot.waiters).unwrap_or_default();
        let slot = Slot { owner: lease.token, instance, until: now + ttl, waiters };
        slots.insert(lease.showtime, slot);
        None
    }

    fn withdraw(&self, lease: &Lease) {
        if let Some(slot) = self.slots().get_mut(&lease.showtime) {
            slot.waiters.retain(|waiter| waiter.token != lease.token);
        }
    }

    fn renew(&self, lease: &Lease, ttl: Duration) -> bool {
        let now = Instant::now();
        let mut slots = self.slots();
        let slot = slots.get_mut(&lease.showtime);
        let slot = slot.filter(|slot| slot.owner == lease.token && now < slot.until);
        slot.map(|slot| slot.until = now + ttl).is_some()
    }

    fn release(&self, lease: &Lease, instance: usize) -> bool {
        let now = Instant::now();
        let mut slots = self.slots();
        let Some(slot) = slots.get_mut(&lease.showtime) else { return false };
        if slot.owner != lease.token || slot.until <= now {
            return false;
        }
        if slot.instance != instance {
            let whose = slot.instance;
            let what = format!("leases: instance {instance} gives back the lease of {whose}");
            self.around.breach(what);
        }
        while let Some(waiter) = slot.waiters.pop_front() {
            if waiter.wake.send(()).is_ok() {
                (slot.owner, slot.instance) = (waiter.token, waiter.instance);
                slot.until = now + waiter.ttl;
                return true;
            }
        }
        slots.remove(&lease.showtime);
        true
    }

    fn tell(&self, news: News) {
        let mut all = self.news.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(news.showtime).or_default().insert(news.at.number, news);
    }

    fn since(&self, showtime: ShowtimeId, version: u64) -> Vec<News> {
        let all = self.news.lock().unwrap_or_else(PoisonError::into_inner);
        let told = all.get(&showtime).into_iter().flat_map(|told| told.range(version..));
        told.take(NEWS_MAX).map(|(_, news)| news.clone()).collect()
    }

    fn slots(&self) -> MutexGuard<'_, BTreeMap<ShowtimeId, Slot>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who asks for a lease, and for how long.
struct Asker {
    instance: usize,
    lease: Lease,
    ttl: Duration,
}

/// An instance's way to the keeper.
pub(crate) struct ToKeeper {
    pub(crate) wire: Wire,
    pub(crate) keeper: Arc<Keeper>,
}

impl ToKeeper {
    async fn call<T: Send + 'static>(
        &self,
        name: &'static str,
        wait: Duration,
        serve: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, LeaseError> {
        let faults = &self.wire.around.plan.leases;
        let odds = Odds { refused: faults.unreachable, answer_lost: faults.answer_lost };
        let answer = self.wire.call(name, odds, wait + PATIENCE, serve).await;
        answer.map_err(|why| LeaseError(format!("{why:?}")))
    }
}

#[async_trait]
impl Leases for ToKeeper {
    async fn acquire(
        &self,
        showtime: ShowtimeId,
        token: Uuid,
        ttl: Duration,
        wait: Duration,
    ) -> Result<Option<Lease>, LeaseError> {
        let (keeper, deadline) = (self.keeper.clone(), Instant::now() + wait);
        let (instance, lease) = (self.wire.number, Lease { showtime, token });
        let serve = async move {
            let asker = Asker { instance, lease: lease.clone(), ttl };
            keeper.acquire(asker, deadline).await.then_some(lease)
        };
        self.call("acquire", wait, serve).await
    }

    async fn renew(&self, lease: &Lease, ttl: Duration) -> Result<bool, LeaseError> {
        let (keeper, lease) = (self.keeper.clone(), lease.clone());
        self.call("renew", Duration::ZERO, async move { keeper.renew(&lease, ttl) }).await
    }

    async fn release(&self, lease: &Lease) -> Result<bool, LeaseError> {
        let (keeper, lease, instance) = (self.keeper.clone(), lease.clone(), self.wire.number);
        let serve = async move { keeper.release(&lease, instance) };
        self.call("release", Duration::ZERO, serve).await
    }

    async fn ping(&self) -> Result<(), LeaseError> {
        self.call("ping", Duration::ZERO, async {}).await
    }
}

#[async_trait]
impl Feed for ToKeeper {
    fn publish(&self, news: News) {
        let around = self.wire.around.clone();
        if around.strikes(around.plan.network.news_lost) {
            return;
        }
        let keeper = self.keeper.clone();
        tokio::spawn(async move {
            around.travel().await;
            keeper.tell(news);
        });
    }

    async fn since(&self, showtime: ShowtimeId, version: u64) -> Vec<News> {
        let keeper = self.keeper.clone();
        let serve = async move { keeper.since(showtime, version) };
        self.call("since", Duration::ZERO, serve).await.unwrap_or_default()
    }
}
