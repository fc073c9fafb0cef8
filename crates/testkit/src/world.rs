//! Worlds: what outlives a process, and requests to make in them.

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use seathold_adapters::{
    Backoff, EmbeddedStore, InProcessLeases, RedisLeases, SystemRandom, TokioTasks,
};
use seathold_core::{
    BookingId, Currency, IdempotencyKey, PriceTable, SeatLabel, SeatType, ShowtimeId, Timestamp,
    UserId,
};
use seathold_service::model::{
    Answer, Booking, BookingEvent, ClaimKey, Fingerprint, GatewayEvent, Outcome, PaymentMethod,
    Resource,
};
use seathold_service::ports::{Env, Feed, Leases, NoFeed, Store};
use seathold_service::{
    CancelRequest, GivenBack, HoldRequest, Keyed, NewShowtime, Outbound, Parts, PayRequest,
    RefundBooking, Reply, Rules, Service, Session, Viewer,
};
use tempfile::TempDir;

use crate::servers::{Ground, TestDatabase, redis_url};
use crate::{BookkeepingGateway, BookkeepingReceivers, SeededRandom, TestClock, fresh_u64};

const HOUR: i64 = 3_600_000;
/// What a standard seat costs in a world, in VND.
pub const SEAT_PRICE: i64 = 100_000;

/// What outlives a process: a store, a gateway, the time.
pub struct World {
    /// The time, everywhere.
    pub clock: TestClock,
    /// Who takes the money.
    pub gateway: Arc<BookkeepingGateway>,
    /// Who is told of bookings; nobody, unless some are added.
    pub receivers: Arc<BookkeepingReceivers>,
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    random: Arc<SeededRandom>,
    keeper: Keeper,
}

/// What keeps the records and the leases of a world.
enum Keeper {
    Folder { _folder: TempDir },
    Servers { redis_url: String, _database: TestDatabase },
}

/// How long a desk waits for its lease where several processes share them, one of
/// which may be kept waiting by its test for what another does.
const SHARED_LEASE_WAIT: Duration = Duration::from_millis(20);

impl World {
    /// A world on an empty store of the [chosen](Ground::chosen) kind.
    ///
    /// # Panics
    /// There is nothing to keep a store in.
    pub async fn new(seed: u64) -> Self {
        Self::kept_in(&std::env::temp_dir(), seed).await
    }

    /// The same, with a folder in memory if the system has such folders: for
    /// thousands of worlds, the power of none of which fails.
    ///
    /// # Panics
    /// There is nothing to keep a store in.
    pub async fn in_memory(seed: u64) -> Self {
        let memory = Path::new("/dev/shm");
        let elsewhere = std::env::temp_dir();
        Self::kept_in(if memory.is_dir() { memory } else { &elsewhere }, seed).await
    }

    async fn kept_in(place: &Path, seed: u64) -> Self {
        let clock = TestClock::default();
        let (store, keeper, seed): (Arc<dyn Store>, _, _) = match Ground::chosen() {
            Ground::Embedded => {
                let folder = TempDir::new_in(place).expect("a temporary folder");
                let store = EmbeddedStore::open(folder.path(), Arc::new(clock.clone()));
                (Arc::new(store.expect("a new store")), Keeper::Folder { _folder: folder }, seed)
            }
            Ground::Servers => {
                let database = TestDatabase::reused().await.zip(redis_url());
                let ((store, database), redis_url) = database.expect("servers to test on");
                let store = store.going_by(Arc::new(clock.clone()));
                // Of all worlds that share a Redis, each has ids of its own.
                let seed = seed ^ fresh_u64();
                (Arc::new(store), Keeper::Servers { redis_url, _database: database }, seed)
            }
        };
        let random = Arc::new(SeededRandom::new(seed));
        let (gateway, receivers) = (Arc::default(), Arc::default());
        Self { clock, gateway, receivers, store, random, keeper }
    }

    /// A process that has just started, over this world's store or one that
    /// wraps it. Dropping it is its crash: nothing of it remains.
    #[must_use]
    pub fn process(&self, store: Arc<dyn Store>) -> Arc<Service> {
        let (leases, feed) = self.leases();
        self.process_of(store, leases, feed)
    }

    /// The same, which asks `leases` for its leases.
    #[must_use]
    pub fn process_with(&self, store: Arc<dyn Store>, leases: Arc<dyn Leases>) -> Arc<Service> {
        self.process_of(store, leases, Arc::new(NoFeed))
    }

    fn process_of(
        &self,
        store: Arc<dyn Store>,
        leases: Arc<dyn Leases>,
        feed: Arc<dyn Feed>,
    ) -> Arc<Service> {
        Service::new(Parts {
            env: self.env(),
            store,
            leases,
            feed,
            gateway: self.gateway.clone(),
            outbound: self.outbound(),
            rules: self.rules(),
        })
    }

    /// By the clock only: what tests call is all that happens.
    fn outbound(&self) -> Outbound {
        Outbound { receivers: self.receivers.clone(), render: render_event, at_once: false }
    }

    fn leases(&self) -> (Arc<dyn Leases>, Arc<dyn Feed>) {
        match &self.keeper {
            Keeper::Folder { .. } => (Arc::new(InProcessLeases::default()), Arc::new(NoFeed)),
            Keeper::Servers { redis_url, .. } => {
                let backoff = Backoff { base: SHARED_LEASE_WAIT, retries: 0 };
                let leases = RedisLeases::open(redis_url, backoff, Arc::new(SystemRandom));
                let leases = leases.expect("an address of Redis");
                let feed = leases.feed();
                (Arc::new(leases), Arc::new(feed))
            }
        }
    }

