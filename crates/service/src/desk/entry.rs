use seathold_core::{BookingId, Change, Command, PriceTable, Refusal, SeatMap, SeatRef, Timestamp};

use super::{Changed, Order, Shared, Ticket, Work};
use crate::limits::{CLAIM_LEASE_MS, CLAIM_TTL_MS, COMMIT_TIME_MS};
use crate::model::{
    BookedSeat, Booking, BookingStatus, Claim, ClaimKey, ClaimStatus, Outbox, Resource, Showtime,
};
use crate::requests::Reply;
use crate::{Error, Rules};

/// A command on its way through a batch.
pub(super) struct Entry {
    ticket: Ticket,
    /// When it was first decided: what it is dated, however often it is decided.
    pub(super) at: Timestamp,
    /// The id of a hold's booking; another once it resumes an earlier claim.
    pub(super) booking: BookingId,
    /// What is durable already for this command.
    pub(super) prepared: Durable,
    /// Whether a commit with its effect was tried: the effect may be its own.
    pub(super) attempted: bool,
    /// Whether the reply to such a commit was lost, and no map read since; or what was
    /// written for it could not be taken back.
    pub(super) in_doubt: bool,
    /// Whether such a reply was lost, and it is not known yet whether it took effect.
    pub(super) lost: bool,
    /// The seats of a hold that is granted, with their prices.
    seats: Vec<BookedSeat>,
}

/// What has been written for a command before its commit.
pub(super) enum Durable {
    /// Nothing.
    Nothing,
    /// A hold's claim; its row stands beside it.
    Hold(Box<Claim>),
    /// The mark on a booking to be cancelled.
    Cancel(BookingId, Timestamp),
}

impl Entry {
    pub(super) fn new(ticket: Ticket, shared: &Shared, now: Timestamp) -> Self {
        let booking = shared.env.booking_id();
        Self {
            ticket,
            at: now,
            booking,
            prepared: Durable::Nothing,
            attempted: false,
            in_doubt: false,
            lost: false,
            seats: Vec::new(),
        }
    }

    /// The key of a hold.
    pub(super) fn key(&self) -> Option<&ClaimKey> {
        match &self.ticket.work {
            Work::Hold(request, _) => Some(&request.key.key),
            Work::Order(..) => None,
        }
    }

    /// Whether it is a hold that has not written its claim yet.
    pub(super) fn is_unopened_hold(&self) -> bool {
        self.key().is_some() && matches!(self.prepared, Durable::Nothing)
    }

    /// Whether a claim is bound to the same request.
    pub(super) fn matches(&self, claim: &Claim) -> bool {
        match &self.ticket.work {
            Work::Hold(request, _) => request.key.fingerprint == claim.fingerprint,
            Work::Order(..) => false,
        }
    }

    /// Whether it is a new hold.
    pub(super) fn is_hold(&self) -> bool {
        self.key().is_some()
    }

    /// Decides it on the map.
    pub(super) fn decide(
        &self,
        map: &SeatMap,
        rules: &Rules,
        now: Timestamp,
    ) -> Result<Change, Refusal> {
        let command = match &self.ticket.work {
            Work::Hold(request, _) => Command::Hold {
                booking: self.booking,
                user: &request.key.key.user,
                seats: &request.seats,
                until: self.at.plus_millis(rules.hold_ttl_ms),
                max_per_user: rules.max_seats_per_user,
            },
            Work::Order(Order::Sell { booking, user, seats, take_back, .. }, _) => {
                Command::Sell { booking: *booking, user, seats, take_back: *take_back }
            }
            Work::Order(Order::Extend { booking, until }, _) => {
                Command::Extend { booking: *booking, until: *until }
            }
            Work::Order(Order::Cancel { booking }, _) => Command::Cancel { booking: *booking },
            Work::Order(Order::Refund { booking }, _) => Command::Refund { booking: *booking },
            Work::Order(Order::Expire { before }, _) => Command::Expire { before: *before },
            Work::Order(Order::CancelShowtime, _) => Command::CancelShowtime,
        };
        match seathold_core::decide(map, command, now) {
            // Its own commit, the reply of which was lost, has freed them.
            Err(Refusal::SeatsGone) if self.attempted && self.cancels().is_some() => {
                Ok(Change::default())
            }
            decision => decision,
        }
    }

    /// The booking it cancels.
    pub(super) fn cancels(&self) -> Option<BookingId> {
        match &self.ticket.work {
            Work::Order(Order::Cancel { booking }, _) => Some(*booking),
            Work::Order(..) | Work::Hold(..) => None,
        }
    }

    /// Nobody knows what became of a commit.
    pub(super) const fn reply_is_lost(&mut self) {
        self.in_doubt = self.attempted;
        self.lost |= self.attempted;
    }

