//! The invariants, checked against what is stored. Repairs nothing.

mod ledger;
mod money;
mod seats;

use std::collections::{BTreeMap, BTreeSet};

use seathold_core::{BookingId, ShowtimeId, Timestamp};

pub use ledger::{Ledger, Sum};

use crate::limits::PAGE;
use crate::model::{BookingStatus, ClaimKey};
use crate::ports::StoreError;
use crate::{Error, Service};

/// What was checked, and what was found.
#[derive(Clone, Debug)]
pub struct Report {
    /// When.
    pub at: Timestamp,
    /// One line per invariant.
    pub checks: Vec<Check>,
    /// Where the money is, by currency and provider.
    pub ledger: Vec<Ledger>,
    /// How many showtimes there are.
    pub showtimes: u64,
    /// Bookings by stored status.
    pub bookings: BTreeMap<BookingStatus, u64>,
    /// Expired holds that no sweep has freed yet; free all the same.
    pub unswept: u64,
    /// Successes that gateways have told of and that have matched no payment for
    /// long: money that somebody has to look after.
    pub unmatched: Vec<String>,
}

impl Report {
    /// Whether no invariant is violated.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.checks.iter().all(|check| check.violations.is_empty())
    }
}

/// One invariant.
#[derive(Clone, Debug)]
pub struct Check {
    /// What must hold.
    pub invariant: Invariant,
    /// How many things it was checked on.
    pub checked: u64,
    /// How many of them are between two steps just now: neither good nor bad.
    pub in_flight: u64,
    /// What is wrong, in words.
    pub violations: Vec<String>,
}

/// What must hold, whatever happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// A seat has one owner, and that owner's booking names it.
    OneOwner,
    /// A confirmed booking owns all its seats, and sold seats have one.
    Sold,
    /// A booking holds all its seats, or none.
    AllOrNone,
    /// Stored counters are those of the seats.
    Counters,
    /// One key, one booking.
    Keys,
    /// Every charge ends as sold or refunded.
    Money,
    /// An expired hold is free.
    Expiry,
}

impl Invariant {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 7] = [
        Self::OneOwner,
        Self::Sold,
        Self::AllOrNone,
        Self::Counters,
        Self::Keys,
        Self::Money,
        Self::Expiry,
    ];

    /// The number by which documents name it, from 1.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8 + 1
    }

    /// What must hold, in a sentence.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::OneOwner => "a seat has at most one owner",
            Self::Sold => "confirmed bookings own their seats, sold seats have one",
            Self::AllOrNone => "a booking holds all its seats or none",
            Self::Counters => "stored counters match the seats",
            Self::Keys => "one idempotency key, one booking",
            Self::Money => "every charge ends as sold or refunded",
            Self::Expiry => "an expired hold is free",
        }
    }
}

/// Findings, by invariant.
#[derive(Clone, Debug, Default)]
struct Findings {
    checked: BTreeMap<Invariant, u64>,
    in_flight: BTreeMap<Invariant, u64>,
    violations: BTreeMap<Invariant, Vec<String>>,
    unswept: u64,
    unmatched: Vec<String>,
    /// Bookings that took effect, with their keys.
    took_effect: Vec<(ClaimKey, BookingId)>,
}

impl Findings {
    fn check(&mut self, invariant: Invariant, holds: bool, violation: impl FnOnce() -> String) {
        *self.checked.entry(invariant).or_default() += 1;
        if !holds {
            self.violations.entry(invariant).or_default().push(violation());
        }
    }

    fn in_flight(&mut self, invariant: Invariant) {
        *self.checked.entry(invariant).or_default() += 1;
        *self.in_flight.entry(invariant).or_default() += 1;
    }

    fn add(&mut self, other: Self) {
        for (invariant, n) in other.checked {
            *self.checked.entry(invariant).or_default() += n;
        }
        for (invariant, n) in other.in_flight {
            *self.in_flight.entry(invariant).or_default() += n;
        }
        for (invariant, mut texts) in other.violations {
            self.violations.entry(invariant).or_default().append(&mut texts);
        }
        self.unswept += other.unswept;
        self.unmatched.extend(other.unmatched);
        self.took_effect.extend(other.took_effect);
    }

    /// A row that never took effect does not count: a crash may leave it behind
    /// without its claim, and a repeat makes another.
    fn check_keys(&mut self) {
        let mut keys = BTreeSet::new();
        for (key, booking) in std::mem::take(&mut self.took_effect) {
            self.check(Invariant::Keys, keys.insert(key), || {
                format!("booking {booking} shares its key with another")
            });
        }
    }

    fn into_checks(mut self) -> Vec<Check> {
        let check = |invariant| Check {
            invariant,
            checked: self.checked.get(&invariant).copied().unwrap_or_default(),
            in_flight: self.in_flight.get(&invariant).copied().unwrap_or_default(),
            violations: self.violations.remove(&invariant).unwrap_or_default(),
        };
        Invariant::ALL.into_iter().map(check).collect()
    }
}

impl Service {
    /// Checks every invariant on everything that is stored. What looks wrong
    /// is read once more: others may be at work meanwhile.
    ///
    /// # Errors
    /// The store failed.
    pub async fn verify(&self) -> Result<Report, Error> {
        let at = self.env.now();
        let mut findings = Findings::default();
        let books = self.read_bookings().await?;
        let showtimes = self.check_showtimes(&books.of_showtime, &mut findings).await?;
        findings.check_keys();
        let ledger = self.check_money(&mut findings).await?;
        let (unswept, unmatched) = (findings.unswept, std::mem::take(&mut findings.unmatched));
        let (checks, bookings) = (findings.into_checks(), books.by_status);
        Ok(Report { at, checks, ledger, showtimes, bookings, unswept, unmatched })
    }

    async fn read_bookings(&self) -> Result<Books, StoreError> {
        let mut books = Books::default();
        let mut after = None;
        loop {
            let rows = self.store.bookings_after(after, PAGE).await?;
            let Some(last) = rows.last() else { return Ok(books) };
            after = Some(last.id);
            for row in rows {
                books.of_showtime.entry(row.showtime_id).or_default().push(row.id);
                *books.by_status.entry(row.status).or_default() += 1;
            }
        }
    }

    async fn check_showtimes(
        &self,
        bookings: &BTreeMap<ShowtimeId, Vec<BookingId>>,
        findings: &mut Findings,
    ) -> Result<u64, StoreError> {
        let (mut showtimes, mut after) = (0, None);
        loop {
            let ids = self.store.showtime_ids(after, PAGE).await?;
            let Some(last) = ids.last() else { return Ok(showtimes) };
            after = Some(*last);
            for id in ids {
                let bookings = bookings.get(&id).map_or(&[][..], Vec::as_slice);
                findings.add(self.check_showtime(id, bookings).await?);
                showtimes += 1;
            }
        }
    }
}

/// Which bookings there are.
#[derive(Default)]
struct Books {
    of_showtime: BTreeMap<ShowtimeId, Vec<BookingId>>,
    by_status: BTreeMap<BookingStatus, u64>,
}
