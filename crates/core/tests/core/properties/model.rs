//! The rules once more, as plainly as can be: a table of seats, and scans.

use std::collections::BTreeMap;

use seathold_core::{
    BookingId, Command, Schedule, SeatLabel, SeatMap, SeatState, Timestamp, UserId,
};

use super::observed::Observed;
use crate::given::seat;

pub(super) struct Model {
    schedule: Schedule,
    seats: BTreeMap<SeatLabel, SeatState>,
}

impl Model {
    /// The model of a map whose seats stand in the order of their names.
    pub(super) fn of(map: &SeatMap) -> Self {
        let seats = map.seats().map(|seat| (seat.label, seat.state.clone())).collect();
        Self { schedule: *map.schedule(), seats }
    }

    /// Carries a command out if it is allowed, and says whether it is.
    pub(super) fn carry_out(&mut self, command: Command<'_>, now: Timestamp) -> bool {
        match command {
            Command::Hold { booking, user, seats, until, max_per_user } => {
                if seats.iter().all(|s| self.is_under(s, booking) && !self.is_free(s, now)) {
                    return true;
                }
                let open = self.schedule.cancelled_at.is_none()
                    && now < self.schedule.start
                    && now < self.schedule.end;
                let fits = self.live(user, now) + seats.len() as u32 <= max_per_user;
                let held = SeatState::Held { booking, user: user.clone(), until };
                open && fits && seats.iter().all(|s| self.is_free(s, now)) && self.set(seats, &held)
            }
            Command::Sell { booking, user, seats, take_back } => {
                let booked = SeatState::Booked { booking, user: user.clone() };
                let off = self.schedule.cancelled_at.is_some() || self.schedule.end <= now;
                let live = seats.iter().all(|s| !self.is_free(s, now));
                if seats.iter().all(|s| self.is_under(s, booking)) && (live || !off) {
                    return self.set(seats, &booked);
                }
                let obtainable = |s| self.is_under(s, booking) || self.is_free(s, now);
                let allowed = take_back && !off;
                allowed && seats.iter().all(obtainable) && self.set(seats, &booked)
            }
            Command::Extend { booking, until } => {
                let seats = self.under(booking);
                let allowed = self.is_live_hold(&seats, now);
                for label in seats.iter().filter(|_| allowed) {
                    if let Some(SeatState::Held { until: end, .. }) = self.seats.get_mut(label) {
                        *end = (*end).max(until);
                    }
                }
                allowed
            }
            Command::Cancel { booking } => {
                let seats = self.under(booking);
                self.is_live_hold(&seats, now) && self.set(&seats, &SeatState::Available)
            }
            Command::Refund { booking } => {
                let seats = self.under(booking);
                let sold = |s: &SeatLabel| matches!(self.seats[s], SeatState::Booked { .. });
                let allowed = !seats.is_empty() && seats.iter().all(sold);
                allowed && self.set(&seats, &SeatState::Available)
            }
            Command::Expire { before } => {
                let over = self.holds(|until| until <= before && until <= now);
                self.set(&over, &SeatState::Available)
            }
            Command::CancelShowtime => {
                self.schedule.cancelled_at.get_or_insert(now);
                self.set(&self.holds(|_| true), &SeatState::Available)
            }
        }
    }

    /// What a map in this state must show.
    pub(super) fn observed(
        &self,
        users: &[UserId],
        bookings: &[BookingId],
        now: Timestamp,
    ) -> Observed {
        let count = |wanted: &dyn Fn(&SeatState) -> bool| {
            self.seats.values().filter(|state| wanted(state)).count() as u32
        };
        let until = |label: &SeatLabel| match self.seats[label] {
            SeatState::Held { until, .. } => Some(until),
            _ => None,
        };
        let mut expired = self.holds(|until| until <= now);
        expired.sort_by_key(|label| (until(label), *label));
        Observed {
            cancelled_at: self.schedule.cancelled_at,
            seats: self.seats.iter().map(|(label, state)| seat(*label, state.clone())).collect(),
            available: count(&|state| *state == SeatState::Available),
            available_now: self.seats.keys().filter(|s| self.is_free(s, now)).count() as u32,
            next_expiry: self.seats.keys().filter_map(until).min(),
            expired,
            live: users.iter().map(|user| self.live(user, now)).collect(),
            under: bookings.iter().map(|booking| self.under(*booking)).collect(),
        }
    }

    /// A seat that does not exist is nobody's, and not free either.
    fn is_free(&self, label: &SeatLabel, now: Timestamp) -> bool {
        match self.seats.get(label) {
            Some(SeatState::Available) => true,
            Some(SeatState::Held { until, .. }) => now >= *until,
            Some(SeatState::Booked { .. }) | None => false,
        }
    }

    /// There are some, and each is held and not over.
    fn is_live_hold(&self, seats: &[SeatLabel], now: Timestamp) -> bool {
        let live = |s: &SeatLabel| match self.seats[s] {
            SeatState::Held { until, .. } => now < until,
            _ => false,
        };
        !seats.is_empty() && seats.iter().all(live)
    }

    fn is_under(&self, label: &SeatLabel, id: BookingId) -> bool {
        match self.seats.get(label) {
            Some(SeatState::Held { booking, .. } | SeatState::Booked { booking, .. }) => {
                *booking == id
            }
            Some(SeatState::Available) | None => false,
        }
    }

    fn under(&self, booking: BookingId) -> Vec<SeatLabel> {
        self.seats.keys().filter(|label| self.is_under(label, booking)).copied().collect()
    }

    fn holds(&self, wanted: impl Fn(Timestamp) -> bool) -> Vec<SeatLabel> {
        let held =
            |state: &SeatState| matches!(state, SeatState::Held { until, .. } if wanted(*until));
        self.seats.iter().filter(|(_, state)| held(state)).map(|(label, _)| *label).collect()
    }

    fn live(&self, owner: &UserId, now: Timestamp) -> u32 {
        let owned = |state: &SeatState| match state {
            SeatState::Held { user, until, .. } => user == owner && now < *until,
            SeatState::Booked { user, .. } => user == owner,
            SeatState::Available => false,
        };
        self.seats.values().filter(|state| owned(state)).count() as u32
    }

    /// Always done, hence `true`.
    fn set(&mut self, labels: &[SeatLabel], state: &SeatState) -> bool {
        self.seats.extend(labels.iter().map(|label| (*label, state.clone())));
        true
    }
}
