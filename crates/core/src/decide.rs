use crate::{BookingId, Refusal, SeatLabel, SeatMap, SeatRef, SeatState, Timestamp, UserId};

/// What somebody wants to become of seats.
#[derive(Clone, Copy, Debug)]
pub enum Command<'a> {
    /// Set seats aside for a booking. All or none.
    Hold {
        /// The new booking's id, never used before.
        booking: BookingId,
        /// Who asks.
        user: &'a UserId,
        /// The seats, each once.
        seats: &'a [SeatLabel],
        /// The first instant at which the hold is over.
        until: Timestamp,
        /// Live seats one user may own on one showtime.
        max_per_user: u32,
    },
    /// Sell a booking's seats.
    Sell {
        /// The booking that was paid.
        booking: BookingId,
        /// Whose booking that is.
        user: &'a UserId,
        /// All its seats.
        seats: &'a [SeatLabel],
        /// When the seats no longer stand under the booking: sell them all the
        /// same if all are free and the showtime is not over, whatever the seat
        /// limit.
        take_back: bool,
    },
    /// Let a booking's hold last longer. Never shorter.
    Extend {
        /// The booking that is about to be paid.
        booking: BookingId,
        /// The first instant at which the hold is over, unless it is later already.
        until: Timestamp,
    },
    /// Free the seats of a pending booking.
    Cancel {
        /// The booking to cancel.
        booking: BookingId,
    },
    /// Free the seats of a sold booking, whose money goes back.
    Refund {
        /// The booking to refund.
        booking: BookingId,
    },
    /// Free every seat whose hold was over at `before`.
    Expire {
        /// Holds that end later are left alone.
        before: Timestamp,
    },
    /// Cancel the showtime and free every held seat. Sold seats stay sold.
    CancelShowtime,
}

/// What becomes of which seat, once a command is granted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// The seats that change, each once.
    pub seats: Vec<SeatChange>,
    /// When the showtime becomes cancelled, if this does it.
    pub cancelled_at: Option<Timestamp>,
    /// The end of the latest hold that the change treats as over: by the clock
    /// that arbitrates, it must not be committed before.
    pub not_before: Option<Timestamp>,
    /// The end of the first hold that the change relies on as live: by the clock
    /// that arbitrates, it must be committed before.
    pub before: Option<Timestamp>,
}

/// What becomes of one seat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatChange {
    /// Which seat.
    pub label: SeatLabel,
    /// Its state when the command was decided.
    pub from: SeatState,
    /// Its state afterwards.
    pub to: SeatState,
}

impl Change {
    /// Whether there is nothing to commit: the wanted state is there already.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.seats.is_empty() && self.cancelled_at.is_none()
    }

    /// Bookings from which the change takes seats, each once, in order.
    #[must_use]
    pub fn displaced(&self) -> Vec<BookingId> {
        let mut bookings: Vec<_> = self
            .seats
            .iter()
            .filter(|seat| seat.from.booking() != seat.to.booking())
            .filter_map(|seat| seat.from.booking())
            .collect();
        bookings.sort_unstable();
        bookings.dedup();
        bookings
    }
}

/// Says what `command` would change on `map` at `now`, or why it is refused.
/// Total and deterministic; changes nothing itself.
///
/// # Errors
/// Of a hold, the first refusal that applies, in this order: seats that are not
/// on the map, a showtime that is over or begun, seats that are booked, held by
/// another, held by the caller, the seat limit. Of a sale, a showtime that is
/// cancelled or over comes first, unless the seats are sold or their hold is
/// live; of a cancellation or an extension, whether the booking is pending.
pub fn decide(map: &SeatMap, command: Command<'_>, now: Timestamp) -> Result<Change, Refusal> {
    match command {
        Command::Hold { booking, user, seats, until, max_per_user } => {
            if stands_under(map, booking, seats, now) {
                return Ok(Change::default());
            }
            let seats = find(map, seats)?;
            check_open(map, now)?;
            check_free(&seats, user, now)?;
            check_limit(map, user, seats.len(), max_per_user, now)?;
            let held = SeatState::Held { booking, user: user.clone(), until };
            Ok(overtaking(all_become(seats, &held)))
        }
        Command::Sell { booking, user, seats, take_back } => {
            let under: Vec<SeatRef<'_>> = map.seats_of(booking).collect();
            let booked = SeatState::Booked { booking, user: user.clone() };
            // What a sweep does, or has not done yet, must make no difference.
            let live = under.iter().all(|seat| !seat.state.is_free(now));
            if under.len() == seats.len() && (live || !is_off(map, now)) {
                return Ok(all_become(under, &booked));
            }
            if is_off(map, now) {
                return Err(Refusal::ShowtimeNotAvailable);
            }
            if !take_back {
                return Err(Refusal::SeatsGone);
            }
            let seats = find(map, seats)?;
            let obtainable = |seat: &SeatRef<'_>| {
                seat.state.is_free(now) || seat.state.booking() == Some(booking)
            };
            if !seats.iter().all(obtainable) {
                return Err(Refusal::SeatsGone);
            }
            Ok(overtaking(all_become(seats, &booked)))
        }
        Command::Extend { booking, until } => {
            let under = live_hold(map, booking, now)?;
            let ends = under.iter().filter_map(|seat| seat.state.until());
            let before = ends.min().filter(|end| *end < until);
            let seats = under.into_iter().filter_map(|seat| extended(seat, until)).collect();
            Ok(Change { seats, before, ..Change::default() })
        }
        Command::Cancel { booking } => {
            Ok(all_become(live_hold(map, booking, now)?, &SeatState::Available))
        }
        Command::Refund { booking } => {
            let under: Vec<SeatRef<'_>> = map.seats_of(booking).collect();
            if under.is_empty() {
                return Err(Refusal::SeatsGone);
            }
            let sold = |seat: &SeatRef<'_>| matches!(seat.state, SeatState::Booked { .. });
            if !under.iter().all(sold) {
                return Err(Refusal::BookingNotConfirmed);
            }
            Ok(all_become(under, &SeatState::Available))
        }
        Command::Expire { before } => {
            let over = map.expired(before.min(now)).collect();
            Ok(overtaking(all_become(over, &SeatState::Available)))
        }
        Command::CancelShowtime => {
            if map.schedule().cancelled_at.is_some() {
                return Ok(Change::default());
            }
            let is_held = |seat: &SeatRef<'_>| matches!(seat.state, SeatState::Held { .. });
            let held = map.seats().filter(is_held).collect();
            Ok(Change { cancelled_at: Some(now), ..all_become(held, &SeatState::Available) })
        }
    }
}

