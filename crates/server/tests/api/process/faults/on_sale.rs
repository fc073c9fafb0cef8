use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::json;
use tokio::sync::{OnceCell, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::SOON;
use super::buyer::{Held, Seen, Wish};
use super::cluster::Sites;
use crate::support::row;

/// Buyers at the same time.
const BUYERS: usize = 60;

/// Every other wish is for one seat, the rest for two.
const WISHES_PER_SHOWTIME: usize = 600;
pub(super) const SEATS_PER_SHOWTIME: usize = WISHES_PER_SHOWTIME / 2 * 3;

/// Showtimes are made as they are needed, so many at the most.
const SHOWTIMES_MAX: usize = 100;

/// How long a buyer takes to come: the servers share the machine.
const THINKING: Duration = Duration::from_millis(50);

/// Buyers who fill one showtime after the other.
pub(super) struct OnSale {
    books: Arc<Books>,
    buyers: JoinSet<()>,
}

struct Books {
    sites: Sites,
    showtimes: Vec<OnceCell<String>>,
    next_wish: AtomicUsize,
    closed: AtomicBool,
    held: Mutex<Vec<Held>>,
    seen: watch::Sender<Seen>,
}

impl OnSale {
    pub(super) fn open(sites: Sites) -> Self {
        let books = Arc::new(Books {
            sites,
            showtimes: (0..SHOWTIMES_MAX).map(|_| OnceCell::new()).collect(),
            next_wish: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
            held: Mutex::default(),
            seen: watch::Sender::default(),
        });
        let mut buyers = JoinSet::new();
        for _ in 0..BUYERS {
            buyers.spawn(Arc::clone(&books).buy());
        }
        Self { books, buyers }
    }

    /// What has been met with so far.
    pub(super) fn seen(&self) -> Seen {
        self.books.seen.borrow().clone()
    }

    /// Measures the slowest answer from now on.
    pub(super) fn time_anew(&self) {
        self.books.seen.send_modify(|seen| seen.slowest = Duration::ZERO);
    }

    /// Waits until this was met with; gives how long that took.
    pub(super) async fn until(&self, what: &str, holds: impl Fn(&Seen) -> bool) -> Duration {
        let (begin, mut seen) = (Instant::now(), self.books.seen.subscribe());
        let met = timeout(SOON, seen.wait_for(holds)).await.map(drop);
        met.unwrap_or_else(|_| panic!("never: {what}; but {:?}", self.seen()));
        begin.elapsed()
    }

    /// Waits for so many more holds; gives how long they took.
    pub(super) async fn goes_on(&self, holds: usize) -> Duration {
        let before = self.seen().acknowledged();
        self.until("more holds", |seen| seen.acknowledged() >= before + holds).await
    }

    /// Waits for so many more holds at this instance.
    pub(super) async fn goes_on_at(&self, number: usize, holds: usize) -> Duration {
        let at = |seen: &Seen| seen.held.get(&number).copied().unwrap_or_default();
        let before = at(&self.seen());
        self.until("holds at this instance", |seen| at(seen) >= before + holds).await
    }

    /// Somebody comes who has not asked before, and waits for their seats.
    pub(super) async fn newcomer(&self) {
        self.books.buy_next().await;
    }

    /// Lets everybody get what they want, and nobody come after them.
    pub(super) async fn close(self) -> (Vec<Held>, Seen) {
        self.books.closed.store(true, Ordering::Relaxed);
        self.buyers.join_all().await;
        let held = std::mem::take(&mut *self.books.held());
        (held, self.books.seen.borrow().clone())
    }
}

impl Books {
    async fn buy(self: Arc<Self>) {
        while !self.closed.load(Ordering::Relaxed) {
            sleep(THINKING).await;
            self.buy_next().await;
        }
    }

    async fn buy_next(&self) {
        let number = self.next_wish.fetch_add(1, Ordering::Relaxed);
        let wish = self.wish(number).await;
        let held = wish.pursue(&self.sites, number, &self.seen).await;
        self.held().push(held);
    }

    /// The wish of this number: the seats of all wishes are disjoint.
    async fn wish(&self, number: usize) -> Wish {
        let (showtime, place) = (number / WISHES_PER_SHOWTIME, number % WISHES_PER_SHOWTIME);
        let showtime = self.showtimes.get(showtime).expect("there are showtimes enough");
        let showtime = showtime.get_or_init(|| self.make_showtime()).await;
        let first = place / 2 * 3 + place % 2 + 1;
        let seats = first..=first + place % 2;
        Wish::new(number, showtime, seats.map(|seat| format!("A{seat}")).collect())
    }

    /// A new showtime, of the first instance that makes one.
    async fn make_showtime(&self) -> String {
        let rows = [row("A", SEATS_PER_SHOWTIME as u32, "standard")];
        let begin = Instant::now();
        for turn in (0..).take_while(|_| begin.elapsed() < SOON / 2) {
            let (_, site) = self.sites.at(turn);
            let mut body = site.evening();
            body["layout"] = json!({ "rows": rows });
            match site.post("/api/admin/showtimes").by_admin().json(&body).try_send().await {
                Ok(made) if made.status == 201 => return made.text("id").to_owned(),
                Ok(made) => drop(made.refused(503, "SERVICE_UNAVAILABLE")),
                Err(_) => {}
            }
            sleep(THINKING).await;
        }
        panic!("no showtime can be made")
    }

    fn held(&self) -> MutexGuard<'_, Vec<Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
