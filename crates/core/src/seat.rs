use std::fmt;
use std::str::FromStr;

use crate::{BookingId, Timestamp, UserId};

/// Characters a seat label may have at the most.
pub const MAX_LABEL_CHARS: usize = 16;

/// A seat's name on its map: 1 to 16 of `[A-Za-z0-9_-]`. Kept in place, so a
/// map of 60,000 seats needs no allocation for its labels.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeatLabel {
    // Unused bytes are zero, so that the derived order is that of the text.
    bytes: [u8; MAX_LABEL_CHARS],
}

/// A text that is not a seat label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidLabel;

impl fmt::Display for InvalidLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("must be 1 to 16 letters, digits, '_' or '-'")
    }
}

impl std::error::Error for InvalidLabel {}

impl SeatLabel {
    /// The label as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let len = self.bytes.iter().position(|byte| *byte == 0).unwrap_or(MAX_LABEL_CHARS);
        std::str::from_utf8(&self.bytes[..len]).unwrap_or_default()
    }

    /// The text's bytes, and zeros after it.
    pub(crate) const fn bytes(&self) -> &[u8; MAX_LABEL_CHARS] {
        &self.bytes
    }

    /// The row this seat is filed under: what stands before the first digit.
    #[must_use]
    pub fn row(&self) -> &str {
        let text = self.as_str();
        text.find(|c: char| c.is_ascii_digit()).map_or(text, |first_digit| &text[..first_digit])
    }
}

impl FromStr for SeatLabel {
    type Err = InvalidLabel;

    fn from_str(text: &str) -> Result<Self, InvalidLabel> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        if !(1..=MAX_LABEL_CHARS).contains(&text.len()) || !text.bytes().all(allowed) {
            return Err(InvalidLabel);
        }
        let mut bytes = [0; MAX_LABEL_CHARS];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        Ok(Self { bytes })
    }
}

impl fmt::Display for SeatLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for SeatLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What kind of seat it is; decides its price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SeatType {
    /// An ordinary seat.
    Standard,
    /// A better seat.
    Vip,
    /// A seat for two, sold as one.
    Couple,
}

impl SeatType {
    /// The type's name for clients and stores.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Vip => "vip",
            Self::Couple => "couple",
        }
    }
}

/// Who owns a seat. One state, so one owner at any version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SeatState {
    /// Nobody.
    Available,
    /// Set aside for a booking until `until`; free from that instant on.
    Held {
        /// The booking that holds it.
        booking: BookingId,
        /// Whose booking that is.
        user: UserId,
        /// The first instant at which the hold is over.
        until: Timestamp,
    },
    /// Sold.
    Booked {
        /// The booking it was sold to.
        booking: BookingId,
        /// Whose booking that is.
        user: UserId,
    },
}

impl SeatState {
    /// The booking whose id stands in the seat, live or not.
    #[must_use]
    pub const fn booking(&self) -> Option<BookingId> {
        match self {
            Self::Available => None,
            Self::Held { booking, .. } | Self::Booked { booking, .. } => Some(*booking),
        }
    }

    /// Whose booking that is.
    #[must_use]
    pub const fn user(&self) -> Option<&UserId> {
        match self {
            Self::Available => None,
            Self::Held { user, .. } | Self::Booked { user, .. } => Some(user),
        }
    }

    /// The end of a hold, over or not.
    #[must_use]
    pub const fn until(&self) -> Option<Timestamp> {
        match self {
            Self::Held { until, .. } => Some(*until),
            Self::Available | Self::Booked { .. } => None,
        }
    }

    /// Whether anybody may take the seat at `now`.
    #[must_use]
    pub fn is_free(&self, now: Timestamp) -> bool {
        match self {
            Self::Available => true,
            Self::Held { until, .. } => *until <= now,
            Self::Booked { .. } => false,
        }
    }
}

/// One seat of a map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// Its name.
    pub label: SeatLabel,
    /// Its kind.
    pub seat_type: SeatType,
    /// Its owner.
    pub state: SeatState,
}
