use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use uuid::Uuid;

/// A text that is not an id of the expected form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidId(
    /// What is expected, for the caller to read.
    pub &'static str,
);

impl fmt::Display for InvalidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for InvalidId {}

macro_rules! object_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 12]);

        impl $name {
            /// The id made of these bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 12]) -> Self {
                Self(bytes)
            }

            /// An id that sorts by time: four bytes of seconds since the Unix
            /// epoch, then eight that make it unique (the layout of a BSON ObjectId).
            #[must_use]
            pub fn from_parts(seconds: u32, unique: [u8; 8]) -> Self {
                let mut bytes = [0; 12];
                bytes[..4].copy_from_slice(&seconds.to_be_bytes());
                bytes[4..].copy_from_slice(&unique);
                Self(bytes)
            }

            /// The twelve bytes of the id.
            #[must_use]
            pub const fn bytes(&self) -> [u8; 12] {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                parse_object_id(text).map(Self)
            }
        }
    };
}

object_id! {
    /// Names a showtime: 24 hex digits for clients.
    ShowtimeId
}

object_id! {
    /// Names a booking: 24 hex digits for clients. Never reused: a booking id
    /// in a seat proves which command put it there.
    BookingId
}

fn parse_object_id(text: &str) -> Result<[u8; 12], InvalidId> {
    const EXPECTED: InvalidId = InvalidId("must be 24 hex digits");
    if text.len() != 24 || !text.is_ascii() {
        return Err(EXPECTED);
    }
    let mut bytes = [0; 12];
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let digit = |d: u8| (d as char).to_digit(16).ok_or(EXPECTED);
        *byte = (digit(digits[0])? * 16 + digit(digits[1])?) as u8;
    }
    Ok(bytes)
}

/// Names a user: the opaque `sub` of the token, 1 to 64 characters without
/// control characters. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(Arc<str>);

impl UserId {
    /// Characters a user id may have at the most.
    pub const MAX_CHARS: usize = 64;

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for UserId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let fits = !text.is_empty() && text.chars().count() <= Self::MAX_CHARS;
        if !fits || text.chars().any(char::is_control) {
            return Err(InvalidId("must be 1 to 64 characters without control characters"));
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

macro_rules! prefixed_uuid {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// The id with this UUID.
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID behind the prefix.
            #[must_use]
            pub const fn uuid(&self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0.as_hyphenated())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                text.strip_prefix($prefix)
                    .and_then(parse_hyphenated)
                    .map(Self)
                    .ok_or(InvalidId(concat!("must be ", $prefix, "<uuid>")))
            }
        }
    };
}

prefixed_uuid! {
    /// Names a payment, `PAY_<uuid>`; the merchant reference and idempotency
    /// key at the gateway.
    PaymentId, "PAY_"
}

prefixed_uuid! {
    /// Names a refund, `RFD_<uuid>`; its idempotency key at the gateway.
    RefundId, "RFD_"
}

impl PaymentId {
    /// The one refund this payment can ever have: the same UUID, so that a
    /// repeated intent is the same refund.
    #[must_use]
    pub const fn refund(&self) -> RefundId {
        RefundId(self.0)
    }
}

fn parse_hyphenated(text: &str) -> Option<Uuid> {
    (text.len() == 36).then(|| Uuid::try_parse(text).ok()).flatten()
}

/// A client's idempotency key: a UUID version 4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdempotencyKey(Uuid);

impl IdempotencyKey {
    /// The UUID of the key.
    #[must_use]
    pub const fn uuid(&self) -> Uuid {
        self.0
    }
}

impl FromStr for IdempotencyKey {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        parse_hyphenated(text)
            .filter(|uuid| {
                uuid.get_version_num() == 4 && uuid.get_variant() == uuid::Variant::RFC4122
            })
            .map(Self)
            .ok_or(InvalidId("must be a UUID version 4"))
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0.as_hyphenated(), f)
    }
}
