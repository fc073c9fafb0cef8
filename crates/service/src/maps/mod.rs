//! The seat maps this process knows: one per showtime, for its desk and for all who
//! read it. Only what is settled stands in them: loaded as the majority has it, and
//! advanced by commits that were acknowledged.

mod slot;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicIsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use seathold_core::ShowtimeId;
use tokio::time::Instant;

use crate::limits::{MAPS_BYTES_MAX, READ_FRESH};
use crate::ports::{Feed, Store, StoreError};
pub(crate) use slot::{Known, Slot};

/// All of them, within a bounded memory.
pub(crate) struct Maps {
    store: Arc<dyn Store>,
    feed: Arc<dyn Feed>,
    slots: Mutex<BTreeMap<ShowtimeId, Arc<Slot>>>,
    /// What the maps take, in bytes.
    weight: AtomicIsize,
}

impl Maps {
    pub(crate) fn new(store: Arc<dyn Store>, feed: Arc<dyn Feed>) -> Self {
        Self { store, feed, slots: Mutex::default(), weight: AtomicIsize::new(0) }
    }

    /// The place of this showtime's map for its desk, until that leaves.
    pub(crate) fn enter(&self, showtime: ShowtimeId) -> Arc<Slot> {
        let mut slots = self.slots();
        let slot = slots.entry(showtime).or_insert_with(|| Arc::new(Slot::new(showtime)));
        slot.desks.fetch_add(1, Ordering::Relaxed);
        Arc::clone(slot)
    }

    /// Its desk needs it no more.
    pub(crate) fn leave(&self, slot: &Slot) {
        slot.desks.fetch_sub(1, Ordering::Relaxed);
        self.forget_if_empty(slot.showtime);
    }

    /// The place of this showtime's map, known or not.
    fn slot(&self, showtime: ShowtimeId) -> Arc<Slot> {
        Arc::clone(self.slots().entry(showtime).or_insert_with(|| Arc::new(Slot::new(showtime))))
    }

    /// Looks at a map that is at most [`READ_FRESH`] behind other instances, and
    /// not at all behind this one. `None`: there is no such showtime.
    pub(crate) async fn read<T>(
        &self,
        showtime: ShowtimeId,
        look: impl FnOnce(&mut Known) -> T,
    ) -> Result<Option<T>, StoreError> {
        let slot = self.slot(showtime);
        let mut look = Some(look);
        while self.freshen(&slot).await? {
            let seen = slot.with(|known| {
                let known = known?;
                look.take().map(|look| look(known))
            });
            if seen.is_some() {
                self.weigh(&slot);
                return Ok(seen);
            }
            // Forgotten just now.
        }
        self.forget_if_empty(showtime);
        Ok(None)
    }

    /// Loads a showtime's map anew. `false`: there is no such showtime.
    pub(crate) async fn load(&self, slot: &Slot) -> Result<bool, StoreError> {
        metrics::counter!("seathold_map_reloads_total").increment(1);
        let asked = Instant::now();
        let stored = self.store.load(slot.showtime).await?;
        let found = stored.is_some();
        match stored {
            Some(stored) => slot.install(stored, asked),
            None => slot.forget(),
        }
        self.weigh(slot);
        Ok(found)
    }

    /// Makes sure that what is known is the present map: by its version, by what
    /// other instances told, and if that is not enough, by loading it. `false`:
    /// there is no such showtime.
    pub(crate) async fn refresh(&self, slot: &Slot) -> Result<bool, StoreError> {
        let asked = Instant::now();
        let Some(known) = slot.version() else { return self.load(slot).await };
        let Some(present) = self.store.version(slot.showtime).await? else {
            slot.forget();
            return Ok(false);
        };
        if slot.saw(present, asked) {
            return Ok(true);
        }
        self.catch_up(slot, known.number).await;
        if slot.saw(present, asked) { Ok(true) } else { self.load(slot).await }
    }

    /// Brings the map forward by what other instances told of commits after this
    /// version.
    pub(crate) async fn catch_up(&self, slot: &Slot, number: u64) {
        let news = self.feed.since(slot.showtime, number).await;
        if !news.is_empty() {
            metrics::counter!("seathold_commits_followed_total").increment(news.len() as u64);
            slot.follow(&news);
        }
    }

    /// One at a time asks the store, for all who wait. `false`: there is no such
    /// showtime.
    async fn freshen(&self, slot: &Arc<Slot>) -> Result<bool, StoreError> {
        if slot.is_fresh(READ_FRESH) {
            return Ok(true);
        }
        let _turn = slot.turn.lock().await;
        if slot.is_fresh(READ_FRESH) {
            return Ok(true);
        }
        self.refresh(slot).await
    }

    /// Notes what a map takes by now, and makes room if all take too much: those
    /// that were used the longest ago go first. A desk loads its own again.
    pub(crate) fn weigh(&self, slot: &Slot) {
        if self.reweigh(slot) <= MAPS_BYTES_MAX {
            return;
        }
        let mut slots: Vec<_> = self.slots().values().cloned().collect();
        slots.sort_by_cached_key(|slot| slot.used());
        for slot in slots {
            slot.forget();
            let total = self.reweigh(&slot);
            self.forget_if_empty(slot.showtime);
            if total <= MAPS_BYTES_MAX / 8 * 7 {
                return;
            }
        }
    }

    /// Gives what all take.
    fn reweigh(&self, slot: &Slot) -> isize {
        // Of two at once, the later may be counted first.
        let more = slot.weigh();
        self.weight.fetch_add(more, Ordering::Relaxed) + more
    }

    /// Ids that name no showtime leave nothing behind.
    fn forget_if_empty(&self, showtime: ShowtimeId) {
        let mut slots = self.slots();
        let empty =
            |slot: &Arc<Slot>| slot.desks.load(Ordering::Relaxed) == 0 && slot.version().is_none();
        if slots.get(&showtime).is_some_and(empty) {
            slots.remove(&showtime);
        }
    }

    fn slots(&self) -> std::sync::MutexGuard<'_, BTreeMap<ShowtimeId, Arc<Slot>>> {
        // Nothing panics while holding it.
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
