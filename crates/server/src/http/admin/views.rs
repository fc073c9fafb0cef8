use std::collections::BTreeMap;

use seathold_service::verify::{Check, Ledger, Report};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::extract::Time;

/// What was checked, and what was found.
#[derive(Serialize, ToSchema)]
#[schema(as = Report)]
pub(crate) struct ReportView {
    /// When.
    at: Time,
    /// Whether no invariant is violated.
    clean: bool,
    /// One entry per invariant.
    checks: Vec<CheckView>,
    /// Where the money is, per currency.
    ledger: Vec<LedgerView>,
    /// How many showtimes there are.
    showtimes: u64,
    /// How many bookings there are, by stored status.
    #[schema(example = json!({"confirmed": 3}))]
    bookings: BTreeMap<&'static str, u64>,
    /// Expired holds that the next sweep frees; free all the same.
    unswept: u64,
}

/// One invariant.
#[derive(Serialize, ToSchema)]
#[schema(as = Check)]
struct CheckView {
    /// Its number.
    #[schema(example = 1)]
    invariant: u8,
    /// What must hold.
    #[schema(example = "a seat has at most one owner")]
    statement: &'static str,
    /// How many things it was checked on.
    checked: u64,
    /// How many of them are between two steps just now.
    in_flight: u64,
    /// What is wrong.
    violations: Vec<String>,
}

/// Where the money of one currency is, in minor units.
#[derive(Serialize, ToSchema)]
#[schema(as = Ledger)]
struct LedgerView {
    /// The currency (ISO 4217).
    #[schema(example = "VND")]
    currency: String,
    /// What gateways took.
    charged: i64,
    /// What bought seats.
    sold: i64,
    /// What went back.
    refunded: i64,
    /// What is on its way back.
    refunding: i64,
}

impl ReportView {
    pub(super) fn of(report: Report) -> Self {
        Self {
            at: Time(report.at),
            clean: report.is_clean(),
            checks: report.checks.into_iter().map(CheckView::of).collect(),
            ledger: report.ledger.iter().map(LedgerView::of).collect(),
            showtimes: report.showtimes,
            bookings: report.bookings.iter().map(|(status, n)| (status.as_str(), *n)).collect(),
            unswept: report.unswept,
        }
    }
}

impl CheckView {
    fn of(check: Check) -> Self {
        Self {
            invariant: check.invariant.number(),
            statement: check.invariant.sentence(),
            checked: check.checked,
            in_flight: check.in_flight,
            violations: check.violations,
        }
    }
}

impl LedgerView {
    fn of(ledger: &Ledger) -> Self {
        Self {
            currency: ledger.currency.to_string(),
            charged: ledger.charged,
            sold: ledger.sold,
            refunded: ledger.refunded,
            refunding: ledger.refunding,
        }
    }
}
