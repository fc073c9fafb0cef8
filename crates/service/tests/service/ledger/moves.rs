//! What may happen, and how a seed chooses from it.

use seathold_service::limits::{FIRST_CHECK_MS, PAYMENT_LEASE_MS, REFUND_RETRY_MS};
use seathold_service::model::PaymentMethod;
use seathold_testkit::{Fault, SeededRandom};

/// Something that somebody does. Numbers choose from what there is by then.
#[derive(Clone, Copy, Debug)]
pub(super) enum Move {
    /// Somebody asks for seats that lie side by side.
    Hold { user: u64, show: u64, first: u64, count: u64 },
    /// The same request as before, with its key.
    HoldAgain(u64),
    /// An owner begins to pay.
    Confirm { booking: u64, method: PaymentMethod },
    /// The same request as before, with its key.
    ConfirmAgain(u64),
    /// A buyer pays at the gateway. Nobody is told yet.
    Pay(u64),
    /// The gateway takes the money of a paid payment once more.
    PayTwice(u64),
    /// The gateway refuses a buyer.
    Decline(u64),
    /// The gateway tells, for the first time or again: with our reference, or
    /// only with its own.
    Tell { word: u64, named: bool },
    /// The gateway tells of an amount that is not due.
    TellWrong { payment: u64, named: bool },
    /// An owner cancels.
    Cancel(u64),
    /// An admin cancels a showtime.
    CancelShowtime(u64),
    /// An owner or an admin gives a booking back.
    Refund { booking: u64, admin: bool },
    /// The same request as before, with its key.
    RefundAgain(u64),
    /// Time passes, in ms.
    Wait(i64),
    /// A round of the cron for expired holds.
    Sweep,
    /// One for the inbox.
    SettleInbox,
    /// One for refunds.
    SettleRefunds,
    /// One for bookings that are given back.
    SettleGivenBack,
    /// One for cancelled showtimes.
    SettleShowtimes,
    /// One that asks the gateway.
    SettlePayments,
    /// Everything at once.
    Reconcile,
    /// Somebody reads a booking.
    Read(u64),
    /// The gateway goes, or comes back; its refunds take one call or two.
    Gateway { down: bool, slow: bool },
    /// A process is killed between two moves, and another takes its place.
    Restart(u64),
}

/// What goes wrong meanwhile.
#[derive(Clone, Debug)]
pub(super) enum Way {
    /// Nothing.
    Plain,
    /// A call to the store, by its number, and often all that follow.
    Fails(Fault, u64),
    /// Before a call to the store, by its number, another process does all this.
    Interrupted(u64, Vec<Move>),
}

/// One step of a run.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// Which of the two processes does it.
    pub(super) process: u64,
    /// What.
    pub(super) act: Move,
    /// What goes wrong.
    pub(super) way: Way,
}

/// Calls to the store among which the one is that goes wrong: most moves make
/// fewer, and then go well.
const CALLS: u64 = 22;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;

/// Waits that end just after something else does.
const WAITS: [i64; 7] = [
    SECOND,
    20 * SECOND,
    PAYMENT_LEASE_MS + 1,
    2 * FIRST_CHECK_MS + REFUND_RETRY_MS,
    4 * MINUTE,
    9 * MINUTE,
    // All holds are over.
    10 * MINUTE + 2 * SECOND,
];

/// Chooses, the same for the same seed.
pub(super) struct Dice(SeededRandom);

impl Dice {
    pub(super) const fn new(seed: u64) -> Self {
        // Not what the ids of the run are made of.
        Self(SeededRandom::new(seed ^ 0x5eed_0fd1_ce00))
    }

    pub(super) fn below(&self, end: u64) -> u64 {
        self.0.next_u64() % end
    }

    pub(super) fn chance(&self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub(super) fn step(&self) -> Step {
        let (process, act) = (self.below(2), self.act());
        let way = match self.below(10) {
            0..=4 => Way::Plain,
            5..=7 => Way::Fails(Fault::ALL[self.below(5) as usize], self.below(CALLS)),
            _ => {
                let acts = 1 + self.below(3);
                Way::Interrupted(self.below(CALLS), (0..acts).map(|_| self.act()).collect())
            }
        };
        Step { process, act, way }
    }

    fn act(&self) -> Move {
        let any = self.below(64);
        match self.below(100) {
            0..=16 => Move::Hold {
                user: self.below(4),
                show: self.below(8) / 7,
                first: self.below(4),
                count: 1 + self.below(2),
            },
            17..=18 => Move::HoldAgain(any),
            19..=31 => Move::Confirm { booking: any, method: self.method() },
            32..=33 => Move::ConfirmAgain(any),
            34..=45 => Move::Pay(any),
            46 => Move::PayTwice(any),
            47 => Move::Decline(any),
            48..=61 => Move::Tell { word: any, named: self.chance(60) },
            62 => Move::TellWrong { payment: any, named: self.chance(40) },
            63..=66 => Move::Cancel(any),
            67 => Move::CancelShowtime(self.below(12) / 11),
            68..=71 => Move::Refund { booking: any, admin: self.chance(50) },
            72..=73 => Move::RefundAgain(any),
            74..=80 => Move::Wait(WAITS[self.below(7) as usize]),
            81..=83 => Move::Sweep,
            84..=85 => Move::SettleInbox,
            86..=87 => Move::SettleRefunds,
            88 => Move::SettleGivenBack,
            89 => Move::SettleShowtimes,
            90..=91 => Move::SettlePayments,
            92..=93 => Move::Reconcile,
            94..=95 => Move::Read(any),
            96..=97 => Move::Gateway { down: self.chance(30), slow: self.chance(30) },
            _ => Move::Restart(self.below(2)),
        }
    }

    fn method(&self) -> PaymentMethod {
        PaymentMethod::ALL[self.below(4) as usize]
    }
}