    fn rules(&self) -> Rules {
        match &self.keeper {
            Keeper::Folder { .. } => Rules::default(),
            Keeper::Servers { .. } => Rules { lease_wait: SHARED_LEASE_WAIT, ..Rules::default() },
        }
    }

    /// Time, randomness and tasks of this world.
    #[must_use]
    pub fn env(&self) -> Env {
        Env {
            clock: Arc::new(self.clock.clone()),
            random: self.random.clone(),
            tasks: Arc::new(TokioTasks),
        }
    }

    /// A fresh idempotency key of a user.
    ///
    /// # Panics
    /// The name is not a user id.
    #[must_use]
    pub fn key(&self, user: &str) -> ClaimKey {
        let key = self.env().uuid().to_string();
        let key = IdempotencyKey::from_str(&key).expect("a version 4 UUID");
        ClaimKey { user: user_id(user), key }
    }
}

/// The user of this name.
///
/// # Panics
/// The name is not a user id.
#[must_use]
pub fn user_id(name: &str) -> UserId {
    name.parse().expect("a user id")
}

/// The labels of these seats.
///
/// # Panics
/// One is not a label.
#[must_use]
pub fn labels(seats: &[&str]) -> Vec<SeatLabel> {
    seats.iter().map(|seat| seat.parse().expect("a seat label")).collect()
}

/// A showtime of the seats A1 to A10 that starts in an hour.
///
/// # Panics
/// The currency is not one.
#[must_use]
pub fn ten_seats(now: Timestamp) -> NewShowtime {
    let seats = (1..=10).map(|n| (labels(&[&format!("A{n}")])[0], SeatType::Standard));
    NewShowtime {
        title: "Ten Seats".into(),
        movie_id: "movie".into(),
        cinema_id: "cinema".into(),
        screen_id: "screen".into(),
        start_time: now.plus_millis(HOUR),
        end_time: now.plus_millis(3 * HOUR),
        currency: Currency::from_str("VND").expect("a currency"),
        price: PriceTable::new(SEAT_PRICE, 2 * SEAT_PRICE, 3 * SEAT_PRICE).expect("prices"),
        seats: seats.collect(),
    }
}

/// A request to hold seats.
#[must_use]
pub fn hold(showtime: ShowtimeId, seats: &[&str], key: &ClaimKey) -> HoldRequest {
    let body = format!("{showtime} {seats:?}");
    let key = keyed(key, "POST /api/bookings/hold", &body);
    HoldRequest { showtime, seats: labels(seats), key, render: render_booking }
}

/// A request to pay a booking by card.
#[must_use]
pub fn pay(booking: BookingId, key: &ClaimKey) -> PayRequest {
    let key = keyed(key, &format!("POST /api/bookings/{booking}/confirm"), "card");
    let (method, return_url) = (PaymentMethod::Card, None);
    PayRequest { booking, method, return_url, key, render: render_session }
}

/// A request of a user, or of an admin, to give a sold booking back.
#[must_use]
pub fn refund(booking: BookingId, key: &ClaimKey, admin: bool) -> RefundBooking {
    let viewer = Viewer { user: key.user.clone(), admin };
    let key = keyed(key, &format!("POST /api/bookings/{booking}/refund"), "");
    RefundBooking { booking, viewer, key, render: render_refund }
}

/// A request to cancel a booking.
#[must_use]
pub fn cancel(booking: BookingId, user: &str) -> CancelRequest {
    CancelRequest { booking, user: user_id(user), key: None, render: render_booking }
}

/// The gateway's word that the payment a reply is about was paid, or was not.
///
/// # Panics
/// The reply is not about a payment.
#[must_use]
pub fn word(reply: &Reply, outcome: Outcome, amount: i64) -> GatewayEvent {
    let Resource::Payment(payment) = reply.resource else { panic!("no payment: {reply:?}") };
    GatewayEvent {
        provider: PaymentMethod::Card,
        transaction_id: BookkeepingGateway::transaction(payment),
        payment_id: Some(payment),
        outcome,
        amount,
        currency: None,
        paid_at: None,
    }
}

/// The booking a reply is about.
///
/// # Panics
/// The reply is about something else.
#[must_use]
pub fn booking_of(reply: &Reply) -> BookingId {
    let Resource::Booking(booking) = reply.resource else { panic!("no booking: {reply:?}") };
    booking
}

fn keyed(key: &ClaimKey, route: &str, body: &str) -> Keyed {
    let fingerprint = Fingerprint::of(route.to_owned(), body.as_bytes());
    Keyed { key: key.clone(), fingerprint }
}

fn render_booking(booking: &Booking) -> Answer {
    let Booking { id, code, hold_expires_at, .. } = booking;
    let body = format!("{id} {code} {:?} until {hold_expires_at:?}", booking.labels());
    Answer { status: 201, body: body.into_bytes().into() }
}

fn render_event(event: BookingEvent, at: Timestamp, booking: &Booking) -> Vec<u8> {
    let (at, status) = (at.as_millis(), booking.status.as_str());
    format!("{} at {at}, is {status}", event.as_str()).into_bytes()
}

fn render_refund(given_back: &GivenBack) -> Answer {
    let GivenBack { booking, refund, status } = given_back;
    let body = format!("{} {} {}", booking.status.as_str(), refund.id, status.as_str());
    Answer { status: 200, body: body.into_bytes().into() }
}

fn render_session(session: &Session) -> Answer {
    let url = session.payment.as_ref().and_then(|payment| payment.payment_url.clone());
    Answer { status: 200, body: format!("{url:?}").into_bytes().into() }
}
