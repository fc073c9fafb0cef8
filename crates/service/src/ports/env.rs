use std::future::Future;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use seathold_core::{BookingId, ShowtimeId, Timestamp};
use tracing::Instrument;
use uuid::Uuid;

/// Tells the time, corrected towards the store's.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// The only source of randomness.
pub trait Random: Send + Sync {
    /// Fills `bytes` so that nobody can guess them.
    fn fill(&self, bytes: &mut [u8]);
}

/// Runs work that must outlive the request that asked for it.
pub trait Spawn: Send + Sync {
    /// Runs `task` to its end, whatever becomes of the caller.
    fn spawn(&self, task: BoxFuture<'static, ()>);
}

/// Time, randomness and tasks: what a simulation replaces.
#[derive(Clone)]
pub struct Env {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Gives randomness.
    pub random: Arc<dyn Random>,
    /// Runs tasks.
    pub tasks: Arc<dyn Spawn>,
}

impl Env {
    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A fresh UUID version 4.
    #[must_use]
    pub fn uuid(&self) -> Uuid {
        uuid::Builder::from_random_bytes(self.bytes()).into_uuid()
    }

    /// A fresh booking id that sorts by time.
    #[must_use]
    pub fn booking_id(&self) -> BookingId {
        let (seconds, rest) = self.id_parts();
        BookingId::from_parts(seconds, rest)
    }

    /// A fresh showtime id that sorts by time.
    #[must_use]
    pub fn showtime_id(&self) -> ShowtimeId {
        let (seconds, rest) = self.id_parts();
        ShowtimeId::from_parts(seconds, rest)
    }

    /// A fresh booking code, `BK-` and eight letters and digits that are not
    /// mistaken for one another. For people; not guaranteed unique.
    #[must_use]
    pub fn booking_code(&self) -> String {
        const ALPHABET: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
        let letters = self.bytes::<8>().map(|byte| ALPHABET[usize::from(byte % 32)] as char);
        format!("BK-{}", letters.iter().collect::<String>())
    }

    /// How long to wait, in ms, after so many tries in vain: from `first` on twice
    /// as long each time, `max` at the most, and up to half of it again at random,
    /// so that what failed together does not come back together.
    #[must_use]
    pub fn backoff(&self, first: i64, max: i64, tries: u32) -> i64 {
        let doubled = first.saturating_mul(1_i64.checked_shl(tries).unwrap_or(i64::MAX));
        let wait = if doubled > 0 { doubled.min(max) } else { max };
        let part = i64::from(u32::from_be_bytes(self.bytes()));
        wait + (wait / 2).saturating_mul(part) / i64::from(u32::MAX)
    }

    /// Runs `work` to its end even when the caller goes away. `None`: it panicked.
    pub async fn detached<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let (done, result) = tokio::sync::oneshot::channel();
        // What it logs belongs to the request.
        let work = work.in_current_span();
        self.tasks.spawn(Box::pin(async move {
            // The caller may be gone; the work is done all the same.
            let _ = done.send(work.await);
        }));
        result.await.ok()
    }

    fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.random.fill(&mut bytes);
        bytes
    }

    /// The seconds of an id, and the bytes after them: milliseconds, so that ids of
    /// one second rise as well and stores append to what they have, then six at random.
    fn id_parts(&self) -> (u32, [u8; 8]) {
        let now = self.now().as_millis();
        let mut rest: [u8; 8] = self.bytes();
        rest[..2].copy_from_slice(&(now.rem_euclid(1000) as u16).to_be_bytes());
        (u32::try_from(now.div_euclid(1000)).unwrap_or_default(), rest)
    }
}
