use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The version of the format that this crate reads and writes.
pub const FORMAT: u32 = 1;

/// Names one operation within its history. Never used twice.
pub type OpId = u64;

/// One line of a history. Times (`at`, `until`) are in ms since the Unix epoch, or since
/// any other beginning that is the same for the whole history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// What the service promises; the first line, if it is there at all.
    Start(Promises),
    /// A client is about to send a request.
    Invoke {
        /// The operation that begins.
        op: OpId,
        /// The client's time, before the request was sent.
        at: i64,
        /// What is asked for.
        #[serde(flatten)]
        call: Call,
    },
    /// It was answered, and done.
    Ok {
        /// Which operation.
        op: OpId,
        /// The client's time, after the answer was read.
        at: i64,
        /// What the answer said.
        #[serde(flatten)]
        seen: Box<Seen>,
    },
    /// It was answered, and this request has not changed anything and never will.
    Refused {
        /// Which operation.
        op: OpId,
        /// The client's time, after the answer was read.
        at: i64,
        /// The `code` of the problem.
        code: String,
        /// The seats at fault, if the answer named them.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        seats: Vec<String>,
        /// The booking that the answer named.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        booking: Option<String>,
    },
    /// It was not answered, or in a way that does not tell whether it was, is or will
    /// still be done. An operation without any second line counts the same.
    Unknown {
        /// Which operation.
        op: OpId,
        /// When the client gave up.
        at: i64,
        /// What happened, for people.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        why: String,
    },
    /// The provider took money for a payment, at this time or before.
    Charge(Money),
    /// The provider gave money back, at this time or before.
    Refund(Money),
    /// What something is once all has settled: true at this time, and to stay so.
    Final {
        /// When it was read.
        at: i64,
        /// What it is.
        #[serde(flatten)]
        what: Final,
    },
}

/// What the service promises, as far as the checker has to know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promises {
    /// The version of the format: [`FORMAT`].
    pub format: u32,
    /// How far the service's clock, which `until` is told by, may be from the clock of
    /// this history, in ms, either way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tolerance_ms: Option<i64>,
    /// How old a map may be when its reader asks for it, in ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stale_ms: Option<i64>,
    /// How long a hold lasts, in ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold_ms: Option<i64>,
    /// How long a hold may last from its beginning once its payment was begun, in ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extended_ms: Option<i64>,
    /// How many live seats of one showtime one user may own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seats_per_user: Option<u64>,
}

impl Default for Promises {
    fn default() -> Self {
        Self {
            format: FORMAT,
            tolerance_ms: None,
            stale_ms: None,
            hold_ms: None,
            extended_ms: None,
            seats_per_user: None,
        }
    }
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "call", rename_all = "snake_case")]
pub enum Call {
    /// Hold seats, all or none.
    Hold {
        /// Who asks.
        user: String,
        /// The idempotency key. A repeat is an operation of its own with the same key.
        key: String,
        /// Of which showtime.
        showtime: String,
        /// Which seats.
        seats: Vec<String>,
    },
    /// Begin the payment of a booking.
    Confirm {
        /// Who asks.
        user: String,
        /// The idempotency key.
        key: String,
        /// Which booking.
        booking: String,
    },
    /// The buyer pays at the provider's page. `ok`: the provider has taken the money.
    Pay {
        /// Which payment.
        payment: String,
    },
    /// Cancel a pending booking.
    Cancel {
        /// Who asks.
        user: String,
        /// Which booking.
        booking: String,
    },
    /// Give a sold booking back.
    Refund {
        /// Who asks.
        user: String,
        /// The idempotency key.
        key: String,
        /// Which booking.
        booking: String,
    },
    /// Cancel a showtime.
    CancelShowtime {
        /// Which one.
        showtime: String,
    },
    /// Read a seat map.
    ReadMap {
        /// Of which showtime.
        showtime: String,
    },
    /// Read a booking.
    ReadBooking {
        /// Who asks.
        user: String,
        /// Which booking.
        booking: String,
    },
}

/// What an answer said. What is not there was not said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// The booking: of a hold, and of whatever else names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub booking: Option<String>,
    /// The end of the hold by the service's clock, in ms: of a hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<i64>,
    /// What is to be paid, in minor units: of a hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<i64>,
    /// The payment: of a confirmation; missing where there is nothing to pay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment: Option<String>,
    /// Any hash of the body, byte for byte: of what has a key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// What was read of a map.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub map: Option<SeenMap>,
    /// What was read of a booking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<SeenBooking>,
}

/// A seat map as it was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenMap {
    /// Its version.
    pub version: u64,
    /// How many seats it has.
    pub total: u64,
    /// How many it said are available.
    pub available: u64,
    /// The seats that were not available. All others were.
    pub taken: BTreeMap<String, SeenSeat>,
}

/// How a seat reads that is not available.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeenSeat {
    /// Held.
    Held,
    /// Sold.
    Booked,
}

/// A booking as it was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenBooking {
    /// Where it stands.
    pub status: Status,
    /// Its seats, in any order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seats: Vec<String>,
    /// The end of its hold by the service's clock, in ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<i64>,
}

/// Where a booking stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Held.
    Pending,
    /// Sold.
    Confirmed,
    /// Cancelled by its owner, with its showtime, or given back.
    Cancelled,
    /// Its hold is over.
    Expired,
}

/// Money that moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// When it had moved at the latest.
    pub at: i64,
    /// For which payment.
    pub payment: String,
    /// Of which booking, where the provider, or whoever writes this, knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub booking: Option<String>,
    /// How much, in minor units, above 0.
    pub amount: i64,
}

/// What something is once all has settled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum Final {
    /// The seats of a showtime.
    Map {
        /// Which showtime.
        showtime: String,
        /// Its map.
        #[serde(flatten)]
        map: SeenMap,
    },
    /// A booking, also one whose hold nobody was told of.
    Booking {
        /// Which booking.
        booking: String,
        /// Whose.
        user: String,
        /// Of which showtime.
        showtime: String,
        /// What is to be paid, in minor units.
        amount: i64,
        /// How it reads.
        #[serde(flatten)]
        read: SeenBooking,
    },
    /// Every booking that this user has on this showtime was listed by a `final` line.
    BookingsOf {
        /// Which user.
        user: String,
        /// Which showtime.
        showtime: String,
    },
    /// A payment, by the provider's books: all that was taken and given back for it.
    Payment {
        /// Which payment.
        payment: String,
        /// For which booking, as far as known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        booking: Option<String>,
        /// What was taken in all, in minor units.
        charged: i64,
        /// What was given back in all, in minor units.
        refunded: i64,
    },
}