    /// Whether it may have taken effect, or may yet.
    pub(super) const fn is_unknown(&self) -> bool {
        self.in_doubt || self.lost
    }

    /// Whether the map, which was read since its commit, shows that it took effect. Of a
    /// hold that it does not show, more has to be known.
    pub(super) fn took_effect(&self, map: &SeatMap, rules: &Rules, now: Timestamp) -> bool {
        match self.is_hold() {
            true => map.seats_of(self.booking).next().is_some(),
            false => self.decide(map, rules, now).is_ok_and(|change| change.is_empty()),
        }
    }

    /// Whether it takes seats from bookings that are not over.
    pub(super) const fn frees(&self) -> bool {
        matches!(self.ticket.work, Work::Order(Order::Cancel { .. } | Order::CancelShowtime, _))
    }

    /// Whether it is a hold that would be over already, and has not taken effect.
    pub(super) fn is_over(&self, map: &SeatMap, rules: &Rules, now: Timestamp) -> bool {
        let until = self.at.plus_millis(rules.hold_ttl_ms);
        self.is_hold() && until <= now && map.seats_of(self.booking).next().is_none()
    }

    /// Notes what the seats of a hold cost.
    pub(super) fn price(&mut self, map: &SeatMap, prices: PriceTable) {
        let Work::Hold(request, _) = &self.ticket.work else { return };
        let seats = request.seats.iter().filter_map(|label| map.seat(label));
        let priced = |seat: SeatRef<'_>| BookedSeat {
            label: seat.label,
            seat_type: seat.seat_type,
            price: prices.of(seat.seat_type),
        };
        self.seats = seats.map(priced).collect();
    }

    /// The claim and the row of a hold that was granted, with their final content.
    pub(super) fn records(&self, showtime: &Showtime, shared: &Shared) -> Option<(Claim, Booking)> {
        let Work::Hold(request, _) = &self.ticket.work else { return None };
        let seats = self.seats.clone();
        let total = seats.iter().map(|seat| seat.price).sum();
        let row = Booking {
            id: self.booking,
            code: shared.env.booking_code(),
            showtime_id: showtime.id,
            user_id: request.key.key.user.clone(),
            seats,
            total_amount: total,
            discount_amount: 0,
            final_amount: total,
            currency: showtime.currency,
            status: BookingStatus::Pending,
            held_at: self.at,
            hold_expires_at: self.at.plus_millis(shared.rules.hold_ttl_ms),
            confirmed_at: None,
            cancelled_at: None,
            created_at: self.at,
            updated_at: self.at,
            idempotency_key: request.key.key.key,
            lease_until: self.at.plus_millis(CLAIM_LEASE_MS),
            was_held: false,
            paid_by: None,
            refund: None,
            outbox: shared.tells.then(|| Outbox::new(self.at)),
        };
        let claim = Claim {
            key: request.key.key.clone(),
            fingerprint: request.key.fingerprint.clone(),
            resource: Resource::Booking(self.booking),
            owner: shared.env.uuid(),
            lease_until: row.lease_until,
            status: ClaimStatus::Processing,
            response: Some((request.render)(&row)),
            expires_at: self.at.plus_millis(CLAIM_TTL_MS),
        };
        Some((claim, row))
    }

    /// Answers that it is granted.
    pub(super) fn grant(self, displaced: Vec<BookingId>) {
        let Self { ticket, at, prepared, .. } = self;
        match (ticket.work, prepared) {
            (Work::Hold(_, answer), Durable::Hold(claim)) => {
                let _ = answer.send(reply(&claim, false));
            }
            // A hold is never granted without its claim.
            (Work::Hold(_, answer), _) => drop(answer.send(Err(Error::Unknown))),
            (Work::Order(_, answer), _) => drop(answer.send(Ok(Changed { at, displaced }))),
        }
    }

    /// Answers with what the key's first use was answered.
    pub(super) fn replay(self, claim: &Claim) {
        if let Work::Hold(_, answer) = self.ticket.work {
            let _ = answer.send(reply(claim, true));
        }
    }

    /// Answers that nothing was changed, if that is so.
    pub(super) fn refuse(self, error: Error) {
        let error = if self.is_unknown() { Error::Unknown } else { error };
        self.ticket.refuse(error);
    }

    /// When its commit must have been made. Counted like the lease of its
    /// claim, which it must not outlive.
    pub(super) fn commit_by(&self) -> Timestamp {
        let by = self.at.plus_millis(COMMIT_TIME_MS);
        match &self.ticket.work {
            Work::Order(Order::Sell { commit_by, .. }, _) => by.min(*commit_by),
            Work::Order(..) | Work::Hold(..) => by,
        }
    }
}

fn reply(claim: &Claim, replayed: bool) -> Result<Reply, Error> {
    let answer = claim.response.clone().ok_or(Error::Unknown)?;
    Ok(Reply { answer, resource: claim.resource, replayed })
}
