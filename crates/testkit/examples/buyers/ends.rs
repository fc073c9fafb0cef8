use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use reqwest::Method;
use seathold_history::Final;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::requests::{booking_read, map, text};
use crate::visit::Town;

/// Readings at the same time.
const AT_ONCE: usize = 16;

/// How long it is waited between two rounds of rolling forward.
const ROUND: Duration = Duration::from_millis(500);

/// Rolls forward whatever is unfinished, then writes down what everything is. Whether
/// all of it could be read.
pub(crate) async fn write(town: &Arc<Town>) -> bool {
    let until = Instant::now() + town.settle;
    let settled = settle(town, until).await;
    if !settled {
        eprintln!("buyers: it has not settled in time; no end is written");
        return false;
    }
    let visits = town.visits.lock().expect("no one panics with it").clone();
    let listed: Vec<Option<Vec<String>>> = stream::iter(visits)
        .map(|(user, showtime)| bookings(town, user, showtime, until))
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let complete = listed.iter().all(Option::is_some);
    let ours: BTreeSet<String> = listed.into_iter().flatten().flatten().collect();
    let mut all = complete;
    for showtime in town.bill.all() {
        all &= last_map(town, &showtime, until).await;
    }
    all & payments(town, &ours, complete, until).await
}

/// Rolls forward until nothing is left to be done, twice in a row.
async fn settle(town: &Town, until: Instant) -> bool {
    let mut quiet = 0;
    while Instant::now() < until {
        let path = "/api/admin/reconcile";
        let done = town.shop.manage(Method::POST, path, None, None, until).await;
        let Some(done) = done else { return false };
        let count = |name: &str| done[name].as_u64();
        let moved = ["bookings", "payments_ended", "events", "given_back", "refunds"];
        let open = ["events_open", "refunds_open"];
        let is_quiet = moved.iter().chain(&open).all(|name| count(name) == Some(0));
        quiet = if is_quiet { quiet + 1 } else { 0 };
        if quiet == 2 {
            return verify(town, until).await;
        }
        sleep(ROUND).await;
    }
    false
}

/// The service's own check of its invariants.
async fn verify(town: &Town, until: Instant) -> bool {
    let report = town.shop.manage(Method::GET, "/api/admin/verify", None, None, until).await;
    match report {
        Some(report) if report["clean"] == true => println!("buyers: verify is clean"),
        Some(report) => println!("buyers: verify is NOT clean: {report}"),
        None => return false,
    }
    true
}

/// All bookings of a user on a showtime; their ids. `None`: not all could be read.
async fn bookings(
    town: &Town,
    user: String,
    showtime: String,
    until: Instant,
) -> Option<Vec<String>> {
    const PAGE: usize = 100;
    let mut ids = Vec::new();
    for page in 1.. {
        let path = format!("/api/bookings?showtime_id={showtime}&page={page}&limit={PAGE}");
        let list = town.shop.manage(Method::GET, &path, Some(&user), None, until).await?;
        let rows = list["data"].as_array()?;
        for row in rows {
            let (booking, read) = (text(&row["id"])?, booking_read(row)?);
            ids.push(booking.clone());
            let (user, showtime) = (user.clone(), showtime.clone());
            let amount = row["final_amount"].as_i64()?;
            town.shop.recorder.last(Final::Booking { booking, user, showtime, amount, read });
        }
        if rows.len() < PAGE {
            break;
        }
    }
    town.shop.recorder.last(Final::BookingsOf { user, showtime });
    Some(ids)
}

async fn last_map(town: &Town, showtime: &str, until: Instant) -> bool {
    let path = format!("/api/showtimes/{showtime}/seats");
    let seen = town.shop.manage(Method::GET, &path, None, None, until).await;
    let Some(map) = seen.as_ref().and_then(map) else { return false };
    town.shop.recorder.last(Final::Map { showtime: showtime.to_owned(), map });
    true
}

/// The sandbox's books, as far as they are about bookings of ours; a charge for a booking
/// that nobody knows is told too, where all of ours are known.
async fn payments(town: &Town, ours: &BTreeSet<String>, complete: bool, until: Instant) -> bool {
    let ledger = town.shop.manage(Method::GET, "/sandbox/ledger", None, None, until).await;
    let Some(rows) = ledger.as_ref().and_then(|ledger| ledger["payments"].as_array()) else {
        return false;
    };
    let charged = rows.iter().filter(|row| row["charged"].as_i64().is_some_and(|it| it > 0));
    let told: Vec<bool> = stream::iter(charged)
        .map(|row| payment(town, row, ours, complete, until))
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    told.into_iter().all(|told| told)
}

async fn payment(
    town: &Town,
    row: &Value,
    ours: &BTreeSet<String>,
    complete: bool,
    until: Instant,
) -> bool {
    let (Some(payment), Some(charged), Some(refunded)) =
        (text(&row["payment_id"]), row["charged"].as_i64(), row["refunded"].as_i64())
    else {
        return false;
    };
    let path = format!("/api/payments/{payment}");
    let Some(shown) = town.shop.manage(Method::GET, &path, None, None, until).await else {
        return false;
    };
    let booking = text(&shown["data"]["booking_id"]);
    let is_ours = match &booking {
        Some(booking) => ours.contains(booking),
        None => complete && shown["code"] == "PAYMENT_NOT_FOUND",
    };
    if is_ours {
        town.shop.recorder.last(Final::Payment { payment, booking, charged, refunded });
    }
    true
}
