//! A refusal has its reason, as far as the history can tell: at some moment between the
//! question and the answer, what it says may have been so.

use super::booking::Booking;
use super::cover::{Cover, Span};
use super::facts::Facts;
use super::findings::{Findings, Rule};
use super::keys::same_key;
use super::loads::Loads;
use super::names::Map;
use super::ops::{Op, Outcome};
use crate::Call;

/// Finds refusals without a reason.
pub(super) fn check(findings: &mut Findings<'_, '_>) {
    let facts = findings.facts;
    let (loads, own) = (Loads::of(facts), Own::of(facts));
    for op in &facts.ops {
        let Outcome::Refused { at, line, code, seats } = op.outcome else { continue };
        let refused = Refused { op, at, line, code, seats };
        match op.call {
            Call::Hold { user, showtime, seats: wanted, .. } => {
                refused.hold(findings, &loads, &own, (user, showtime, wanted));
            }
            Call::Confirm { user, booking, .. }
            | Call::Cancel { user, booking }
            | Call::Refund { user, booking, .. }
            | Call::ReadBooking { user, booking } => refused.booking(findings, user, booking),
            Call::Pay { .. } | Call::CancelShowtime { .. } | Call::ReadMap { .. } => {}
        }
    }
}

/// A refusal.
#[derive(Clone, Copy)]
struct Refused<'h> {
    op: &'h Op<'h>,
    at: i64,
    line: usize,
    code: &'h str,
    seats: &'h [String],
}

impl Refused<'_> {
    fn hold(
        &self,
        findings: &mut Findings<'_, '_>,
        loads: &Loads,
        own: &Own,
        (user, showtime, wanted): (&str, &str, &[String]),
    ) {
        let facts = findings.facts;
        let (from, to) = (self.op.from, self.at);
        let (Some(user), Some(showtime)) = (facts.users.find(user), facts.showtimes.find(showtime))
        else {
            return;
        };
        let seat_is = |label: &String, is: &dyn Fn(usize) -> bool| {
            facts.seats.find((showtime, label.as_str())).is_some_and(is)
        };
        let sold = |seat: usize| facts.owners[seat].maybe_sold.touching(from, to, None).is_some();
        let anothers =
            |seat: usize| facts.owners[seat].maybe_held.touching(from, to, Some(user)).is_some();
        let mine = |seat: usize| own.held(user, seat, from, to);
        let is: &dyn Fn(usize) -> bool = match self.code {
            "SEAT_ALREADY_BOOKED" => &sold,
            "SEAT_HELD_BY_ANOTHER" => &anothers,
            "SEAT_HELD_BY_YOU" => &mine,
            "SEAT_LIMIT_REACHED" => {
                let owned = loads.at_most(user, showtime, from, to);
                return self.limit(findings, owned + wanted.len());
            }
            "IDEMPOTENCY_KEY_REUSED" => return self.reused(findings),
            _ => return,
        };
        let named = if self.seats.is_empty() { wanted } else { self.seats };
        let wrong: Vec<&String> = named.iter().filter(|label| !seat_is(label, is)).collect();
        // A refusal that names no seat is right if it is right about one.
        if wrong.is_empty() || (self.seats.is_empty() && wrong.len() < named.len()) {
            return;
        }
        for label in wrong {
            let what = format!("{} for seat {label}, where nothing can have been so", self.code);
            match facts.seats.find((showtime, label.as_str())) {
                Some(seat) => findings.add_seat(Rule::Refusal, seat, what, self.lines()),
                None => findings.add(Rule::Refusal, what, self.lines()),
            }
        }
    }

    fn limit(&self, findings: &mut Findings<'_, '_>, wanted: usize) {
        let Some(limit) = findings.facts.bounds.seats_per_user else { return };
        if wanted as u64 <= limit {
            let what = format!("SEAT_LIMIT_REACHED at {wanted} seats of {limit} at the most");
            findings.add(Rule::Refusal, what, self.lines());
        }
    }

    fn reused(&self, findings: &mut Findings<'_, '_>) {
        if same_key(findings.facts, self.op).all(|other| other.call == self.op.call) {
            let what = "IDEMPOTENCY_KEY_REUSED for a key that was used for nothing else".to_owned();
            findings.add(Rule::Refusal, what, self.lines());
        }
    }

    fn booking(&self, findings: &mut Findings<'_, '_>, user: &str, name: &str) {
        let facts = findings.facts;
        let Some(booking) = facts.by_name.get(name).map(|number| &facts.bookings[*number]) else {
            return;
        };
        let owner = booking.user.is_some_and(|owner| facts.users.name(owner) == user);
        let told = booking.told.is_some_and(|told| told.at < self.op.from);
        let (rule, wrong) = match self.code {
            "BOOKING_NOT_FOUND" => (Rule::HoldLasts, told),
            "BOOKING_NOT_OWNED" => (Rule::Refusal, told && owner),
            "BOOKING_NOT_PENDING" | "BOOKING_HOLD_EXPIRED" => {
                (Rule::HoldLasts, self.surely_pending(facts, booking))
            }
            "BOOKING_NOT_CONFIRMED" => (Rule::SaleLasts, self.surely_sold(facts, booking)),
            _ => return,
        };
        if wrong {
            let what = format!("{} for {name}, which it cannot have been", self.code);
            findings.add(rule, what, booking.proof().into_iter().chain(self.lines()));
        }
    }

    fn surely_pending(&self, facts: &Facts<'_>, booking: &Booking<'_>) -> bool {
        let showtime = facts.cancellation(booking);
        let mut held = booking.surely_seen(&facts.bounds, showtime);
        let sold = booking.maybe_sold(showtime).is_some_and(|(from, _)| from <= self.at);
        !sold && held.any(|time| self.is_within(time))
    }

    fn surely_sold(&self, facts: &Facts<'_>, booking: &Booking<'_>) -> bool {
        let sold = booking.surely_sold(facts.cancellation(booking));
        sold.is_some_and(|time| self.is_within(time))
    }

    fn is_within(&self, (from, to): (i64, i64)) -> bool {
        from < self.op.from && self.at < to
    }

    fn lines(&self) -> [usize; 2] {
        [self.op.line, self.line]
    }
}

