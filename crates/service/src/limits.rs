//! Every limit of the service: a name, a unit, a reason.

use std::time::Duration;

/// How long a command may wait in a desk's queue, in ms: as long as a client
/// may wait for an answer.
pub const COMMAND_TIME_MS: i64 = 10_000;

/// How long after its decision a commit may still be made, in ms. A write that
/// is delayed longer does nothing.
pub const COMMIT_TIME_MS: i64 = 15_000;

/// How long a request with an idempotency key is presumed alive, in ms. Longer
/// than [`COMMIT_TIME_MS`]: a successor starts when no write can follow.
pub const CLAIM_LEASE_MS: i64 = 30_000;

/// How long a desk waits before it tries again to take back what it may have
/// written to a store that did not answer.
pub const TAKE_BACK_PAUSE: Duration = Duration::from_millis(500);

/// How long before the end of a lease a desk takes back for the last time what
/// may have been written under it, in ms.
pub const TAKE_BACK_MARGIN_MS: i64 = 2_000;

/// By how much an instance's clock may be ahead of the store's, in ms: a commit
/// dated later than that is refused. Clocks are kept within milliseconds.
pub const CLOCK_TOLERANCE_MS: i64 = 2_000;

/// How long an idempotency key is remembered, in ms: one day.
pub const CLAIM_TTL_MS: i64 = 24 * 60 * 60 * 1000;

/// How long one driver alone decides about the money of a payment, in ms. Longer than two
/// commands in a row, each with its wait and its commit.
pub const PAYMENT_LEASE_MS: i64 = 60_000;

/// Commands that may wait at one desk. More answer busy at once: with ten
/// thousand buyers at one showtime nobody is sent away.
pub const DESK_QUEUE: usize = 16_384;

/// How long a command may have to wait at a desk, as far as can be told when it comes,
/// in ms: half of what its client waits. Where the store is so slow that it would be
/// longer, it is answered busy at once, and those who wait are served in time.
pub const DESK_WAIT_MAX_MS: u64 = 5_000;

/// Commands decided in one batch. More make a commit slower without making
/// anything faster.
pub const BATCH_MAX: usize = 256;

/// Tries to commit one batch, each from a fresh read.
pub const ROUNDS_MAX: u32 = 3;

/// How long a desk keeps its lease while others may be waiting. Short, so that
/// instances share a showtime evenly.
pub const TENURE: Duration = Duration::from_millis(5);

/// How long a desk waits for its lease at the most after a wait in vain: some
/// tenures of others with their commits, where the store is as fast as it should be.
pub const LEASE_WAIT_AGAIN: Duration = Duration::from_millis(50);

/// How long a batch may take in its turn, about: where it takes longer because of its
/// commands, the next have fewer of them.
pub const TURN_LONG: Duration = Duration::from_millis(500);

/// Turns of others for which a desk waits, at least, each as long as its own last ones.
pub const TURNS_WAITED: u32 = 4;

/// For how long it waits for them, at the most: however slow the store is, a lease whose
/// owner is dead must not keep commands beyond their time.
pub const LEASE_WAIT_MAX: Duration = Duration::from_secs(4);

/// How long a desk without work stays.
pub const DESK_IDLE: Duration = Duration::from_secs(30);

/// How old what a reader is shown may be, where another instance has changed it
/// since: well within the 250 ms that are promised.
pub const READ_FRESH: Duration = Duration::from_millis(100);

/// What the seat maps in memory may take, in bytes: those of a thousand large
/// showtimes. Others are loaded again when they are needed.
pub const MAPS_BYTES_MAX: isize = 288 << 20;

/// How long after its end the sweep leaves a hold alone, in ms: live decisions
/// about it are under way just then.
pub const SWEEP_GRACE_MS: i64 = 1_000;

/// Records read at once by sweeps and checks, so that memory stays bounded.
pub const PAGE: u32 = 500;

/// How long the acknowledgement of a webhook waits for what follows from it.
/// Gateways wait longer; what is not done by then goes on by itself.
pub const SETTLE_WAIT: Duration = Duration::from_secs(2);

/// How long after its beginning a hold may last at the most because it is being
/// paid, in ms: with another payment every minute it would last forever.
pub const HOLD_EXTENDED_MAX_MS: i64 = 30 * 60 * 1000;

