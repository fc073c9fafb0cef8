use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use seathold_testkit::SeededRandom;
use tokio::time::sleep;

use crate::Args;
use crate::bill::Bill;
use crate::hours::Hours;
use crate::requests::{
    cancel, cancel_showtime, confirm, hold, pay, read_booking, read_map, refund,
};
use crate::shop::Shop;

/// How many times a buyer comes back as the same user: often enough to meet the limit.
const VISITS_OF_USER: u64 = 6;

/// How long somebody thinks, at the most, in ms.
const THINK_MS: u64 = 200;

/// Where buyers meet.
pub(crate) struct Town {
    pub(crate) shop: Arc<Shop>,
    pub(crate) bill: Bill,
    pub(crate) settle: Duration,
    /// Who has ever asked for seats of which showtime.
    pub(crate) visits: Mutex<BTreeSet<(String, String)>>,
    method: String,
    seed: u64,
    /// Makes users of this run other than those of any before.
    run: u64,
}

impl Town {
    pub(crate) fn new(args: &Args, shop: Arc<Shop>, bill: Bill, run: u64) -> Self {
        Self {
            shop,
            bill,
            settle: Duration::from_secs(args.settle_seconds),
            visits: Mutex::default(),
            method: args.method.clone(),
            seed: args.seed,
            run,
        }
    }

    fn random(&self, who: u64) -> SeededRandom {
        SeededRandom::new(self.seed.wrapping_mul(0x1_0000_0001).wrapping_add(who))
    }

    /// Buys until then.
    pub(crate) async fn buy(self: Arc<Self>, n: u64, hours: Arc<Hours>) {
        let random = self.random(n);
        for visit in 0.. {
            if hours.are_over() {
                return;
            }
            let user = format!("buyer-{:016x}-{n}-{}", self.run, visit / VISITS_OF_USER);
            self.visit(&user, &random, &hours).await;
            sleep(Duration::from_millis(random.next_u64() % THINK_MS)).await;
        }
    }

    /// Opens one showtime after the other until then.
    pub(crate) async fn open_in_turn(self: Arc<Self>, hours: Arc<Hours>) {
        self.bill.make_in_turn(&self.shop, &self.random(2_000_000), &hours).await;
    }

    /// Reads maps until then.
    pub(crate) async fn look(self: Arc<Self>, n: u64, hours: Arc<Hours>) {
        let random = self.random(1_000_000 + n);
        while !hours.are_over() {
            if let Some(showtime) = self.bill.showtime_to_see(&random) {
                self.shop.ask(&read_map(&showtime)).await;
            }
            sleep(Duration::from_millis(random.next_u64() % THINK_MS)).await;
        }
    }

    /// Cancels the last showtime after so long, unless all is over before.
    pub(crate) async fn cancel_last(self: Arc<Self>, after: Duration, hours: Arc<Hours>) {
        tokio::select! {
            () = sleep(after) => {}
            () = hours.over() => return,
        }
        if let Some(showtime) = self.bill.all().last() {
            self.shop.ask(&cancel_showtime(showtime)).await;
        }
    }

    async fn visit(&self, user: &str, random: &SeededRandom, hours: &Hours) {
        let Some((showtime, seats)) = self.bill.wish(random) else { return };
        let visit = (user.to_owned(), showtime.clone());
        self.visits.lock().expect("no one panics with it").insert(visit);
        let hold = hold(user, key(random), &showtime, seats);
        let Some((seen, _)) = self.shop.ask(&hold).await else { return };
        let Some(booking) = seen.booking else { return };
        sleep(Duration::from_millis(random.next_u64() % THINK_MS)).await;
        match random.next_u64() % 100 {
            0..45 => self.pay(user, &booking, random, hours).await,
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

    async fn pay(&self, user: &str, booking: &str, random: &SeededRandom, hours: &Hours) {
        let confirm = confirm(user, key(random), booking, &self.method);
        let Some((seen, _)) = self.shop.ask(&confirm).await else { return };
        let Some(payment) = seen.payment else { return };
        if random.next_u64().is_multiple_of(10) {
            return;
        }
        self.shop.ask(&pay(&payment)).await;
        self.shop.ask(&read_booking(user, booking)).await;
        if !random.next_u64().is_multiple_of(3) || hours.are_over() {
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
