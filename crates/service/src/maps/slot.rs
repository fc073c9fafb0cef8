use std::sync::atomic::{AtomicIsize, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use seathold_core::{Change, SeatMap, ShowtimeId, Timestamp};
use tokio::time::Instant;
use uuid::Uuid;

use crate::limits::READ_FRESH;
use crate::model::{Showtime, StoredShowtime, Version};
use crate::ports::News;
use crate::requests::{RenderedMap, SeatMapView};

/// The place of one showtime's map.
pub(crate) struct Slot {
    pub(crate) showtime: ShowtimeId,
    content: Mutex<Content>,
    /// Whose turn it is to ask the store, for readers.
    pub(super) turn: tokio::sync::Mutex<()>,
    /// Desks that work on it: they keep it in its place.
    pub(super) desks: AtomicUsize,
    /// What it took when it was last weighed, in bytes.
    weight: AtomicIsize,
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
        let (content, turn, desks, weight) = Default::default();
        Self { showtime, content, turn, desks, weight }
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
        match &mut content.known {
            Some(known) if known.version() == at => {
                changes.for_each(|change| known.map.apply(change));
                known.advance(id);
                known.seen = known.seen.max(asked);
                content.learned = Some(Instant::now());
            }
            // A reader has loaded the outcome already.
            Some(known) if at.number < known.map.version() => {}
            // What was asked for before the commit is of no use any more.
            _ => content.forget(),
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

    /// How much more it takes than when it was last asked.
    pub(super) fn weigh(&self) -> isize {
        let now = self.with(|known| known.map_or(0, |known| known.bytes())) as isize;
        now - self.weight.swap(now, Ordering::Relaxed)
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
    /// `now`, unless whoever looks was kept from it since the map was known to be the
    /// present one: then the last moment of which it tells. A hold that is over by now
    /// may have been extended.
    pub(crate) fn tells_of(&self, now: Timestamp) -> Timestamp {
        let late = self.seen.elapsed().saturating_sub(READ_FRESH);
        now.plus_millis(-i64::try_from(late.as_millis()).unwrap_or(i64::MAX))
    }

    /// The map as clients see it at `now`.
    pub(crate) fn page(
        &mut self,
        now: Timestamp,
        render: fn(&SeatMapView<'_>) -> Vec<u8>,
    ) -> Arc<RenderedMap> {
        self.touch();
        let holds = |page: &&Page| page.from <= now && page.until.is_none_or(|until| now < until);
        if let Some(page) = self.page.as_ref().filter(holds) {
            return Arc::clone(&page.rendered);
        }
        let view = SeatMapView { showtime: &self.showtime, map: &self.map, now };
        let rendered = Arc::new(RenderedMap { etag: self.etag(now), body: render(&view).into() });
        let until = self.map.next_end(now);
        self.page = Some(Page { from: now, until, rendered: Arc::clone(&rendered) });
        rendered
    }

    /// A tag that changes whenever what is shown changes: with each commit, of
    /// whatever history, and with each hold that ends.
    fn etag(&self, now: Timestamp) -> String {
        let Version { number, made_by } = self.version();
        let (commit, _) = made_by.unwrap_or_default().as_u64_pair();
        format!("\"{number}.{commit:x}.{}\"", self.map.expired(now).count())
    }

    /// Somebody makes use of it.
    pub(crate) fn touch(&mut self) {
        self.used = Instant::now();
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
