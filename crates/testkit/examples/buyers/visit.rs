use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::Method;
use seathold_testkit::SeededRandom;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::requests::{
    cancel, cancel_showtime, confirm, hold, pay, read_booking, read_map, refund,
};
use crate::shop::Shop;
use crate::{Args, Failure};

/// Seats of a row.
const ROW: u64 = 50;

/// How many times a buyer comes back as the same user: often enough to meet the limit.
const VISITS_OF_USER: u64 = 6;

/// How long somebody thinks, at the most, in ms.
const THINK_MS: u64 = 200;

/// How long the beginning may take, while servers start.
const OPENING: Duration = Duration::from_secs(30);

/// Where buyers meet.
pub(crate) struct Town {
    pub(crate) shop: Arc<Shop>,
    pub(crate) showtimes: Vec<String>,
    pub(crate) settle: Duration,
    /// Who has ever asked for seats of what.
    pub(crate) visits: Mutex<BTreeSet<(String, usize)>>,
    seats: u64,
    method: String,
    seed: u64,
    /// Makes users of this run other than those of any before.
    run: u64,
}

impl Town {
    /// Makes the showtimes.
    pub(crate) async fn open(args: &Args, shop: Arc<Shop>, run: u64) -> Result<Self, Failure> {
        let rows: Vec<Value> = (0..args.seats.div_ceil(ROW))
            .map(|row| {
                let count = ROW.min(args.seats - row * ROW);
                json!({ "row": row_name(row), "count": count, "seat_type": "standard" })
            })
            .collect();
        let showtime = json!({
            "title": "Buyers", "movie_id": "m", "cinema_id": "c", "screen_id": "s",
            "start_time": "2099-01-01T19:30:00Z", "end_time": "2099-01-01T22:00:00Z",
            "currency": "VND", "price": { "standard": 100, "vip": 150, "couple": 250 },
            "layout": { "rows": rows },
        });
        let (mut showtimes, until) = (Vec::new(), Instant::now() + OPENING);
        for _ in 0..args.showtimes {
            let path = "/api/admin/showtimes";
            let made = shop.manage(Method::POST, path, None, Some(&showtime), until).await;
            let made = made.ok_or("no showtime could be made: nobody answers")?;
            let id = made["id"].as_str().ok_or_else(|| format!("no showtime was made: {made}"))?;
            showtimes.push(id.to_owned());
        }
        Ok(Self {
            shop,
            showtimes,
            settle: Duration::from_secs(args.settle_seconds),
            visits: Mutex::default(),
            seats: args.seats,
            method: args.method.clone(),
            seed: args.seed,
            run,
        })
    }

    fn random(&self, who: u64) -> SeededRandom {
        SeededRandom::new(self.seed.wrapping_mul(0x1_0000_0001).wrapping_add(who))
    }

    /// Buys until then.
    pub(crate) async fn buy(self: Arc<Self>, n: u64, end: Instant) {
        let random = self.random(n);
        for visit in 0.. {
            if Instant::now() >= end {
                return;
            }
            let user = format!("buyer-{:016x}-{n}-{}", self.run, visit / VISITS_OF_USER);
            self.visit(&user, &random, end).await;
            sleep(Duration::from_millis(random.next_u64() % THINK_MS)).await;
        }
    }

    /// Reads maps until then.
    pub(crate) async fn look(self: Arc<Self>, n: u64, end: Instant) {
        let random = self.random(1_000_000 + n);
        while Instant::now() < end {
            let showtime = self.showtimes[self.choose_showtime(&random)].clone();
            self.shop.ask(&read_map(&showtime)).await;
            sleep(Duration::from_millis(random.next_u64() % THINK_MS)).await;
        }
    }

    /// Cancels the last showtime.
    pub(crate) async fn cancel_last(self: Arc<Self>, at: Instant) {
        tokio::time::sleep_until(at).await;
        if let Some(showtime) = self.showtimes.last() {
            self.shop.ask(&cancel_showtime(showtime)).await;
        }
    }

    /// More than half of all want the first showtime.
    fn choose_showtime(&self, random: &SeededRandom) -> usize {
        match random.next_u64() % 100 {
            0..60 => 0,
            _ => (random.next_u64() % self.showtimes.len() as u64) as usize,
        }
    }

    async fn visit(&self, user: &str, random: &SeededRandom, end: Instant) {
        let which = self.choose_showtime(random);
        let (first, count) = (random.next_u64() % self.seats, 1 + random.next_u64() % 3);
        let seats: BTreeSet<u64> = (first..first + count).map(|n| n % self.seats).collect();
        let seats: Vec<String> = seats.into_iter().map(label).collect();
        self.visits.lock().expect("no one panics with it").insert((user.to_owned(), which));
        let hold = hold(user, key(random), &self.showtimes[which], seats);
        let Some((seen, _)) = self.shop.ask(&hold).await else { return };
        let Some(booking) = seen.booking else { return };
        sleep(Duration::from_millis(random.next_u64() % THINK_MS)).await;
        match random.next_u64() % 100 {
            0..45 => self.pay(user, &booking, random, end).await,
            45..65 => {
                self.shop.ask(&cancel(user, &booking)).await;
                self.shop.ask(&read_booking(user, &booking)).await;
            }
            // The first answer was lost, perhaps: the same again.
            65..75 => drop(self.shop.ask(&hold).await),
            75..85 => drop(self.shop.ask(&read_booking(user, &booking)).await),
            _ => {}
        }
    }

    async fn pay(&self, user: &str, booking: &str, random: &SeededRandom, end: Instant) {
        let confirm = confirm(user, key(random), booking, &self.method);
        let Some((seen, _)) = self.shop.ask(&confirm).await else { return };
        let Some(payment) = seen.payment else { return };
        if random.next_u64().is_multiple_of(10) {
            return;
        }
        self.shop.ask(&pay(&payment)).await;
        self.shop.ask(&read_booking(user, booking)).await;
        if !random.next_u64().is_multiple_of(3) || Instant::now() >= end {
            return;
        }
        sleep(Duration::from_millis(random.next_u64() % (5 * THINK_MS))).await;
        self.shop.ask(&refund(user, key(random), booking)).await;
        self.shop.ask(&read_booking(user, booking)).await;
    }
}

fn key(random: &SeededRandom) -> String {
    let bits = (u128::from(random.next_u64()) << 64) | u128::from(random.next_u64());
    uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid().to_string()
}

fn label(seat: u64) -> String {
    format!("{}{}", row_name(seat / ROW), seat % ROW + 1)
}

/// A to Z, then AA and so on.
fn row_name(row: u64) -> String {
    let letter = |n: u64| char::from(b'A' + (n % 26) as u8);
    match row {
        0..26 => letter(row).to_string(),
        _ => format!("{}{}", letter(row / 26 - 1), letter(row)),
    }
}
