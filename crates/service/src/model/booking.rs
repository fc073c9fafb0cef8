use seathold_core::{
    BookingId, Currency, IdempotencyKey, PaymentId, RefundId, SeatLabel, SeatType, ShowtimeId,
    Timestamp, UserId,
};

use super::{ClaimKey, Outbox, RefundReason};

/// The row of one booking. Derived: while its status is pending, the seats
/// decide what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Booking {
    /// Its id; rises with time.
    pub id: BookingId,
    /// The code people read out at the counter.
    pub code: String,
    /// The showtime.
    pub showtime_id: ShowtimeId,
    /// The owner.
    pub user_id: UserId,
    /// The seats, in the order asked for.
    pub seats: Vec<BookedSeat>,
    /// The sum of the prices, in minor units.
    pub total_amount: i64,
    /// What is taken off, in minor units.
    pub discount_amount: i64,
    /// What is to be paid, in minor units.
    pub final_amount: i64,
    /// The currency of the amounts.
    pub currency: Currency,
    /// The status last written down.
    pub status: BookingStatus,
    /// When the hold began.
    pub held_at: Timestamp,
    /// The first instant at which the hold is over.
    pub hold_expires_at: Timestamp,
    /// When it was confirmed.
    pub confirmed_at: Option<Timestamp>,
    /// When it was cancelled. On a pending row: the mark that is set before the
    /// seats are given back, so that a crash in between reads as cancelled.
    pub cancelled_at: Option<Timestamp>,
    /// When the row was made.
    pub created_at: Timestamp,
    /// When the row last changed.
    pub updated_at: Timestamp,
    /// The idempotency key of the hold.
    pub idempotency_key: IdempotencyKey,
    /// Until when the seats may still be on their way: a pending row without
    /// seats that is older was never held.
    pub lease_until: Timestamp,
    /// Whether the seats are known to have stood under this id once. Set
    /// before any commit that takes them away.
    pub was_held: bool,
    /// The payment that bought it.
    pub paid_by: Option<PaymentId>,
    /// That it is given back, once that is decided: while the row reads
    /// confirmed, its seats may still be on their way back. Set once, before
    /// anything follows from it; no sale is written down over it.
    pub refund: Option<BookingRefund>,
    /// What others are to be told of it; none if nobody was, when it was made.
    pub outbox: Option<Outbox>,
}

/// The one refund of a sold booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BookingRefund {
    /// Its id: that of its payment, if it was paid.
    pub id: RefundId,
    /// Why.
    pub reason: RefundReason,
    /// When it was decided.
    pub since: Timestamp,
    /// When the money was back.
    pub done_at: Option<Timestamp>,
}

impl Booking {
    /// The labels of its seats, in the order asked for.
    #[must_use]
    pub fn labels(&self) -> Vec<SeatLabel> {
        self.seats.iter().map(|seat| seat.label).collect()
    }

    /// Writes down what it has become, at `at`. A sale overrules a cancel mark:
    /// its seats decide.
    pub fn end(&mut self, status: BookingStatus, at: Timestamp) {
        self.status = status;
        self.updated_at = at;
        self.open_outbox(at);
        match status {
            BookingStatus::Confirmed => {
                self.confirmed_at = Some(at);
                self.cancelled_at = None;
            }
            BookingStatus::Cancelled => self.cancelled_at = Some(at),
            BookingStatus::Pending | BookingStatus::Expired => {}
        }
    }

    /// Notes that there is something to tell, at once: one receiver's rest is not
    /// another's. A lease stays as it is.
    pub fn open_outbox(&mut self, at: Timestamp) {
        if let Some(outbox) = &mut self.outbox {
            outbox.open = true;
            outbox.next_try = at;
        }
    }

    /// Whether it is to be given back, and its seats may not be free yet.
    #[must_use]
    pub fn is_refunding(&self) -> bool {
        self.refund.is_some() && self.status == BookingStatus::Confirmed
    }

    /// The claim that belongs to it.
    #[must_use]
    pub fn claim_key(&self) -> ClaimKey {
        ClaimKey { user: self.user_id.clone(), key: self.idempotency_key }
    }
}

/// One seat of a booking, at the price it was held for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BookedSeat {
    /// The seat.
    pub label: SeatLabel,
    /// Its type.
    pub seat_type: SeatType,
    /// Its price, in minor units.
    pub price: i64,
}

/// The life of a booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BookingStatus {
    /// Held, to be paid.
    Pending,
    /// Sold.
    Confirmed,
    /// Given back by its owner, or with its showtime.
    Cancelled,
    /// Its time passed.
    Expired,
}

impl BookingStatus {
    /// All of them, in the order of a booking's life.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Confirmed, Self::Cancelled, Self::Expired];

    /// The status's name for clients and stores.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Confirmed => "confirmed",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }
}

/// How long a hold lasts by its seats, to be written down on its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extension {
    /// The row.
    pub booking: BookingId,
    /// Its `held_at` as it was read: another one means the row was made anew.
    pub seen_held_at: Timestamp,
    /// The first instant at which the hold is over.
    pub until: Timestamp,
}

/// What to write down about a row that was read as pending, unless the row was
/// made anew or settled since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// The row.
    pub booking: BookingId,
    /// Its `held_at` as it was read: another one means the row was made anew.
    pub seen_held_at: Timestamp,
    /// What it has become; never pending.
    pub status: BookingStatus,
    /// When it became so.
    pub at: Timestamp,
}
