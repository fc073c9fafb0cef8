use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::task::JoinSet;

use super::Failure;
use super::client::Buyer;
use super::verdict::{Hall, Sale};

/// Seats one buyer takes at once: every other buyer is a couple.
const PARTY: [usize; 2] = [1, 2];
/// Live seats one user may own, as the demo's server is configured.
const SEATS_PER_BUYER: usize = 10;
/// Every so many payments are declined first, then paid.
const DECLINED: usize = 10;
/// How long to wait for a payment to arrive, in polls of [`POLL`].
const POLLS: u32 = 200;
const POLL: Duration = Duration::from_millis(50);

/// Buyers who look at the hall, hold what they like, and pay, until it is full.
pub(super) async fn run(base: &str, showtime: &str, buyers: u32) -> Result<Hall, Failure> {
    let hall = Arc::new(Mutex::new(Hall::default()));
    let mut tasks = JoinSet::new();
    for n in 0..buyers as usize {
        let buyer = Buyer::new(base, &format!("buyer-{n}"));
        tasks.spawn(buy_until_full(buyer, showtime.to_owned(), n, hall.clone()));
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    let seats = Buyer::new(base, "usher").get(&format!("/api/showtimes/{showtime}/seats")).await?;
    let seats = seats.expect(200)?;
    let mut hall = std::mem::take(&mut *hall.lock().unwrap_or_else(PoisonError::into_inner));
    hall.booked = labels(&seats, "booked").len();
    hall.seats = seats["seats"].as_object().map_or(0, serde_json::Map::len);
    Ok(hall)
}

async fn buy_until_full(
    buyer: Buyer,
    showtime: String,
    n: usize,
    hall: Arc<Mutex<Hall>>,
) -> Result<(), Failure> {
    let (mut owned, mut turn) = (0, n);
    while owned < SEATS_PER_BUYER {
        let seats = buyer.get(&format!("/api/showtimes/{showtime}/seats")).await?.expect(200)?;
        let (free, held) = (labels(&seats, "available"), labels(&seats, "held"));
        if free.is_empty() && held.is_empty() {
            break;
        }
        if free.is_empty() {
            // Others are paying: what they do not want comes back.
            tokio::time::sleep(POLL).await;
            continue;
        }
        // Everybody likes another corner of the hall, and many like the same.
        turn = turn.wrapping_mul(31).wrapping_add(7);
        let party = PARTY[n % 2].min(SEATS_PER_BUYER - owned);
        let first = turn % free.len();
        let wanted: Vec<String> = free[first..].iter().take(party).cloned().collect();
        let answer = buyer.hold(&showtime, &wanted).await?;
        let status = answer.status;
        with(&hall, |hall| hall.holds.add(&answer));
        if status == 201 {
            owned += wanted.len();
            let sale = pay(&buyer, &answer.body, turn).await?;
            with(&hall, |hall| {
                hall.sell(sale);
                if hall.sales.len().is_multiple_of(50) {
                    println!(
                        "      {:>5} bookings paid: {}",
                        hall.sales.len(),
                        hall.holds.summary()
                    );
                }
            });
        }
    }
    Ok(())
}

/// Pays for a hold at the sandbox, and waits until the booking says so.
async fn pay(buyer: &Buyer, held: &Value, turn: usize) -> Result<Sale, Failure> {
    let booking = held["booking_id"].as_str().unwrap_or_default().to_owned();
    let method = ["momo", "vnpay", "zalopay", "card"][turn % 4];
    let confirmed = buyer.confirm(&booking, method).await?;
    let started = confirmed.took;
    let mut session = confirmed.expect(200)?;
    if turn.is_multiple_of(DECLINED) {
        buyer.press(page(&session), "decline").await?;
        session = buyer.confirm(&booking, method).await?.expect(200)?;
    }
    buyer.press(page(&session), "pay").await?;
    for _ in 0..POLLS {
        let now = buyer.get(&format!("/api/bookings/{booking}")).await?.expect(200)?;
        if now["status"] == "confirmed" {
            return Ok(Sale::of(&now, started));
        }
        tokio::time::sleep(POLL).await;
    }
    Err(format!("booking {booking} was paid and is not confirmed").into())
}

fn page(session: &Value) -> &str {
    session["payment_url"].as_str().unwrap_or_default()
}

fn labels(seats: &Value, status: &str) -> Vec<String> {
    let seats = seats["seats"].as_object().into_iter().flatten();
    let of_status: BTreeMap<_, _> = seats.filter(|(_, seat)| seat["status"] == status).collect();
    of_status.into_keys().cloned().collect()
}

fn with(hall: &Mutex<Hall>, change: impl FnOnce(&mut Hall)) {
    change(&mut hall.lock().unwrap_or_else(PoisonError::into_inner));
}
