use std::fmt;

use super::booking::Booking;
use super::facts::Facts;

/// What a service promises, and did not keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// A seat has one owner at a time.
    OneOwner,
    /// An acknowledged hold is there until its end.
    HoldLasts,
    /// A sold seat stays sold, unless it is given back.
    SaleLasts,
    /// What is over is over: nothing outlives its end.
    Over,
    /// A booking becomes only what may become of it.
    Status,
    /// Nothing happens to a booking that nobody asked for.
    Asked,
    /// One key, one execution, one answer.
    Key,
    /// A refusal has its reason.
    Refusal,
    /// A map adds up, and does not go back.
    Map,
    /// Every charge ends sold or refunded: one of them.
    Money,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OneOwner => "one-owner",
            Self::HoldLasts => "hold-lasts",
            Self::SaleLasts => "sale-lasts",
            Self::Over => "over",
            Self::Status => "status",
            Self::Asked => "asked",
            Self::Key => "key",
            Self::Refusal => "refusal",
            Self::Map => "map",
            Self::Money => "money",
        })
    }
}

/// Something that no service that keeps its promises can have done.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// The lines that contradict each other, or the promise, in order.
    pub lines: Vec<usize>,
    /// Which promise.
    pub rule: Rule,
    /// Which seat, if it is about one: its showtime and its label.
    pub seat: Option<(String, String)>,
    /// What is wrong, for people.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.rule)?;
        if let Some((showtime, label)) = &self.seat {
            write!(f, "seat {label} of {showtime} ")?;
        }
        write!(f, "{} (", self.what)?;
        for (index, line) in self.lines.iter().enumerate() {
            write!(f, "{}{line}", if index == 0 { "lines " } else { ", " })?;
        }
        f.write_str(")")
    }
}

/// Collects what is wrong.
pub(super) struct Findings<'f, 'h> {
    /// What is judged.
    pub(super) facts: &'f Facts<'h>,
    /// What was found.
    pub(super) found: Vec<Violation>,
}

impl<'f, 'h> Findings<'f, 'h> {
    /// Nothing yet.
    pub(super) fn new(facts: &'f Facts<'h>) -> Self {
        Self { facts, found: Vec::new() }
    }

    /// Something about the whole, or a booking.
    pub(super) fn add(&mut self, rule: Rule, what: String, lines: impl IntoIterator<Item = usize>) {
        self.push(rule, None, what, lines);
    }

    /// Something about a seat.
    pub(super) fn add_seat(
        &mut self,
        rule: Rule,
        seat: usize,
        what: String,
        lines: impl IntoIterator<Item = usize>,
    ) {
        let (showtime, label) = self.facts.seats.name(seat);
        let seat = (self.facts.showtimes.name(showtime).to_owned(), label.to_owned());
        self.push(rule, Some(seat), what, lines);
    }

    fn push(
        &mut self,
        rule: Rule,
        seat: Option<(String, String)>,
        what: String,
        lines: impl IntoIterator<Item = usize>,
    ) {
        let mut lines: Vec<usize> = lines.into_iter().collect();
        lines.sort_unstable();
        lines.dedup();
        self.found.push(Violation { lines, rule, seat, what });
    }
}

impl Booking<'_> {
    /// What people call it.
    pub(super) fn title(&self) -> String {
        self.name.map_or_else(|| "a hold that was not answered".to_owned(), str::to_owned)
    }

    /// The lines that tell that it owned its seats.
    pub(super) fn proof(&self) -> Vec<usize> {
        let last = self.readings.iter().map(|reading| reading.line).next_back();
        let known: Vec<usize> =
            [self.told, self.sold].into_iter().flatten().map(|mark| mark.line).collect();
        if known.is_empty() { last.into_iter().collect() } else { known }
    }
}
