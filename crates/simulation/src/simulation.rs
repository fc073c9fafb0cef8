use std::sync::Arc;
use std::time::Duration;

use seathold_core::{PriceTable, Schedule, Seat, SeatMap, SeatState, SeatType, ShowtimeId};
use seathold_history::{Event, FORMAT, Promises};
use seathold_service::Service;
use seathold_service::limits::HOLD_EXTENDED_MAX_MS;
use seathold_service::model::Showtime;
use seathold_service::ports::Clock;
use tokio::time::{Instant, sleep};

use crate::books::Books;
use crate::cluster::Cluster;
use crate::dice::Dice;
use crate::heard::Heard;
use crate::instance::{Outside, Wrap};
use crate::judge::{Tally, judge, judge_history};
use crate::keeper::Keeper;
use crate::pages;
use crate::plan::Plan;
use crate::surroundings::Surroundings;
use crate::users::User;
use crate::world::World;

/// How often somebody looks whether the invariants hold on the way.
const LOOK_EVERY: Duration = Duration::from_secs(7);

/// How old a map may be that a reader is shown, in ms.
const STALE_MS: i64 = 250;

/// One run: everything in it follows from its seed and its length.
#[derive(Clone)]
pub struct Simulation {
    seed: u64,
    seconds: u64,
    wrap: Option<Wrap>,
    is_traced: bool,
}

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// Seconds, by the simulated time, during which faults struck.
    pub seconds: u64,
    /// What was wrong, if anything was.
    pub wrong: Vec<String>,
    /// What clients saw.
    pub history: Vec<Event>,
    /// What struck, and when, in ms.
    pub notes: Vec<String>,
    /// How much happened.
    pub tally: Tally,
}

impl Simulation {
    /// The run of this seed, with faults for so many seconds of simulated time.
    #[must_use]
    pub const fn new(seed: u64, seconds: u64) -> Self {
        Self { seed, seconds, wrap: None, is_traced: false }
    }

    /// The same, with something else in the place of every instance's ports.
    #[must_use]
    pub fn on(self, wrap: Wrap) -> Self {
        Self { wrap: Some(wrap), ..self }
    }

    /// The same, with every single call noted.
    #[must_use]
    pub fn traced(self) -> Self {
        Self { is_traced: true, ..self }
    }

    /// Runs it.
    ///
    /// # Errors
    /// The system gives no runtime.
    pub fn run(self) -> std::io::Result<Outcome> {
        // One thread, and a time that goes on only when nobody has anything to do.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()?;
        Ok(runtime.block_on(self.live()))
    }

    async fn live(self) -> Outcome {
        let dice = Dice::new(self.seed);
        let plan = Plan::of(&dice);
        let around = Arc::new(Surroundings::new(&dice, plan, self.is_traced));
        around.note(|| format!("{:?}", around.plan));
        let world = self.found(&around, &dice).await;
        around.saw(Event::Start(promises(&around.plan)));
        world.begin();
        let end = Instant::now() + Duration::from_secs(self.seconds);
        let users = (0..around.plan.town.users).filter_map(|n| User::new(&world, &dice, n));
        let users: Vec<_> = users.map(|user| tokio::spawn(user.live(end))).collect();
        let manager = tokio::spawn(world.clone().manage(self.seconds));
        for user in users.into_iter().chain([manager]) {
            // A panic of a user is one of this program.
            if user.await.is_err() {
                around.note(|| "a user panicked".to_owned());
            }
        }
        let settled = world.settle().await;
        let mut wrong = judge(&world, settled);
        let (notes, history) = around.take();
        wrong.extend(judge_history(&history));
        let tally = Tally::of(&history);
        Outcome { seed: self.seed, seconds: self.seconds, wrong, history, notes, tally }
    }

