use std::fmt;
use std::str::FromStr;

use crate::SeatType;

/// The largest price of one seat, in minor units. Ten thousand billion: the sum
/// over every seat of the largest showtime still fits an `i64`.
pub const MAX_PRICE: i64 = 10_000_000_000_000;

/// A currency code of ISO 4217: three capital letters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

/// A text that is not three capital letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidCurrency;

impl fmt::Display for InvalidCurrency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("must be three capital letters (ISO 4217)")
    }
}

impl std::error::Error for InvalidCurrency {}

impl FromStr for Currency {
    type Err = InvalidCurrency;

    fn from_str(text: &str) -> Result<Self, InvalidCurrency> {
        let code: [u8; 3] = text.as_bytes().try_into().map_err(|_| InvalidCurrency)?;
        if !code.iter().all(u8::is_ascii_uppercase) {
            return Err(InvalidCurrency);
        }
        Ok(Self(code))
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|c| write!(f, "{}", *c as char))
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a seat of each type costs, in minor units of the showtime's currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PriceTable {
    standard: i64,
    vip: i64,
    couple: i64,
}

/// A price below 0 or above [`MAX_PRICE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidPrice;

impl fmt::Display for InvalidPrice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "must be 0 to {MAX_PRICE} minor units")
    }
}

impl std::error::Error for InvalidPrice {}

impl PriceTable {
    /// # Errors
    /// A price out of range.
    pub fn new(standard: i64, vip: i64, couple: i64) -> Result<Self, InvalidPrice> {
        let fits = |price: i64| (0..=MAX_PRICE).contains(&price);
        if ![standard, vip, couple].into_iter().all(fits) {
            return Err(InvalidPrice);
        }
        Ok(Self { standard, vip, couple })
    }

    /// The price of one seat of this type, in minor units.
    #[must_use]
    pub const fn of(&self, seat_type: SeatType) -> i64 {
        match seat_type {
            SeatType::Standard => self.standard,
            SeatType::Vip => self.vip,
            SeatType::Couple => self.couple,
        }
    }
}