/// What users may have held who were told that they hold a seat themselves.
struct Own {
    by_seat: Map<(usize, usize), Cover>,
}

impl Own {
    fn of(facts: &Facts<'_>) -> Self {
        let mut spans: Map<(usize, usize), Vec<Span>> = Map::default();
        for op in &facts.ops {
            let Outcome::Refused { code: "SEAT_HELD_BY_YOU", .. } = op.outcome else { continue };
            let Call::Hold { user, showtime, seats, .. } = op.call else { continue };
            let Some(user) = facts.users.find(user) else { continue };
            let Some(showtime) = facts.showtimes.find(showtime) else { continue };
            for seat in seats.iter().filter_map(|seat| facts.seats.find((showtime, seat))) {
                spans.insert((user, seat), Vec::new());
            }
        }
        for (number, booking) in facts.bookings.iter().enumerate() {
            let Some(user) = booking.user else { continue };
            let held = booking.maybe_held(&facts.bounds, facts.cancellation(booking));
            let Some((from, to)) = held else { continue };
            for seat in &booking.seats {
                if let Some(spans) = spans.get_mut(&(user, *seat)) {
                    spans.push(Span { from, to, who: user, booking: number });
                }
            }
        }
        let by_seat = spans.into_iter().map(|(whose, spans)| (whose, Cover::new(spans)));
        Self { by_seat: by_seat.collect() }
    }

    fn held(&self, user: usize, seat: usize, from: i64, to: i64) -> bool {
        let held = self.by_seat.get(&(user, seat));
        held.is_some_and(|held| held.touching(from, to, None).is_some())
    }
}
