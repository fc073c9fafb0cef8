//! What is on sale, and what of it somebody wants.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use seathold_testkit::SeededRandom;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use crate::hours::Hours;
use crate::shop::Shop;
use crate::{Args, Failure};

/// Seats of a row.
const ROW: u64 = 50;

/// How long the beginning may take, while servers start.
const OPENING: Duration = Duration::from_secs(30);

/// How long it is waited before a showtime is made once more.
const PAUSE: Duration = Duration::from_millis(200);

/// The showtimes of a run.
pub(crate) struct Bill {
    seats: u64,
    /// One showtime is hot after the other, and all want that one.
    in_turn: bool,
    made: Mutex<Made>,
    sold_out: Notify,
}

#[derive(Default)]
struct Made {
    showtimes: Vec<String>,
    /// In turn: seats of the last showtime that nobody has asked for, in any order.
    free: Vec<u64>,
}

impl Bill {
    /// Nothing is on sale yet.
    pub(crate) fn new(args: &Args) -> Self {
        let (seats, in_turn) = (args.seats, args.in_turn);
        Self { seats, in_turn, made: Mutex::default(), sold_out: Notify::new() }
    }

    /// Makes so many showtimes, to be sold at the same time.
    pub(crate) async fn make(&self, shop: &Shop, count: u64) -> Result<(), Failure> {
        let until = Instant::now() + OPENING;
        for _ in 0..count {
            let showtime = loop {
                match shop.make_showtime(&self.showtime()).await {
                    Ok(id) => break id,
                    Err(why) if Instant::now() >= until => {
                        return Err(format!("no showtime could be made: {why}").into());
                    }
                    Err(_) => sleep(PAUSE).await,
                }
            };
            self.made().showtimes.push(showtime);
        }
        Ok(())
    }

    /// Makes a showtime whenever the one before is sold out, until all is over. One whose
    /// making was not answered is not used: nobody knows its name.
    pub(crate) async fn make_in_turn(&self, shop: &Shop, random: &SeededRandom, hours: &Hours) {
        let work = async {
            loop {
                match shop.make_showtime(&self.showtime()).await {
                    Ok(id) => self.next(id, random),
                    Err(why) => {
                        println!("buyers: no showtime was made: {why}");
                        sleep(PAUSE).await;
                        continue;
                    }
                }
                self.sold_out.notified().await;
            }
        };
        tokio::select! {
            () = work => {}
            () = hours.over() => {}
        }
    }

    fn next(&self, showtime: String, random: &SeededRandom) {
        let mut made = self.made();
        made.showtimes.push(showtime);
        made.free = (0..self.seats).collect();
        for n in (1..made.free.len()).rev() {
            made.free.swap(n, (random.next_u64() % (n as u64 + 1)) as usize);
        }
    }

    /// Every showtime that was made.
    pub(crate) fn all(&self) -> Vec<String> {
        self.made().showtimes.clone()
    }

    /// One to look at: in turn the last, else mostly the first; none while there is none.
    pub(crate) fn showtime_to_see(&self, random: &SeededRandom) -> Option<String> {
        let made = self.made();
        let which = match (self.in_turn, random.next_u64() % 100) {
            (true, _) => made.showtimes.len().checked_sub(1)?,
            (false, 0..60) => 0,
            (false, _) => (random.next_u64() % made.showtimes.len().max(1) as u64) as usize,
        };
        made.showtimes.get(which).cloned()
    }

    /// Seats of a showtime that somebody wants; none while the next one is being made.
    pub(crate) fn wish(&self, random: &SeededRandom) -> Option<(String, Vec<String>)> {
        let seats = match self.in_turn {
            true => return self.wish_in_turn(random),
            false => {
                let (first, count) = (random.next_u64() % self.seats, 1 + random.next_u64() % 3);
                (first..first + count).map(|n| n % self.seats).collect()
            }
        };
        Some((self.showtime_to_see(random)?, labels(&seats)))
    }

    /// Mostly seats that nobody else asks for, so that most are granted.
    fn wish_in_turn(&self, random: &SeededRandom) -> Option<(String, Vec<String>)> {
        let mut made = self.made();
        let count = [1, 1, 2, 3][(random.next_u64() % 4) as usize];
        let left = made.free.len().saturating_sub(count);
        let mut seats: BTreeSet<u64> = made.free.drain(left..).collect();
        if seats.is_empty() {
            return None;
        }
        if made.free.is_empty() {
            self.sold_out.notify_one();
        }
        if random.next_u64().is_multiple_of(10) {
            seats.insert(random.next_u64() % self.seats);
        }
        Some((made.showtimes.last()?.clone(), labels(&seats)))
    }

    fn made(&self) -> MutexGuard<'_, Made> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn showtime(&self) -> Value {
        let rows: Vec<Value> = (0..self.seats.div_ceil(ROW))
            .map(|row| {
                let count = ROW.min(self.seats - row * ROW);
                json!({ "row": row_name(row), "count": count, "seat_type": "standard" })
            })
            .collect();
        json!({
            "title": "Buyers", "movie_id": "m", "cinema_id": "c", "screen_id": "s",
            "start_time": "2099-01-01T19:30:00Z", "end_time": "2099-01-01T22:00:00Z",
            "currency": "VND", "price": { "standard": 100, "vip": 150, "couple": 250 },
            "layout": { "rows": rows },
        })
    }
}

fn labels(seats: &BTreeSet<u64>) -> Vec<String> {
    seats.iter().map(|seat| format!("{}{}", row_name(seat / ROW), seat % ROW + 1)).collect()
}

/// A to Z, then AA and so on.
fn row_name(row: u64) -> String {
    let letter = |n: u64| char::from(b'A' + (n % 26) as u8);
    match row {
        0..26 => letter(row).to_string(),
        _ => format!("{}{}", letter(row / 26 - 1), letter(row)),
    }
}
