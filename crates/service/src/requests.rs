//! What the edge asks for, parsed, and what it is given.

use std::sync::Arc;

use seathold_core::{
    BookingId, Currency, PriceTable, SeatLabel, SeatMap, SeatType, ShowtimeId, Timestamp, UserId,
};

use crate::model::{
    Answer, Booking, BookingRefund, ClaimKey, Fingerprint, Payment, PaymentMethod, PaymentStatus,
    Resource, Showtime, ShowtimeStatus, ShowtimeSummary,
};

/// Who reads.
#[derive(Clone, Debug)]
pub struct Viewer {
    /// The user.
    pub user: UserId,
    /// May read what is not theirs.
    pub admin: bool,
}

/// An idempotency key and what this request binds it to.
#[derive(Clone, Debug)]
pub struct Keyed {
    /// The user and the key.
    pub key: ClaimKey,
    /// Route and body.
    pub fingerprint: Fingerprint,
}

/// Set seats aside. The user is the key's.
#[derive(Clone, Debug)]
pub struct HoldRequest {
    /// Where.
    pub showtime: ShowtimeId,
    /// Which, each once, at least one.
    pub seats: Vec<SeatLabel>,
    /// The idempotency key.
    pub key: Keyed,
    /// Renders the answer, which is stored before the seats are committed.
    pub render: fn(&Booking) -> Answer,
}

/// Give a pending booking back.
#[derive(Clone, Debug)]
pub struct CancelRequest {
    /// Which.
    pub booking: BookingId,
    /// Who asks.
    pub user: UserId,
    /// The idempotency key, if there is one.
    pub key: Option<Keyed>,
    /// Renders the answer.
    pub render: fn(&Booking) -> Answer,
}

/// Start, or resume, the payment of a booking. The user is the key's.
#[derive(Clone, Debug)]
pub struct PayRequest {
    /// Of which booking.
    pub booking: BookingId,
    /// How.
    pub method: PaymentMethod,
    /// Where the buyer goes afterwards.
    pub return_url: Option<String>,
    /// The idempotency key.
    pub key: Keyed,
    /// Renders the answer.
    pub render: fn(&Session) -> Answer,
}

/// Give a sold booking back.
#[derive(Clone, Debug)]
pub struct RefundBooking {
    /// Which.
    pub booking: BookingId,
    /// Who asks.
    pub viewer: Viewer,
    /// The idempotency key.
    pub key: Keyed,
    /// Renders the answer.
    pub render: fn(&GivenBack) -> Answer,
}

/// A sold booking that was given back.
#[derive(Clone, Debug)]
pub struct GivenBack {
    /// The booking, cancelled.
    pub booking: Booking,
    /// Its refund; of its final amount.
    pub refund: BookingRefund,
    /// Whether the money is back, or on its way.
    pub status: PaymentStatus,
}

/// Where a buyer can pay.
#[derive(Clone, Debug)]
pub struct Session {
    /// The booking.
    pub booking: Booking,
    /// The payment; none when there was nothing to pay and the booking is
    /// confirmed already.
    pub payment: Option<Payment>,
}

/// An answer that may be a replay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// What the client is sent.
    pub answer: Answer,
    /// What it is about.
    pub resource: Resource,
    /// Whether it was given before.
    pub replayed: bool,
}

/// What became of an authentic event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// It is kept, or was there already; everything that follows will be done.
    Taken,
    /// Everything that follows from it was done before.
    Repeated,
    /// It is kept, but no payment has this reference yet: send it again.
    UnknownTransaction,
    /// Amount or currency are not those of the payment. It is not kept.
    WrongAmount,
}

/// A showtime to be made.
#[derive(Clone, Debug)]
pub struct NewShowtime {
    /// What people call it.
    pub title: String,
    /// The caller's own name of the movie.
    pub movie_id: String,
    /// The caller's own name of the cinema.
    pub cinema_id: String,
    /// The caller's own name of the screen.
    pub screen_id: String,
    /// When it starts.
    pub start_time: Timestamp,
    /// When it ends; later than the start.
    pub end_time: Timestamp,
    /// The currency of its prices.
    pub currency: Currency,
    /// What each type of seat costs.
    pub price: PriceTable,
    /// Its seats, each once, in the map's order.
    pub seats: Vec<(SeatLabel, SeatType)>,
}

/// A showtime as it is at the moment of the read.
#[derive(Clone, Debug)]
pub struct ShowtimeView {
    /// What is stored.
    pub summary: ShowtimeSummary,
    /// Seats anybody may take now.
    pub available: u32,
    /// Its status now.
    pub status: ShowtimeStatus,
}

/// A seat map at a moment.
#[derive(Clone, Copy, Debug)]
pub struct SeatMapView<'a> {
    /// Whose.
    pub showtime: &'a Showtime,
    /// The seats.
    pub map: &'a SeatMap,
    /// The moment: holds that end by then read as available.
    pub now: Timestamp,
}

/// A seat map as clients are sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderedMap {
    /// Changes whenever the body does, and so do holds that end.
    pub etag: String,
    /// The body.
    pub body: Arc<[u8]>,
}
