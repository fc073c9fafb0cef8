use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use seathold_service::verify::Report;
use serde_json::Value;

use super::client::Answer;

/// Answers counted by code, and how long they took.
#[derive(Debug, Default)]
pub(super) struct Tally {
    by_code: BTreeMap<String, usize>,
    took: Vec<Duration>,
}

impl Tally {
    pub(super) fn add(&mut self, answer: &Answer) {
        let code = match answer.code() {
            "" => answer.status.to_string(),
            code => format!("{} {code}", answer.status),
        };
        *self.by_code.entry(code).or_default() += 1;
        self.took.push(answer.took);
    }

    pub(super) fn answers(&self) -> usize {
        self.took.len()
    }

    /// How many answers had this status.
    pub(super) fn with_status(&self, status: &str) -> usize {
        let of_status = self.by_code.iter().filter(|(code, _)| code.starts_with(status));
        of_status.map(|(_, count)| count).sum()
    }

    /// Counts by code, on one line.
    pub(super) fn summary(&self) -> String {
        let counts = self.by_code.iter().map(|(code, count)| format!("{count} x {code}"));
        counts.collect::<Vec<_>>().join(", ")
    }

    /// The answer time that this share of all answers did not exceed, in ms.
    fn quantile(&self, share: f64) -> f64 {
        let mut took = self.took.clone();
        took.sort_unstable();
        let rank = (share * took.len() as f64).ceil() as usize;
        took.get(rank.saturating_sub(1)).map_or(0.0, |time| time.as_secs_f64() * 1000.0)
    }
}

/// One booking that was paid.
#[derive(Debug)]
pub(super) struct Sale {
    booking: String,
    seats: Vec<String>,
    amount: i64,
    confirm_took: Duration,
}

impl Sale {
    /// The sale that a confirmed booking is.
    pub(super) fn of(booking: &Value, confirm_took: Duration) -> Self {
        let seats = booking["seats"].as_array().into_iter().flatten();
        Self {
            booking: booking["id"].as_str().unwrap_or_default().to_owned(),
            seats: seats.filter_map(|seat| seat["seat_id"].as_str().map(str::to_owned)).collect(),
            amount: booking["final_amount"].as_i64().unwrap_or_default(),
            confirm_took,
        }
    }
}

/// What the buyers of a hall saw.
#[derive(Debug, Default)]
pub(super) struct Hall {
    pub(super) seats: usize,
    pub(super) booked: usize,
    pub(super) holds: Tally,
    pub(super) sales: Vec<Sale>,
}

impl Hall {
    pub(super) fn sell(&mut self, sale: Sale) {
        self.sales.push(sale);
    }

    /// Seats that more than one confirmed booking was given.
    fn overbookings(&self) -> usize {
        let mut owners: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for sale in &self.sales {
            for seat in &sale.seats {
                owners.entry(seat).or_default().push(&sale.booking);
            }
        }
        owners.values().filter(|bookings| bookings.len() > 1).count()
    }

    fn sold(&self) -> usize {
        self.sales.iter().map(|sale| sale.seats.len()).sum()
    }

    fn confirms(&self) -> Tally {
        let took = self.sales.iter().map(|sale| sale.confirm_took).collect();
        Tally { by_code: BTreeMap::new(), took }
    }
}

/// Everything that was promised, and whether it was kept.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    lines: Vec<(String, String, bool)>,
    timings: Vec<(String, String)>,
    /// What the buyers have paid, in minor units, by their own account.
    paid: i64,
}

impl Verdict {
    pub(super) fn race(&mut self, race: &Tally) {
        let (won, lost) = (race.with_status("201"), race.with_status("409 SEAT_HELD_BY_ANOTHER"));
        let fair = won == 1 && lost + 1 == race.answers();
        self.line("race: exactly one buyer won", race.summary(), fair);
        self.line("race: overbookings", won.saturating_sub(1).to_string(), won <= 1);
        self.timing("race, hold", race);
    }

    pub(super) fn hall(&mut self, hall: &Hall) {
        let full = hall.booked == hall.seats && hall.sold() == hall.seats;
        let sold =
            format!("{} of {} seats, {} bookings", hall.sold(), hall.seats, hall.sales.len());
        self.line("hall: every seat was sold", sold, full);
        let over = hall.overbookings();
        self.line("hall: overbookings", over.to_string(), over == 0);
        let lost = hall.holds.with_status("409") + hall.holds.with_status("201");
        let holds = hall.holds.summary();
        self.line("hall: only holds and lost races", holds, lost == hall.holds.answers());
        self.paid = hall.sales.iter().map(|sale| sale.amount).sum();
        self.timing("hall, hold", &hall.holds);
        self.timing("hall, confirm", &hall.confirms());
    }

    pub(super) fn books(&mut self, books: &Report) {
        let clean = books.is_clean();
        let found = if clean { "no violation" } else { "violations, see above" };
        self.line("books: verify", found.to_owned(), clean);
        let sold: i64 = books.ledger.iter().map(|line| line.sold.amount).sum();
        let found = format!("{} paid, {sold} sold", self.paid);
        self.line("books: what the buyers paid is sold", found, self.paid == sold && sold > 0);
    }

    pub(super) fn is_good(&self) -> bool {
        self.lines.iter().all(|(_, _, good)| *good)
    }

    fn line(&mut self, what: &str, found: String, good: bool) {
        self.lines.push((what.to_owned(), found, good));
    }

    fn timing(&mut self, what: &str, tally: &Tally) {
        let (p50, p99) = (tally.quantile(0.5), tally.quantile(0.99));
        self.timings.push((what.to_owned(), format!("p50 {p50:.1} ms, p99 {p99:.1} ms")));
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Verdict: {}", if self.is_good() { "GOOD" } else { "FAILED" })?;
        for (what, found, good) in &self.lines {
            writeln!(f, "  {} {what:<36} {found}", if *good { "ok  " } else { "FAIL" })?;
        }
        for (what, found) in &self.timings {
            writeln!(f, "       {what:<36} {found}")?;
        }
        Ok(())
    }
}