/// How long after it was made a payment is first asked about at its gateway, in
/// ms: most callbacks have come by then, and the hold still lasts.
pub const FIRST_CHECK_MS: i64 = 60_000;

/// How long to wait at the most between two checks of a payment, or two tries to
/// give it back, in ms: six hours.
pub const CHECK_MAX_MS: i64 = 6 * 60 * 60 * 1000;

/// How long after it was made a payment is still asked about, in ms: seven days,
/// by when every provider has given up on it.
pub const CHECK_FOR_MS: i64 = 7 * 24 * 60 * 60 * 1000;

/// How long to wait before a refund that the gateway did not accept is asked for
/// again, in ms; longer each time, up to [`CHECK_MAX_MS`].
pub const REFUND_RETRY_MS: i64 = 60_000;

/// How long to wait before a round tries again what follows from an event, in ms;
/// longer each time, up to [`EVENT_RETRY_MAX_MS`].
pub const EVENT_RETRY_MS: i64 = 15_000;

/// The longest such wait, in ms: a quarter of an hour, for somebody is waiting for
/// a ticket.
pub const EVENT_RETRY_MAX_MS: i64 = 15 * 60 * 1000;

/// How long an event may be undone before it counts as stuck, in ms: several
/// rounds and leases.
pub const EVENT_STUCK_MS: i64 = 5 * 60 * 1000;

/// How long a success may match no payment before `verify` names it, in ms: one
/// hour, while gateways repeat themselves for minutes.
pub const UNMATCHED_MS: i64 = 60 * 60 * 1000;

/// How long the seats of a booking that is given back may be on their way, in ms,
/// before `verify` calls it wrong: many rounds.
pub const REFUNDING_MS: i64 = 15 * 60 * 1000;

/// How long one instance has the events of a booking for itself, in ms: longer than
/// it takes to tell all of them to receivers that answer late.
pub const OUTBOX_LEASE_MS: i64 = 60_000;

/// How long before the end of that lease nothing more is sent, in ms: longer than
/// a receiver may take to answer, so that no two instances are at one booking.
pub const OUTBOX_MARGIN_MS: i64 = 15_000;

/// How long to wait before an event is told again to a receiver that did not take
/// it, in ms; longer each time, up to [`TELL_RETRY_MAX_MS`].
pub const TELL_RETRY_MS: i64 = 5_000;

/// The longest such wait, in ms: six hours, as the receiver may be down for long.
pub const TELL_RETRY_MAX_MS: i64 = 6 * 60 * 60 * 1000;

/// How often an event is told in vain before it is given up: with the waits in
/// between, three to five days, so that a weekend may pass.
pub const TELL_TRIES_MAX: u32 = 24;

/// How long a hold is left alone whose seats may be on their way, in ms: a commit
/// takes less. What is older may have been left by a crash, and is put off.
pub const TELL_IN_FLIGHT_MS: i64 = 2_000;

/// Bookings that are told of at once: enough to keep receivers busy, few enough to
/// leave the store to buyers.
pub const TELL_AT_ONCE: usize = 16;

/// Bookings taken up together: their seats are read with one read per showtime,
/// and are not old when the last of them is told of.
pub const TELL_PAGE: u32 = 128;

/// Characters that are kept of what a delivery failed of.
pub const TELL_ERROR_CHARS: usize = 200;

/// Payments of one booking that its history shows: each takes another method, or a
/// hold of its own.
pub const HISTORY_PAYMENTS_MAX: u32 = 100;

/// What the operator may set.
#[derive(Clone, Debug)]
pub struct Rules {
    /// How long a hold lasts, in ms.
    pub hold_ttl_ms: i64,
    /// Live seats one user may own on one showtime.
    pub max_seats_per_user: u32,
    /// How long before the start owners can no longer give a sold booking back,
    /// in ms.
    pub refund_closes_ms: i64,
    /// Origins a return URL may have; any, if none is named.
    pub return_url_origins: Vec<String>,
    /// How long a showtime's lease lasts unless renewed.
    pub lease_ttl: Duration,
    /// How long a desk waits for its lease before it goes on without.
    pub lease_wait: Duration,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            hold_ttl_ms: 600_000,
            max_seats_per_user: 10,
            refund_closes_ms: 1_800_000,
            return_url_origins: Vec::new(),
            lease_ttl: Duration::from_secs(8),
            lease_wait: Duration::from_millis(1_000),
        }
    }
}
