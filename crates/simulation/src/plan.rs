//! What a seed chooses: a town, and the mix of faults that strikes it. Each kind of
//! fault is left out of about half of all seeds, so that some bugs are not hidden
//! behind others.

use crate::dice::Dice;

/// A range in ms, both ends included.
pub(crate) type Millis = (u64, u64);

/// Everything a seed chooses before time begins. Chances are in a thousand.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) town: Town,
    pub(crate) network: Network,
    pub(crate) cluster: ClusterFaults,
    pub(crate) leases: LeaseFaults,
    pub(crate) lives: LifeFaults,
    pub(crate) clocks: ClockFaults,
    pub(crate) gateway: GatewayFaults,
    pub(crate) clients: ClientFaults,
}

/// Who there is.
#[derive(Clone, Debug)]
pub(crate) struct Town {
    pub(crate) instances: usize,
    pub(crate) users: usize,
    pub(crate) showtimes: usize,
    pub(crate) seats: usize,
    /// How long a hold lasts, in ms.
    pub(crate) hold_ms: i64,
    /// How long gateways give a buyer, in ms.
    pub(crate) window_ms: u64,
    pub(crate) seats_per_user: u32,
    /// How long a user thinks between two requests.
    pub(crate) think: Millis,
    /// How long an instance waits between two rounds of its jobs.
    pub(crate) rounds: Millis,
    /// Whether somebody is told of bookings.
    pub(crate) receivers: bool,
    /// How likely a showtime is cancelled in the end, and begins before the end.
    pub(crate) cancelled: u32,
    pub(crate) begins: u32,
}

/// What the wires between instances and store do.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    /// How long a message takes.
    pub(crate) takes: Millis,
    /// The call does not get through, which its caller sees at once.
    pub(crate) refused: u32,
    /// The call is made, its answer is lost.
    pub(crate) answer_lost: u32,
    /// A message takes long; by then its sender has given up, or died.
    pub(crate) late: u32,
    /// Calls that change several records are made of steps.
    pub(crate) torn: bool,
    /// What is told of commits is lost.
    pub(crate) news_lost: u32,
}

/// What the store's replica set does. Between two of a kind goes some time; 0 is never.
#[derive(Clone, Debug)]
pub(crate) struct ClusterFaults {
    /// Another primary, which lacks what the majority did not have.
    pub(crate) failovers_every: u64,
    /// Nobody can be reached.
    pub(crate) outages_every: u64,
    /// The majority is slow to follow.
    pub(crate) lags_every: u64,
}

/// What the keeper of leases does.
#[derive(Clone, Debug)]
pub(crate) struct LeaseFaults {
    /// It forgets who has what, as a failover does: the next is granted it as well.
    pub(crate) forgets_every: u64,
    pub(crate) unreachable: u32,
    pub(crate) answer_lost: u32,
    /// It grants what it has granted.
    pub(crate) twice: u32,
}

/// What instances do.
#[derive(Clone, Debug)]
pub(crate) struct LifeFaults {
    /// How likely one stops at a call, and for how long.
    pub(crate) pauses: u32,
    pub(crate) pause: Millis,
    /// How likely one dies at a call, in a hundred thousand, and for how long.
    pub(crate) crashes: u32,
    pub(crate) down: Millis,
    /// Whether one is asked to stop now and then, and does so orderly.
    pub(crate) restarts_every: u64,
}

/// What clocks do.
#[derive(Clone, Debug)]
pub(crate) struct ClockFaults {
    /// How far an instance's may be off, in ms.
    pub(crate) off_ms: i64,
    pub(crate) drift_ppm: i64,
    /// How often one is set.
    pub(crate) set_every: u64,
    /// How far that of another primary may be off, in ms.
    pub(crate) primary_ms: i64,
}

/// What the gateway does.
#[derive(Clone, Debug)]
pub(crate) struct GatewayFaults {
    pub(crate) refused: u32,
    pub(crate) answer_lost: u32,
    /// It gives its reference only once it is paid.
    pub(crate) late_reference: u32,
    /// Of its callbacks: told more often, late, never by themselves, of another
    /// amount first, without our reference.
    pub(crate) repeated: u32,
    pub(crate) late: u32,
    pub(crate) silent: u32,
    pub(crate) wrong_amount: u32,
    pub(crate) unnamed: u32,
    /// It does not say at once, when asked, that a payment has ended.
    pub(crate) lags: u32,
    /// A refund is only accepted at first.
    pub(crate) slow_refunds: u32,
    /// Buyers who are declined before they pay, and who pay twice.
    pub(crate) declined: u32,
    pub(crate) paid_twice: u32,
    pub(crate) down_every: u64,
}

