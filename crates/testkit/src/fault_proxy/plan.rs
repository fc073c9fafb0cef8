//! What becomes of which request.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// It does not arrive, and the connection is cut.
    Request,
    /// It arrives, and the connection is cut before the answer.
    Answer,
    /// It arrives, and nothing more is heard.
    Silence,
}

/// Which requests are struck next, and how.
#[derive(Default)]
pub(super) struct Plan(Mutex<Strikes>);

#[derive(Default)]
struct Strikes {
    loss: Option<Loss>,
    /// What stands in such a request.
    mark: Vec<u8>,
    left: u32,
    done: u64,
}

impl Plan {
    pub(super) fn set(&self, loss: Loss, command: &str, collection: &str, times: u32) {
        let mut strikes = self.strikes();
        strikes.loss = Some(loss);
        // As BSON has it: a name, then a text after its length.
        strikes.mark = [format!("{command}\0").as_bytes(), &text(collection)].concat();
        strikes.left = times;
    }

    /// What becomes of this request.
    pub(super) fn strike(&self, request: &[u8]) -> Option<Loss> {
        let mut strikes = self.strikes();
        if strikes.left == 0 || !contains(request, &strikes.mark) {
            return None;
        }
        strikes.left -= 1;
        strikes.done += 1;
        strikes.loss
    }

    pub(super) fn left(&self) -> u32 {
        self.strikes().left
    }

    pub(super) fn lost(&self) -> u64 {
        self.strikes().done
    }

    fn strikes(&self) -> MutexGuard<'_, Strikes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How fast requests are passed on.
#[derive(Default)]
pub(super) struct Pace(Mutex<Turns>);

#[derive(Default)]
struct Turns {
    bytes_per_second: Option<u32>,
    /// What stands in a request that is slowed down.
    mark: Vec<u8>,
    /// When the next one may go.
    next: Option<Instant>,
}

impl Pace {
    pub(super) fn set(&self, bytes_per_second: Option<u32>, database: &str) {
        let mark = [b"$db\0".as_slice(), &text(database)].concat();
        *self.turns() = Turns { bytes_per_second, mark, next: None };
    }

    /// Waits for the turn of a request.
    pub(super) async fn wait(&self, request: &[u8]) {
        let until = self.turns().take(request);
        if let Some(until) = until {
            sleep_until(until).await;
        }
    }

    fn turns(&self) -> MutexGuard<'_, Turns> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turns {
    /// When this request may go; those after it wait for as long as its bytes take.
    fn take(&mut self, request: &[u8]) -> Option<Instant> {
        let rate = self.bytes_per_second.filter(|_| contains(request, &self.mark))?;
        let now = Instant::now();
        let turn = self.next.map_or(now, |next| next.max(now));
        self.next = Some(turn + Duration::from_secs_f64(request.len() as f64 / f64::from(rate)));
        Some(turn)
    }
}

/// A text as BSON has it, behind its length.
fn text(said: &str) -> Vec<u8> {
    let mut bytes = (said.len() as i32 + 1).to_le_bytes().to_vec();
    bytes.extend(said.bytes().chain([0]));
    bytes
}

fn contains(request: &[u8], mark: &[u8]) -> bool {
    request.windows(mark.len()).any(|part| part == mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(database: &str, bytes: usize) -> Vec<u8> {
        let mut request = [b"\x02$db\0".as_slice(), &text(database)].concat();
        request.resize(bytes, 0);
        request
    }

    #[tokio::test(start_paused = true)]
    async fn requests_of_one_database_go_at_its_pace_and_others_at_once() {
        let (pace, begun) = (Pace::default(), Instant::now());
        pace.wait(&request("shop", 1_000)).await;
        assert!(begun.elapsed().is_zero(), "nothing is slowed down unless told so");
        pace.set(Some(1_000), "shop");
        for _ in 0..3 {
            pace.wait(&request("shop", 500)).await;
        }
        let slowed = begun.elapsed();
        assert!((Duration::from_secs(1)..Duration::from_millis(1_010)).contains(&slowed));
        pace.wait(&request("local", 5_000)).await;
        assert_eq!(begun.elapsed(), slowed);
    }

    #[test]
    fn only_what_is_meant_is_struck_and_no_more_often() {
        let plan = Plan::default();
        plan.set(Loss::Answer, "update", "showtimes", 1);
        let of = |collection| [b"\x02update\0".as_slice(), &text(collection)].concat();
        assert_eq!(plan.strike(&of("bookings")), None);
        assert_eq!(plan.strike(&of("showtimes")), Some(Loss::Answer));
        assert_eq!(plan.strike(&of("showtimes")), None);
        assert_eq!((plan.left(), plan.lost()), (0, 1));
    }
}
