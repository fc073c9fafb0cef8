//! How many requests the process takes up at the same time.

use tokio::sync::{Semaphore, SemaphorePermit};

/// A place for each request that is under way.
#[derive(Debug)]
pub(crate) struct Places(Semaphore);

impl Places {
    /// So many.
    pub(crate) fn new(count: u32) -> Self {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        Self(Semaphore::new(count.min(Semaphore::MAX_PERMITS)))
    }

    /// A place, if one is free; given back when it is dropped.
    pub(super) fn take(&self) -> Option<SemaphorePermit<'_>> {
        // Its only error, but for none being free, is that it is closed, which it never is.
        self.0.try_acquire().ok()
    }
}

/// Whether a request is of those who watch the process: they are never turned away.
pub(super) fn is_watching(path: &str) -> bool {
    path == "/metrics" || path == "/health" || path.starts_with("/health/")
}
