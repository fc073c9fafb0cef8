//! Leases within one process.

use std::collections::VecDeque;
use std::collections::btree_map::{BTreeMap, Entry};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use seathold_core::ShowtimeId;
use seathold_service::ports::{Lease, LeaseError, Leases};
use tokio::sync::oneshot;
use tokio::time::{self, Instant};
use uuid::Uuid;

/// Below this many entries nobody looks for ones whose time is over.
const MIN_SWEEP: usize = 64;

/// Layer 1 for a single process. Who waits is served in order, at the instant
/// the lease is free.
#[derive(Debug, Default)]
pub struct InProcessLeases {
    table: Mutex<Table>,
}

impl InProcessLeases {
    fn table(&self) -> MutexGuard<'_, Table> {
        // Nothing in there is left half done by a panic.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Leases for InProcessLeases {
    async fn acquire(
        &self,
        showtime: ShowtimeId,
        token: Uuid,
        ttl: Duration,
        wait: Duration,
    ) -> Result<Option<Lease>, LeaseError> {
        let deadline = Instant::now() + wait;
        let lease = Lease { showtime, token };
        let queued = self.table().ask(&lease, ttl, Instant::now());
        let Some((woken, until)) = queued else {
            return Ok(Some(lease));
        };
        let mut place = Place { keeper: self, lease: &lease, served: false };
        place.wait(woken, until, deadline).await;
        Ok(place.served.then(|| lease.clone()))
    }

    async fn renew(&self, lease: &Lease, ttl: Duration) -> Result<bool, LeaseError> {
        let now = Instant::now();
        let mut table = self.table();
        let slot = table.slots.get_mut(&lease.showtime).filter(|slot| slot.is_held(lease, now));
        Ok(slot.map(|slot| slot.until = now + ttl).is_some())
    }

    async fn release(&self, lease: &Lease) -> Result<bool, LeaseError> {
        let now = Instant::now();
        let mut table = self.table();
        let held = table.slots.get(&lease.showtime).is_some_and(|slot| slot.is_held(lease, now));
        if held {
            table.pass_on(lease.showtime, now);
        }
        Ok(held)
    }

    async fn ping(&self) -> Result<(), LeaseError> {
        Ok(())
    }
}

/// A place in the queue; given up when dropped before it is served.
struct Place<'a> {
    keeper: &'a InProcessLeases,
    lease: &'a Lease,
    served: bool,
}

impl Place<'_> {
    /// Waits to be woken as the owner; whenever the time of the owner before is
    /// over, looks whose turn it is.
    async fn wait(
        &mut self,
        mut woken: oneshot::Receiver<()>,
        mut until: Instant,
        deadline: Instant,
    ) {
        while !self.served {
            tokio::select! {
                biased;
                result = &mut woken => {
                    self.served = result.is_ok();
                    return;
                }
                () = time::sleep_until(until.min(deadline)) => {}
            }
            let now = Instant::now();
            let next = self.keeper.table().expire(self.lease.showtime, now);
            self.served = woken.try_recv().is_ok();
            match next {
                Some(next) if now < deadline => until = next,
                _ => return,
            }
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if !self.served {
            self.keeper.table().withdraw(self.lease);
        }
    }
}

#[derive(Debug, Default)]
struct Table {
    slots: BTreeMap<ShowtimeId, Slot>,
    /// Number of entries at which those whose time is over are removed: twice
    /// what was left the last time, so that looking stays cheap.
    sweep_at: usize,
}

/// Who has the lease of one showtime, and who waits for it.
#[derive(Debug)]
struct Slot {
    owner: Uuid,
    until: Instant,
    waiters: VecDeque<Waiter>,
}

#[derive(Debug)]
struct Waiter {
    token: Uuid,
    ttl: Duration,
    wake: oneshot::Sender<()>,
}

impl Slot {
    fn is_held(&self, lease: &Lease, now: Instant) -> bool {
        self.owner == lease.token && now < self.until
    }
}

impl Table {
    /// Grants a lease that is free, or gives a place in the queue: what wakes
    /// the waiter, and when the present owner's time is over.
    fn ask(
        &mut self,
        lease: &Lease,
        ttl: Duration,
        now: Instant,
    ) -> Option<(oneshot::Receiver<()>, Instant)> {
        self.sweep(now);
        self.expire(lease.showtime, now);
        match self.slots.entry(lease.showtime) {
            Entry::Vacant(free) => {
                free.insert(Slot {
                    owner: lease.token,
                    until: now + ttl,
                    waiters: VecDeque::new(),
                });
                None
            }
            Entry::Occupied(mut taken) => {
                let (wake, woken) = oneshot::channel();
                taken.get_mut().waiters.push_back(Waiter { token: lease.token, ttl, wake });
                Some((woken, taken.get().until))
            }
        }
    }

    /// Passes a lease on whose time is over; gives when the present owner's is.
    fn expire(&mut self, showtime: ShowtimeId, now: Instant) -> Option<Instant> {
        if self.slots.get(&showtime).is_some_and(|slot| slot.until <= now) {
            self.pass_on(showtime, now);
        }
        self.slots.get(&showtime).map(|slot| slot.until)
    }

    /// Makes the first who still waits the owner; if there is none, nobody is.
    fn pass_on(&mut self, showtime: ShowtimeId, now: Instant) {
        let Some(slot) = self.slots.get_mut(&showtime) else {
            return;
        };
        while let Some(waiter) = slot.waiters.pop_front() {
            if waiter.wake.send(()).is_ok() {
                slot.owner = waiter.token;
                slot.until = now + waiter.ttl;
                return;
            }
        }
        self.slots.remove(&showtime);
    }

    /// Takes a waiter out of the queue; one who has become the owner meanwhile
    /// gives the lease back.
    fn withdraw(&mut self, lease: &Lease) {
        let Some(slot) = self.slots.get_mut(&lease.showtime) else {
            return;
        };
        if slot.owner == lease.token {
            self.pass_on(lease.showtime, Instant::now());
        } else {
            slot.waiters.retain(|waiter| waiter.token != lease.token);
        }
    }

    /// Removes what an owner never released and nobody has asked for since.
    fn sweep(&mut self, now: Instant) {
        if self.slots.len() >= self.sweep_at.max(MIN_SWEEP) {
            self.slots.retain(|_, slot| now < slot.until || !slot.waiters.is_empty());
            self.sweep_at = 2 * self.slots.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn showtimes_nobody_uses_leave_nothing_behind() {
        let leases = InProcessLeases::default();
        for n in 0..100_000_u32 {
            let showtime = ShowtimeId::from_parts(n, [0; 8]);
            let token = Uuid::from_u128(n.into());
            let ttl = Duration::from_millis(50);
            leases.acquire(showtime, token, ttl, Duration::ZERO).await.expect("it never fails");
            time::advance(Duration::from_millis(1)).await;
        }
        assert!(leases.table().slots.len() <= 2 * MIN_SWEEP);
    }
}
