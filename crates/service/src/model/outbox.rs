use std::fmt;
use std::str::FromStr;

use seathold_core::{BookingId, Timestamp};
use sha2::{Digest, Sha256};

use super::{Booking, BookingStatus};

/// What others are told of a booking, in the order in which it happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BookingEvent {
    /// Its seats are set aside.
    Held,
    /// It is over without having been paid. A payment that comes later may still
    /// confirm it.
    Expired,
    /// It is sold.
    Confirmed,
    /// It was given back; its seats are free.
    Cancelled,
    /// It was sold and given back, and its money is back.
    Refunded,
}

impl BookingEvent {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Held, Self::Expired, Self::Confirmed, Self::Cancelled, Self::Refunded];

    /// The event's name for stores.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Expired => "expired",
            Self::Confirmed => "confirmed",
            Self::Cancelled => "cancelled",
            Self::Refunded => "refunded",
        }
    }
}

/// The id of an event: the same at every repeat, for it follows from what the
/// event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BookingEventId {
    /// The booking.
    pub booking: BookingId,
    /// What happened to it; once in its life.
    pub event: BookingEvent,
}

impl fmt::Display for BookingEventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "evt_{}_{}", self.booking, self.event.as_str())
    }
}

/// A text that is not the id of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidEventId;

impl fmt::Display for InvalidEventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("must be like evt_64a7b2c4d5e6f7a8b9c0d1e8_held")
    }
}

impl std::error::Error for InvalidEventId {}

impl FromStr for BookingEventId {
    type Err = InvalidEventId;

    fn from_str(text: &str) -> Result<Self, InvalidEventId> {
        let (booking, event) = text
            .strip_prefix("evt_")
            .and_then(|rest| rest.split_once('_'))
            .ok_or(InvalidEventId)?;
        let booking = booking.parse().map_err(|_| InvalidEventId)?;
        let event = BookingEvent::ALL.into_iter().find(|one| one.as_str() == event);
        Ok(Self { booking, event: event.ok_or(InvalidEventId)? })
    }
}

/// Who is told: the first eight bytes of the SHA-256 of the address, which may hold
/// a password and need not stand in every row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReceiverId(pub [u8; 8]);

impl ReceiverId {
    /// The receiver at this address.
    #[must_use]
    pub fn of(address: &str) -> Self {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&Sha256::digest(address)[..8]);
        Self(bytes)
    }
}

impl fmt::Display for ReceiverId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for ReceiverId {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let number = u64::from_str_radix(text, 16).ok().filter(|_| text.len() == 16);
        number.map(|it| Self(it.to_be_bytes())).ok_or("must be sixteen hex digits")
    }
}

/// What there is to tell of a booking, kept in its very row: a change and the word
/// of it are one write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outbox {
    /// Whether there may be something to tell.
    pub open: bool,
    /// Before then nobody looks: somebody is at it, or receivers get their rest.
    pub next_try: Timestamp,
    /// Until when somebody is at it.
    pub leased_until: Timestamp,
    /// Another one with each lease: whoever has lost it writes nothing any more.
    pub lease: u32,
    /// What became of each event at each receiver, once it was tried.
    pub deliveries: Vec<Delivery>,
}

/// What became of an event at a receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The event.
    pub event: BookingEvent,
    /// The receiver.
    pub receiver: ReceiverId,
    /// How far it is.
    pub state: DeliveryState,
    /// How often it was tried in vain.
    pub tries: u32,
    /// When it was tried first.
    pub since: Timestamp,
    /// When to try again, while it is waiting; else when it was told, or given up.
    pub at: Timestamp,
    /// What the last try in vain failed of.
    pub error: Option<String>,
}

/// How far a delivery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    /// To be tried again.
    Waiting,
    /// The receiver has it.
    Told,
    /// Given up, until somebody asks for it again.
    Dead,
}

impl DeliveryState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Waiting, Self::Told, Self::Dead];

    /// The state's name for stores.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Told => "told",
            Self::Dead => "dead",
        }
    }
}

impl Outbox {
    /// That of a row which is made now.
    #[must_use]
    pub const fn new(now: Timestamp) -> Self {
        Self { open: true, next_try: now, leased_until: now, lease: 0, deliveries: Vec::new() }
    }

    /// What became of this event at this receiver, if it was tried.
    #[must_use]
    pub fn delivery(&self, event: BookingEvent, receiver: ReceiverId) -> Option<&Delivery> {
        self.deliveries.iter().find(|it| (it.event, it.receiver) == (event, receiver))
    }

    /// The same, to note it; as if it was tried first at `now`, if it was not.
    pub fn delivery_mut(
        &mut self,
        event: BookingEvent,
        receiver: ReceiverId,
        now: Timestamp,
    ) -> &mut Delivery {
        let place =
            self.deliveries.iter().position(|it| (it.event, it.receiver) == (event, receiver));
        let place = place.unwrap_or_else(|| {
            let (state, error) = (DeliveryState::Waiting, None);
            self.deliveries.push(Delivery {
                event,
                receiver,
                state,
                tries: 0,
                since: now,
                at: now,
                error,
            });
            self.deliveries.len() - 1
        });
        &mut self.deliveries[place]
    }

    /// Whether something was given up.
    #[must_use]
    pub fn has_dead(&self) -> bool {
        self.deliveries.iter().any(|it| it.state == DeliveryState::Dead)
    }
}

impl Booking {
    /// What has happened to it, and when, going by what is written down; in order.
    /// `stands`: it is pending, and its seats do or did stand under it. What never
    /// took effect has no events.
    #[must_use]
    pub fn events(&self, stands: bool) -> Vec<(BookingEvent, Timestamp)> {
        let took_effect =
            stands || self.was_held || self.confirmed_at.is_some() || self.refund.is_some();
        if !took_effect {
            return Vec::new();
        }
        let expired = (self.status == BookingStatus::Expired).then_some(self.hold_expires_at);
        let cancelled = self.cancelled_at.filter(|_| self.status == BookingStatus::Cancelled);
        let happened = [
            (BookingEvent::Held, Some(self.held_at)),
            (BookingEvent::Expired, expired),
            (BookingEvent::Confirmed, self.confirmed_at),
            (BookingEvent::Cancelled, cancelled),
            (BookingEvent::Refunded, self.refund.and_then(|refund| refund.done_at)),
        ];
        happened.into_iter().filter_map(|(event, at)| Some((event, at?))).collect()
    }
}
