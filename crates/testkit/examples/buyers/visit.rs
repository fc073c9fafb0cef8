use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::Method;
use seathold_history::{Call, Seen, SeenBooking, SeenMap, SeenSeat, Status};
use seathold_testkit::SeededRandom;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::shop::{Request, Shop};
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
        if random.next_u64() % 10 == 0 {
            return;
        }
        self.shop.ask(&pay(&payment)).await;
        self.shop.ask(&read_booking(user, booking)).await;
        if random.next_u64() % 3 > 0 || Instant::now() >= end {
            return;
        }
        sleep(Duration::from_millis(random.next_u64() % (5 * THINK_MS))).await;
        self.shop.ask(&refund(user, key(random), booking)).await;
        self.shop.ask(&read_booking(user, booking)).await;
    }
}

fn hold(user: &str, key: String, showtime: &str, seats: Vec<String>) -> Request {
    Request {
        method: Method::POST,
        path: "/api/bookings/hold".to_owned(),
        user: user.to_owned(),
        body: Some(json!({ "showtime_id": showtime, "seats": seats })),
        name: "hold",
        call: Call::Hold { user: user.to_owned(), key, showtime: showtime.to_owned(), seats },
        see: |json| {
            Some(Seen {
                booking: Some(text(&json["booking_id"])?),
                until: Some(time(&json["hold_expires_at"])?),
                amount: Some(json["final_amount"].as_i64()?),
                ..Seen::default()
            })
        },
    }
}

fn confirm(user: &str, key: String, booking: &str, method: &str) -> Request {
    Request {
        method: Method::POST,
        path: format!("/api/bookings/{booking}/confirm"),
        user: user.to_owned(),
        body: Some(json!({ "payment_method": method, "return_url": "https://shop.example/done" })),
        name: "confirm",
        call: Call::Confirm { user: user.to_owned(), key, booking: booking.to_owned() },
        see: |json| Some(Seen { payment: Some(text(&json["payment_id"])?), ..Seen::default() }),
    }
}

fn pay(payment: &str) -> Request {
    Request {
        method: Method::POST,
        path: format!("/sandbox/payments/{payment}/decision"),
        user: "the-buyer".to_owned(),
        body: Some(json!({ "action": "pay" })),
        name: "pay",
        call: Call::Pay { payment: payment.to_owned() },
        see: |json| (json["status"] == "success").then(Seen::default),
    }
}

fn cancel(user: &str, booking: &str) -> Request {
    Request {
        method: Method::DELETE,
        path: format!("/api/bookings/{booking}"),
        user: user.to_owned(),
        body: None,
        name: "cancel",
        call: Call::Cancel { user: user.to_owned(), booking: booking.to_owned() },
        see: |json| (json["status"] == "cancelled").then(Seen::default),
    }
}

fn refund(user: &str, key: String, booking: &str) -> Request {
    Request {
        method: Method::POST,
        path: format!("/api/bookings/{booking}/refund"),
        user: user.to_owned(),
        body: None,
        name: "refund",
        call: Call::Refund { user: user.to_owned(), key, booking: booking.to_owned() },
        see: |json| (json["status"] == "cancelled").then(Seen::default),
    }
}

fn cancel_showtime(showtime: &str) -> Request {
    Request {
        method: Method::POST,
        path: format!("/api/admin/showtimes/{showtime}/cancel"),
        user: "the-admin".to_owned(),
        body: None,
        name: "cancel_showtime",
        call: Call::CancelShowtime { showtime: showtime.to_owned() },
        see: |_| Some(Seen::default()),
    }
}

fn read_map(showtime: &str) -> Request {
    Request {
        method: Method::GET,
        path: format!("/api/showtimes/{showtime}/seats"),
        user: "the-reader".to_owned(),
        body: None,
        name: "read_map",
        call: Call::ReadMap { showtime: showtime.to_owned() },
        see: |json| Some(Seen { map: Some(map(json)?), ..Seen::default() }),
    }
}

fn read_booking(user: &str, booking: &str) -> Request {
    Request {
        method: Method::GET,
        path: format!("/api/bookings/{booking}"),
        user: user.to_owned(),
        body: None,
        name: "read_booking",
        call: Call::ReadBooking { user: user.to_owned(), booking: booking.to_owned() },
        see: |json| Some(Seen { read: Some(booking_read(json)?), ..Seen::default() }),
    }
}

/// What a seat map says.
pub(crate) fn map(json: &Value) -> Option<SeenMap> {
    let seats = json["seats"].as_object()?;
    let seen = |(label, seat): (&String, &Value)| match seat["status"].as_str() {
        Some("available") => None,
        Some("held") => Some((label.clone(), SeenSeat::Held)),
        _ => Some((label.clone(), SeenSeat::Booked)),
    };
    Some(SeenMap {
        version: json["version"].as_u64()?,
        total: seats.len() as u64,
        available: json["available_seats"].as_u64()?,
        taken: seats.iter().filter_map(seen).collect(),
    })
}

/// What a booking says.
pub(crate) fn booking_read(json: &Value) -> Option<SeenBooking> {
    let status = match json["status"].as_str()? {
        "pending" => Status::Pending,
        "confirmed" => Status::Confirmed,
        "cancelled" => Status::Cancelled,
        "expired" => Status::Expired,
        _ => return None,
    };
    let seats = json["seats"].as_array()?.iter();
    let seats = seats.filter_map(|seat| text(&seat["seat_id"])).collect();
    Some(SeenBooking { status, seats, until: time(&json["hold_expires_at"]) })
}

/// A text.
pub(crate) fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn time(value: &Value) -> Option<i64> {
    let time = chrono::DateTime::parse_from_rfc3339(value.as_str()?).ok()?;
    Some(time.timestamp_millis())
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
