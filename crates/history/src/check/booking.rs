//! A booking, as far as clients can know it, and when it owned its seats.

use std::collections::BTreeMap;

use super::bounds::Bounds;
use super::ops::Mark;
use crate::Status;

/// What is known of a booking. One without a name was asked for, and never answered.
#[derive(Debug, Default)]
pub(super) struct Booking<'h> {
    /// Its id.
    pub(super) name: Option<&'h str>,
    /// Whose.
    pub(super) user: Option<usize>,
    /// Of which showtime.
    pub(super) showtime: Option<usize>,
    /// Its seats, in order.
    pub(super) seats: Vec<usize>,
    /// What is to be paid.
    pub(super) amount: Option<i64>,
    /// The first request that can have made it.
    pub(super) asked: Option<Mark>,
    /// The first answer that told of it.
    pub(super) told: Option<Mark>,
    /// The end of its hold that its holder was told at once, by the service's clock.
    pub(super) held_until: Option<i64>,
    /// The latest end of its hold that anybody was told.
    pub(super) until: Option<i64>,
    /// What was read of it.
    pub(super) readings: Vec<Reading<'h>>,
    /// The first reading of each status.
    pub(super) firsts: BTreeMap<Status, Mark>,
    /// What it is at the end; among the readings too.
    pub(super) last: Option<Status>,
    /// When it was first known to be sold.
    pub(super) sold: Option<Mark>,
    /// The first request to pay for it that may have been granted.
    pub(super) confirm: Option<Mark>,
    /// Whether any request to pay for it was made: even one that was refused may have
    /// made its hold last longer.
    pub(super) extended: bool,
    /// The first request to cancel it that may have been granted.
    pub(super) cancel: Option<Mark>,
    /// The first answer that it is cancelled.
    pub(super) cancelled: Option<Mark>,
    /// The first request to give it back that may have been granted.
    pub(super) refund: Option<Mark>,
    /// The first answer that it is given back.
    pub(super) refunded: Option<Mark>,
}

/// A booking as it was read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading<'h> {
    /// When the read began.
    pub(super) from: i64,
    /// When it was answered.
    pub(super) to: i64,
    /// The line of the answer.
    pub(super) line: usize,
    /// Where the booking stood.
    pub(super) status: Status,
    /// The end of its hold.
    pub(super) until: Option<i64>,
    /// Its seats, if they were told.
    pub(super) seats: &'h [String],
}

/// When a showtime was cancelled.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cancellation {
    /// The first request that may have been granted.
    pub(super) asked: Option<Mark>,
    /// The first answer that it is done.
    pub(super) done: Option<Mark>,
}

/// From when to when.
pub(super) type Time = (i64, i64);

fn at(mark: Option<Mark>) -> i64 {
    mark.map_or(i64::MAX, |mark| mark.at)
}

impl<'h> Booking<'h> {
    /// Takes a reading in.
    pub(super) fn read(&mut self, reading: Reading<'h>) {
        let mark = Mark { at: reading.to, line: reading.line };
        self.until = self.until.max(reading.until);
        if reading.status == Status::Confirmed {
            Mark::note_first(&mut self.sold, mark);
        }
        let first = self.firsts.entry(reading.status).or_insert(mark);
        *first = mark.min(*first);
        self.readings.push(reading);
    }

    /// The first time at which it was read so.
    pub(super) fn first_read(&self, status: Status) -> Option<Mark> {
        self.firsts.get(&status).copied()
    }

    /// When it held its seats for certain. A hold only gets longer, so it is one time,
    /// from the first word of it to the latest end that was told.
    pub(super) fn surely_held(&self, bounds: &Bounds, showtime: Cancellation) -> Option<Time> {
        let from = at(self.told).min(at(self.first_read(Status::Pending)));
        let end = self.until?.saturating_sub(bounds.tolerance);
        let to = end.min(at(self.cancel)).min(at(self.refund)).min(at(showtime.asked));
        (from < to).then_some((from, to))
    }

    /// When everybody sees that it holds its seats, for certain: from each word of an
    /// end until then. That it is extended becomes known to all only with the answer, and
    /// whoever looks in between, by a clock that is ahead, sees the end before.
    pub(super) fn surely_seen(
        &self,
        bounds: &Bounds,
        showtime: Cancellation,
    ) -> impl Iterator<Item = Time> {
        let ended = at(self.cancel).min(at(self.refund)).min(at(showtime.asked));
        let first = self.told.and_then(|told| Some((told.at, self.held_until?)));
        let pending = self.readings.iter().filter(|it| it.status == Status::Pending);
        let ends = first.into_iter().chain(pending.filter_map(|it| Some((it.to, it.until?))));
        let tolerance = bounds.tolerance;
        let seen = ends.map(move |(from, end)| (from, end.saturating_sub(tolerance).min(ended)));
        seen.filter(|(from, to)| from < to)
    }

    /// When its seats were sold to it for certain.
    pub(super) fn surely_sold(&self, showtime: Cancellation) -> Option<Time> {
        let from = at(self.sold);
        let to = at(self.refund).min(at(showtime.asked));
        (from < to).then_some((from, to))
    }

    /// When it may have held its seats.
    pub(super) fn maybe_held(&self, bounds: &Bounds, showtime: Cancellation) -> Option<Time> {
        let from = self.asked.map_or(i64::MIN, |mark| mark.at);
        let skew = bounds.tolerance;
        let told = self.until.map_or(i64::MAX, |until| until.saturating_add(skew));
        let extended = match (self.extended, self.told, bounds.extended) {
            (false, ..) => i64::MIN,
            (true, Some(told), Some(longest)) => {
                told.at.saturating_add(longest).saturating_add(skew)
            }
            (true, ..) => i64::MAX,
        };
        // Read by one clock, and over by another; or not at all, by an extension that was
        // under way.
        let expired = self.first_read(Status::Expired).filter(|_| !self.extended);
        let expired = at(expired).saturating_add(2 * skew);
        let ended = at(self.cancelled).min(at(self.refunded)).min(at(showtime.done));
        let to = told.max(extended).min(expired).min(ended).min(self.surely_cancelled());
        (from <= to).then_some((from, to))
    }

    /// When its seats may have been sold to it.
    pub(super) fn maybe_sold(&self, showtime: Cancellation) -> Option<Time> {
        let given_back = self.refund.is_some() || showtime.asked.is_some();
        let never = match self.last {
            Some(Status::Expired | Status::Pending) => true,
            Some(Status::Cancelled) => !given_back,
            Some(Status::Confirmed) => false,
            None => self.cancelled.is_some() && !given_back,
        };
        let begun = self.confirm.or(self.sold.and(self.asked));
        if (never && self.sold.is_none()) || (begun.is_none() && self.sold.is_none()) {
            return None;
        }
        let from = begun.map_or(i64::MIN, |mark| mark.at);
        let to = at(self.refunded).min(self.surely_cancelled());
        (from <= to).then_some((from, to))
    }

    /// When it may have owned its seats, one way or the other.
    pub(super) fn maybe_owned(&self, bounds: &Bounds, showtime: Cancellation) -> Option<Time> {
        let times = [self.maybe_held(bounds, showtime), self.maybe_sold(showtime)];
        let times = times.into_iter().flatten();
        times.reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)))
    }

    fn surely_cancelled(&self) -> i64 {
        at(self.first_read(Status::Cancelled))
    }
}