/// What clients do, and what becomes of their requests.
#[derive(Clone, Debug)]
pub(crate) struct ClientFaults {
    /// An answer of an instance is lost.
    pub(crate) answer_lost: u32,
    /// Hangs up before the answer comes.
    pub(crate) impatient: u32,
    /// Asks again with the same key although the answer was there.
    pub(crate) repeats: u32,
    /// Sends a request twice, as by a double click.
    pub(crate) doubles: u32,
    /// Uses a key for something else.
    pub(crate) reuses_key: u32,
}

impl Plan {
    /// What belongs to this seed.
    pub(crate) fn of(dice: &Dice) -> Self {
        let some = |least: u64, most: u64| match dice.chance(500) {
            true => dice.between(least, most),
            false => 0,
        };
        let chance = |most: u32| some(1, u64::from(most)) as u32;
        let long = dice.chance(300);
        Self {
            town: Town::of(dice),
            network: Network {
                takes: (
                    0,
                    if dice.chance(300) { dice.between(30, 300) } else { dice.between(1, 12) },
                ),
                refused: chance(60),
                answer_lost: chance(60),
                late: chance(40),
                torn: dice.chance(500),
                news_lost: chance(400),
            },
            cluster: ClusterFaults {
                failovers_every: some(4_000, 30_000),
                outages_every: some(15_000, 60_000),
                lags_every: some(4_000, 30_000),
            },
            leases: LeaseFaults {
                forgets_every: some(2_000, 20_000),
                unreachable: chance(300),
                answer_lost: chance(100),
                twice: chance(300),
            },
            lives: LifeFaults {
                pauses: chance(4),
                pause: if long { (8_000, 45_000) } else { (50, 12_000) },
                crashes: chance(400),
                down: (100, dice.between(1_000, 20_000)),
                restarts_every: some(20_000, 60_000),
            },
            clocks: ClockFaults {
                off_ms: some(1, 1_000) as i64,
                drift_ppm: some(1, 2_000) as i64,
                set_every: some(5_000, 30_000),
                primary_ms: some(1, 200) as i64,
            },
            gateway: GatewayFaults {
                refused: chance(150),
                answer_lost: chance(150),
                late_reference: chance(500),
                repeated: chance(500),
                late: chance(400),
                silent: chance(300),
                wrong_amount: chance(200),
                unnamed: chance(300),
                lags: chance(300),
                slow_refunds: chance(500),
                declined: chance(200),
                paid_twice: chance(150),
                down_every: some(20_000, 60_000),
            },
            clients: ClientFaults {
                answer_lost: chance(80),
                impatient: chance(150),
                repeats: chance(250),
                doubles: chance(150),
                reuses_key: chance(20),
            },
        }
    }

    /// Whether all clocks are those of the store.
    pub(crate) const fn clocks_agree(&self) -> bool {
        self.clocks.off_ms == 0 && self.clocks.drift_ppm == 0 && self.clocks.primary_ms == 0
    }

    /// By how much the clocks of instances may be off, in ms.
    pub(crate) const fn tolerance_ms(&self) -> i64 {
        // What it drifts in ten minutes comes on top.
        self.clocks.off_ms + self.clocks.drift_ppm * 600_000 / 1_000_000 + 50
    }
}

impl Town {
    fn of(dice: &Dice) -> Self {
        let crowded = dice.chance(500);
        Self {
            instances: dice.between(2, 4) as usize,
            users: if crowded { dice.between(6, 12) } else { dice.between(2, 5) } as usize,
            showtimes: dice.between(1, 3) as usize,
            seats: if crowded { dice.between(3, 10) } else { dice.between(4, 40) } as usize,
            hold_ms: dice.between(4_000, 30_000) as i64,
            window_ms: if dice.chance(500) { dice.between(1_000, 60_000) } else { 0 },
            seats_per_user: dice.between(3, 10) as u32,
            think: match dice.chance(400) {
                true => (1, dice.between(30, 400)),
                false => (dice.between(20, 300), dice.between(400, 2_500)),
            },
            rounds: (1_000, dice.between(2_000, 15_000)),
            receivers: dice.chance(300),
            cancelled: if dice.chance(300) { 400 } else { 0 },
            begins: if dice.chance(200) { 500 } else { 0 },
        }
    }
}
