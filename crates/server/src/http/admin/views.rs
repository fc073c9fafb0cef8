use std::collections::BTreeMap;

use seathold_service::ports::Refunds;
use seathold_service::verify::{Check, Ledger, Report, Sum};
use seathold_service::{Reconciled, ShowtimeView as Showtime};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::extract::Time;
use crate::http::showtimes::views::ShowtimeView;

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
    /// Where the money is, by currency and provider: what was charged is sold,
    /// refunded, or about to be.
    ledger: Vec<LedgerView>,
    /// How many showtimes there are.
    showtimes: u64,
    /// How many bookings there are, by stored status.
    #[schema(example = json!({"confirmed": 3}))]
    bookings: BTreeMap<&'static str, u64>,
    /// Expired holds that the next sweep frees; free all the same.
    unswept: u64,
    /// Successes that gateways have told of and that have matched no payment for
    /// long.
    #[schema(example = json!(["vnpay 14422574: 300000"]))]
    unmatched: Vec<String>,
}

/// A showtime, and how far its refunds are.
#[derive(Serialize, ToSchema)]
#[schema(as = AdminShowtime)]
pub(crate) struct AdminShowtimeView {
    #[serde(flatten)]
    showtime: ShowtimeView,
    /// How many of its bookings are given back.
    refunds: RefundsView,
}

/// How many bookings are given back.
#[derive(Serialize, ToSchema)]
#[schema(as = Refunds)]
struct RefundsView {
    /// Whose money is on its way.
    pending: u64,
    /// Whose money is back.
    refunded: u64,
}

impl AdminShowtimeView {
    pub(super) fn of(view: &Showtime, refunds: Refunds) -> Self {
        let refunds = RefundsView { pending: refunds.pending, refunded: refunds.done };
        Self { showtime: ShowtimeView::of(view), refunds }
    }
}

/// What was rolled forward, and what is still open.
#[derive(Serialize, ToSchema)]
#[schema(as = Reconciled)]
pub(crate) struct ReconciledView {
    /// Bookings whose rows follow their seats now.
    bookings: u64,
    /// Payments the gateway was asked about.
    payments_asked: u64,
    /// Those it says are paid, or will not be.
    payments_ended: u64,
    /// Messages of gateways from which everything has followed now.
    events: u64,
    /// Bookings given back whose seats are free now.
    given_back: u64,
    /// Refunds the gateway has made now.
    refunds: u64,
    /// Messages from which something has still to follow.
    events_open: u64,
    /// Refunds the gateway has still to make.
    refunds_open: u64,
}

impl ReconciledView {
    pub(super) fn of(done: &Reconciled) -> Self {
        Self {
            bookings: done.swept.bookings + done.bookings,
            payments_asked: done.payments.asked,
            payments_ended: done.payments.ended,
            events: done.events,
            given_back: done.given_back,
            refunds: done.refunds,
            events_open: done.events_open,
            refunds_open: done.refunds_open,
        }
    }
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

/// Where the money of one provider and currency is.
#[derive(Serialize, ToSchema)]
#[schema(as = Ledger)]
struct LedgerView {
    /// The provider.
    #[schema(example = "momo")]
    provider: &'static str,
    /// The currency (ISO 4217).
    #[schema(example = "VND")]
    currency: String,
    /// What the provider says it took.
    charged: SumView,
    /// What bought seats.
    sold: SumView,
    /// What went back.
    refunded: SumView,
    /// What is on its way back.
    refund_pending: SumView,
}

/// How many, and how much in all.
#[derive(Serialize, ToSchema)]
#[schema(as = Sum)]
struct SumView {
    /// How many.
    count: u64,
    /// How much, in minor units.
    amount: i64,
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
            unmatched: report.unmatched,
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
            provider: ledger.provider.as_str(),
            currency: ledger.currency.to_string(),
            charged: SumView::of(ledger.charged),
            sold: SumView::of(ledger.sold),
            refunded: SumView::of(ledger.refunded),
            refund_pending: SumView::of(ledger.refund_pending),
        }
    }
}

impl SumView {
    const fn of(sum: Sum) -> Self {
        Self { count: sum.count, amount: sum.amount }
    }
}
