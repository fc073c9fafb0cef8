use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::support::{Answer, Site, fresh_key, row};

/// Buyers at the same time.
const BUYERS: usize = 16;

/// Pairs of seats; two buyers want each.
const PAIRS: usize = 300;

/// Buyers who want pair after pair, until the server is gone.
pub(super) struct Rush {
    pub(super) showtime: String,
    books: Arc<Books>,
    buyers: JoinSet<()>,
}

/// One hold that was asked for.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    pub(super) user: String,
    pub(super) key: String,
    pub(super) body: Value,
}

/// A hold that was acknowledged.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) user: String,
    pub(super) booking: String,
    pub(super) seats: Vec<String>,
    pub(super) money: Money,
}

/// How far its payment came.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Money {
    /// It was not begun.
    None,
    /// The server was gone before it said so: it may be sold or not.
    Unknown,
    /// The gateway's message was acknowledged: it is sold, or will be.
    Paid,
}

/// What the buyers were told.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    pub(super) held: Vec<Held>,
    pub(super) unanswered: Vec<Wish>,
}

impl Told {
    /// Whether somebody was still waiting for an answer.
    pub(super) fn is_cut_off(&self) -> bool {
        !self.unanswered.is_empty() || self.held.iter().any(|held| held.money == Money::Unknown)
    }
}

struct Books {
    site: Site,
    showtime: String,
    told: Mutex<Told>,
    acknowledged: watch::Sender<usize>,
}

impl Rush {
    /// Begins on a new showtime.
    pub(super) async fn begin(site: &Site) -> Self {
        let rows = [row("A", 2 * PAIRS as u32, "standard")];
        let showtime = site.showtime_with(json!({ "layout": { "rows": rows } })).await;
        let books = Arc::new(Books {
            site: site.clone(),
            showtime: showtime.clone(),
            told: Mutex::default(),
            acknowledged: watch::Sender::new(0),
        });
        let mut buyers = JoinSet::new();
        for number in 0..BUYERS {
            buyers.spawn(Arc::clone(&books).buyer(number));
        }
        Self { showtime, books, buyers }
    }

    /// Waits until so many holds were acknowledged.
    pub(super) async fn acknowledged(&self, count: usize) {
        let mut acknowledged = self.books.acknowledged.subscribe();
        acknowledged.wait_for(|seen| *seen >= count).await.expect("the books are open");
    }

    /// What everybody was told, once all have noticed that the server is gone.
    pub(super) async fn told(self) -> Told {
        self.buyers.join_all().await;
        self.books.told(|told| told.clone())
    }
}

impl Books {
    /// Wants every pair that falls to this buyer's number.
    async fn buyer(self: Arc<Self>, number: usize) {
        for turn in (number..2 * PAIRS).step_by(BUYERS) {
            let pair = turn / 2;
            let seats = vec![format!("A{}", 2 * pair + 1), format!("A{}", 2 * pair + 2)];
            let body = json!({ "showtime_id": self.showtime, "seats": seats });
            let wish = Wish { user: format!("buyer-{turn}"), key: fresh_key(), body };
            let Ok(answer) = wish.send(&self.site).await else {
                return self.told(|told| told.unanswered.push(wish));
            };
            if answer.status != 201 {
                assert_eq!(answer.status, 409, "{}", answer.body);
                continue;
            }
            let booking = answer.text("booking_id").to_owned();
            self.acknowledged.send_modify(|count| *count += 1);
            let money = match turn % 3 {
                0 => self.pay(&wish.user, &booking).await.unwrap_or(Money::Unknown),
                _ => Money::None,
            };
            self.told(|told| told.held.push(Held { user: wish.user, booking, seats, money }));
            if money == Money::Unknown {
                return;
            }
        }
    }

    async fn pay(&self, user: &str, booking: &str) -> Result<Money, reqwest::Error> {
        let call = self.site.post(&format!("/api/bookings/{booking}/confirm")).by(user);
        // A method that lets no hold last longer.
        let body = json!({ "payment_method": "card" });
        let confirmed = call.key(&fresh_key()).json(&body).try_send().await?;
        if confirmed.status != 200 {
            // Its own gateway goes with the server.
            confirmed.refused(502, "PAYMENT_GATEWAY_ERROR");
            return Ok(Money::Unknown);
        }
        let url = confirmed.text("payment_url");
        let page = url.strip_prefix(&*self.site.base).expect("a page of the sandbox");
        let page = self.site.post(page).form(&[("action", "pay")]).try_send().await?.granted(200);
        let told = !String::from_utf8_lossy(&page.bytes).contains("could not be told");
        Ok(if told { Money::Paid } else { Money::Unknown })
    }

    fn told<T>(&self, note: impl FnOnce(&mut Told) -> T) -> T {
        note(&mut self.told.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Wish {
    /// Asks for it, for the first time or again.
    pub(super) async fn send(&self, site: &Site) -> Result<Answer, reqwest::Error> {
        let call = site.post("/api/bookings/hold").by(&self.user).key(&self.key);
        call.json(&self.body).try_send().await
    }
}