/// Whether the hold has taken effect already: its id is never reused.
fn stands_under(map: &SeatMap, booking: BookingId, seats: &[SeatLabel], now: Timestamp) -> bool {
    let live = |seat: &SeatRef<'_>| !seat.state.is_free(now);
    map.seats_of(booking).filter(live).count() == seats.len()
}

/// The seats of a hold that is live.
fn live_hold(
    map: &SeatMap,
    booking: BookingId,
    now: Timestamp,
) -> Result<Vec<SeatRef<'_>>, Refusal> {
    let under: Vec<SeatRef<'_>> = map.seats_of(booking).collect();
    for seat in &under {
        match seat.state {
            SeatState::Booked { .. } => return Err(Refusal::BookingNotPending),
            SeatState::Held { until, .. } if *until <= now => return Err(Refusal::HoldExpired),
            SeatState::Held { .. } | SeatState::Available => {}
        }
    }
    if under.is_empty() { Err(Refusal::SeatsGone) } else { Ok(under) }
}

/// What becomes of a held seat whose hold shall last until then.
fn extended(seat: SeatRef<'_>, until: Timestamp) -> Option<SeatChange> {
    match seat.state {
        SeatState::Held { booking, user, until: end } if *end < until => {
            let to = SeatState::Held { booking: *booking, user: user.clone(), until };
            Some(SeatChange { label: seat.label, from: seat.state.clone(), to })
        }
        _ => None,
    }
}

/// Whether the showtime is cancelled or over.
fn is_off(map: &SeatMap, now: Timestamp) -> bool {
    map.schedule().cancelled_at.is_some() || map.schedule().end <= now
}

fn find<'m>(map: &'m SeatMap, labels: &[SeatLabel]) -> Result<Vec<SeatRef<'m>>, Refusal> {
    let found: Vec<_> = labels.iter().filter_map(|label| map.seat(label)).collect();
    if found.len() == labels.len() {
        return Ok(found);
    }
    let unknown = labels.iter().filter(|label| map.seat(label).is_none());
    Err(Refusal::InvalidSeats(unknown.copied().collect()))
}

fn check_open(map: &SeatMap, now: Timestamp) -> Result<(), Refusal> {
    if is_off(map, now) {
        return Err(Refusal::ShowtimeNotAvailable);
    }
    if map.schedule().start <= now {
        return Err(Refusal::ShowtimeStarted);
    }
    Ok(())
}

fn check_free(seats: &[SeatRef<'_>], user: &UserId, now: Timestamp) -> Result<(), Refusal> {
    let (mut booked, mut anothers, mut own) = (Vec::new(), Vec::new(), Vec::new());
    let mut own_booking = None;
    for seat in seats {
        match seat.state {
            SeatState::Available => {}
            SeatState::Held { until, .. } if *until <= now => {}
            SeatState::Booked { .. } => booked.push(seat.label),
            SeatState::Held { booking, user: holder, .. } if holder == user => {
                own.push(seat.label);
                own_booking.get_or_insert(*booking);
            }
            SeatState::Held { .. } => anothers.push(seat.label),
        }
    }
    if !booked.is_empty() {
        return Err(Refusal::SeatsBooked(booked));
    }
    if !anothers.is_empty() {
        return Err(Refusal::SeatsHeldByAnother(anothers));
    }
    match own_booking {
        Some(booking) => Err(Refusal::SeatsHeldByYou(own, booking)),
        None => Ok(()),
    }
}

fn check_limit(
    map: &SeatMap,
    user: &UserId,
    wanted: usize,
    limit: u32,
    now: Timestamp,
) -> Result<(), Refusal> {
    let owned = map.live_seats_of(user, now);
    if owned as usize + wanted > limit as usize {
        return Err(Refusal::SeatLimitReached { limit, owned });
    }
    Ok(())
}

/// The change that gives all these seats one state; those that have it are left out.
fn all_become(seats: Vec<SeatRef<'_>>, to: &SeatState) -> Change {
    let seats = seats
        .into_iter()
        .filter(|seat| seat.state != to)
        .map(|seat| SeatChange { label: seat.label, from: seat.state.clone(), to: to.clone() })
        .collect();
    Change { seats, ..Change::default() }
}

/// Notes until when the holds that this change ends must have lasted.
fn overtaking(change: Change) -> Change {
    let ended = change.seats.iter().filter_map(|seat| match &seat.from {
        SeatState::Held { booking, until, .. } if seat.to.booking() != Some(*booking) => {
            Some(*until)
        }
        _ => None,
    });
    Change { not_before: ended.max(), ..change }
}