    /// The world before anything happens.
    async fn found(&self, around: &Arc<Surroundings>, dice: &Dice) -> Arc<World> {
        let cluster = Arc::new(Cluster::new(around.clone(), dice));
        let mut showtimes = Vec::new();
        for number in 0..around.plan.town.showtimes as u32 {
            let showtime = self.showtime(number, around, dice);
            let Some(map) = map(&showtime) else { continue };
            showtimes.push(showtime.id);
            let insert =
                move |state: &mut crate::model::State, _| state.insert_showtime(&showtime, &map);
            if let Err(error) = cluster.write(insert).await {
                around.note(|| format!("a showtime is missing: {error}"));
            }
        }
        let keeper = Arc::new(Keeper::new(around.clone()));
        let books = Arc::new(Books::new(around.clone(), dice));
        let outside =
            Outside { around: around.clone(), cluster, keeper, books, wrap: self.wrap.clone() };
        World::new(outside, showtimes, dice)
    }

    fn showtime(&self, number: u32, around: &Surroundings, dice: &Dice) -> Showtime {
        let now = around.time.now();
        let begins = dice.chance(around.plan.town.begins);
        let seconds = if begins { dice.between(1, self.seconds) } else { 24 * 3600 };
        let start_time = now.plus_millis(seconds as i64 * 1000);
        let free = dice.chance(80);
        let prices = if free { (0, 0, 0) } else { (100_003, 150_101, 270_707) };
        let price = PriceTable::new(prices.0, prices.1, prices.2);
        Showtime {
            id: ShowtimeId::from_parts(number + 1, [0xcd; 8]),
            title: format!("Showtime {number}"),
            movie_id: "movie".to_owned(),
            cinema_id: "cinema".to_owned(),
            screen_id: "screen".to_owned(),
            start_time,
            end_time: start_time.plus_millis(3_600_000),
            currency: "VND".parse().unwrap_or_else(|_| unreachable!("a currency")),
            price: price.unwrap_or_else(|_| unreachable!("prices")),
            total_seats: around.plan.town.seats as u32,
            created_at: now,
        }
    }
}

fn map(showtime: &Showtime) -> Option<SeatMap> {
    let Showtime { start_time, end_time, .. } = showtime;
    let schedule = Schedule { start: *start_time, end: *end_time, cancelled_at: None };
    let seat = |number: u64| {
        let label = pages::label(number).ok()?;
        let kinds = [SeatType::Standard, SeatType::Vip, SeatType::Couple];
        let seat_type = kinds[(number % 3) as usize];
        Some(Seat { label, seat_type, state: SeatState::Available })
    };
    let seats = (0..u64::from(showtime.total_seats)).filter_map(seat).collect();
    SeatMap::new(schedule, 1, seats).ok()
}

fn promises(plan: &Plan) -> Promises {
    Promises {
        format: FORMAT,
        tolerance_ms: Some(plan.tolerance_ms()),
        stale_ms: Some(STALE_MS),
        hold_ms: Some(plan.town.hold_ms),
        extended_ms: Some(HOLD_EXTENDED_MAX_MS),
        seats_per_user: Some(u64::from(plan.town.seats_per_user)),
    }
}

impl World {
    /// Cancels showtimes, if the plan has it so; and looks now and then whether all
    /// is as it should be.
    async fn manage(self: Arc<Self>, seconds: u64) {
        let around = self.outside.around.clone();
        let cancels = async {
            for showtime in self.showtimes.clone() {
                if around.strikes(around.plan.town.cancelled) {
                    sleep(around.millis((seconds * 200, seconds * 300))).await;
                    self.cancel(showtime).await;
                }
            }
        };
        let looks = async {
            for _ in 0..seconds / LOOK_EVERY.as_secs() {
                sleep(LOOK_EVERY).await;
                self.look().await;
            }
        };
        tokio::join!(biased; cancels, looks);
    }

    /// Asks an instance to verify, in the middle of it all. By a clock that is off it
    /// could not tell whether a hold is over.
    async fn look(&self) {
        let around = &self.outside.around;
        let Some(instance) = self.any().filter(|_| around.plan.clocks_agree()) else { return };
        let verify = |service: Arc<Service>| async move { service.verify().await };
        let Heard::Answer(report) = self.ask(&instance, verify).await else { return };
        for check in &report.checks {
            let number = check.invariant.number();
            for violation in &check.violations {
                around.breach(format!("invariant {number}, on the way: {violation}"));
            }
        }
    }
}
