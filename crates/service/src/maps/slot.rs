use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use seathold_core::{Change, SeatMap, ShowtimeId, Timestamp};
use tokio::time::Instant;
use uuid::Uuid;

use crate::model::{Showtime, StoredShowtime, Version};
use crate::ports::News;
use crate::requests::{RenderedMap, SeatMapView};

/// The place of one showtime's map.
pub(crate) struct Slot {
    pub(crate) showtime: ShowtimeId,
    content: Mutex<Content>,
    /// Whose turn it is to ask the store, for readers.
    pub(super) turn: tokio::sync::Mutex<()>,
    /// What it took when it was last weighed, in bytes.
    weight: AtomicUsize,
}

#[derive(Default)]
struct Content {
    known: Option<Known>,
    /// When something was last learned of it, or a map forgotten: what was asked for
    /// before may be older.
    learned: Option<Instant>,
}

/// A settled map.
pub(crate) struct Known {
    pub(crate) showtime: Arc<Showtime>,
    pub(crate) map: SeatMap,
    /// The commit that made this version.
    made_by: Option<Uuid>,
    /// When it was known to be the showtime's present one.
    seen: Instant,
    used: Instant,
    /// As clients see it: made once per change.
    page: Option<Page>,
}

/// A map as clients see it, and as long as they do.
struct Page {
    from: Timestamp,
    /// The first instant at which a hold in it is over.
    until: Option<Timestamp>,
    rendered: Arc<RenderedMap>,
}

impl Slot {
    pub(super) fn new(showtime: ShowtimeId) -> Self {
        let (content, turn, weight) = Default::default();
        Self { showtime, content, turn, weight }
    }

    /// Looks at what is known. Never waits while it has it.
    pub(crate) fn with<T>(&self, look: impl FnOnce(Option<&mut Known>) -> T) -> T {
        look(self.lock().known.as_mut())
    }

    /// The version of what is known.
    pub(crate) fn version(&self) -> Option<Version> {
        self.with(|known| known.map(|known| known.version()))
    }

    /// A commit of this process on this version was acknowledged.
    pub(crate) fn committed<'a>(
        &self,
        at: Version,
        id: Uuid,
        changes: impl Iterator<Item = &'a Change>,
        asked: Instant,
    ) {
        let mut content = self.lock();
        // A reader may have loaded the outcome already.
        if let Some(known) = content.known.as_mut().filter(|known| known.version() == at) {
            changes.for_each(|change| known.map.apply(change));
            known.advance(id);
            known.seen = known.seen.max(asked);
            content.learned = Some(Instant::now());
        }
    }

    /// Another instance told of the commits that follow. If one is missing, or they
    /// do not add up, the map is forgotten.
    pub(super) fn follow(&self, news: &[News]) {
        let mut content = self.lock();
        let Some(known) = &mut content.known else { return };
        if news.iter().all(|news| known.follow(news)) {
            content.learned = Some(Instant::now());
        } else {
            content.forget();
        }
    }

    /// Forgets the map: it is not, or may not be, the present one.
    pub(crate) fn forget(&self) {
        self.lock().forget();
    }

    /// Takes what was asked for then, unless something newer is known, or was. What
    /// was learned before may be of a history that is no more.
    pub(super) fn install(&self, stored: StoredShowtime, asked: Instant) {
        let mut content = self.lock();
        let newer = |known: &Known| known.map.version() <= stored.map.version();
        if content.learned.is_none_or(|learned| learned <= asked)
            || content.known.as_ref().is_some_and(newer)
        {
            content.learned = content.learned.max(Some(asked));
            content.known = Some(Known {
                made_by: stored.summary.commit_id,
                showtime: Arc::new(stored.summary.showtime),
                map: stored.map,
                seen: asked,
                used: asked,
                page: None,
            });
        }
    }

    /// This was the present version, which was asked for then. `false`: what is
    /// known is older.
    pub(super) fn saw(&self, version: Version, asked: Instant) -> bool {
        let mut content = self.lock();
        let later = content.learned.is_some_and(|learned| asked <= learned);
        let Some(known) = &mut content.known else { return false };
        let ahead = version.number < known.map.version() && later;
        if ahead || known.version() == version {
            known.seen = known.seen.max(asked);
            return true;
        }
        false
    }

    pub(super) fn is_fresh(&self, age: Duration) -> bool {
        self.with(|known| known.is_some_and(|known| known.seen.elapsed() < age))
    }

    pub(super) fn used(&self) -> Option<Instant> {
        self.with(|known| known.map(|known| known.used))
    }

    /// What it took when it was last asked, and what it takes now.
    pub(super) fn weigh(&self) -> (usize, usize) {
        let now = self.with(|known| known.map_or(0, |known| known.bytes()));
        (self.weight.swap(now, Ordering::Relaxed), now)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Content> {
        // After a panic on the way a map may be half changed: it is forgotten.
        self.content.lock().unwrap_or_else(|poisoned| {
            self.content.clear_poison();
            let mut content = PoisonError::into_inner(poisoned);
            content.forget();
            content
        })
    }
}

impl Content {
    fn forget(&mut self) {
        self.known = None;
        self.learned = Some(Instant::now());
    }
}

impl Known {
    /// The map as clients see it at `now`.
    pub(crate) fn page(
        &mut self,
        now: Timestamp,
        render: fn(&SeatMapView<'_>) -> Vec<u8>,
    ) -> Arc<RenderedMap> {
        self.used = Instant::now();
        let holds = |page: &&Page| page.from <= now && page.until.is_none_or(|until| now < until);
        if let Some(page) = self.page.as_ref().filter(holds) {
            return Arc::clone(&page.rendered);
        }
        let view = SeatMapView { showtime: &self.showtime, map: &self.map, now };
        let rendered = Arc::new(RenderedMap { etag: view.etag(), body: render(&view).into() });
        let until = self.map.next_end(now);
        self.page = Some(Page { from: now, until, rendered: Arc::clone(&rendered) });
        rendered
    }

    pub(crate) fn version(&self) -> Version {
        Version { number: self.map.version(), made_by: self.made_by }
    }

    /// The next version begins.
    fn advance(&mut self, id: Uuid) {
        self.map.committed();
        self.made_by = Some(id);
        self.page = None;
        self.used = Instant::now();
    }

    fn follow(&mut self, news: &News) -> bool {
        if news.at.number < self.map.version() {
            return true;
        }
        if news.at != self.version() {
            return false;
        }
        let Some(change) = news.change_on(&self.map) else { return false };
        self.map.apply(&change);
        self.advance(news.id);
        // What was told must add up.
        self.map.available() == news.available
    }

    fn bytes(&self) -> usize {
        let page = self.page.as_ref().map_or(0, |page| page.rendered.body.len());
        size_of::<Self>() + self.map.bytes() + page
    }
}
