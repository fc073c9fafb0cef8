use futures_util::future::join_all;
use seathold_core::Timestamp;

use super::round::{Failing, Subject, Told};
use crate::limits::{
    OUTBOX_LEASE_MS, OUTBOX_MARGIN_MS, TELL_ERROR_CHARS, TELL_IN_FLIGHT_MS, TELL_RETRY_MAX_MS,
    TELL_RETRY_MS, TELL_TRIES_MAX,
};
use crate::model::{Booking, BookingEvent, BookingEventId, DeliveryState, Outbox, ReceiverId};
use crate::ports::{Message, NotTold};
use crate::{Error, Service};

/// What a receiver is told next of a booking.
enum Next {
    /// This, which happened then.
    Tell(ReceiverId, BookingEvent, Timestamp),
    /// Nothing before then.
    Wait(Timestamp),
    /// Nothing.
    Nothing,
}

impl Service {
    /// Tells each receiver, in order, what it was not told of a booking.
    pub(super) async fn tell_of(
        &self,
        subject: &Subject,
        failing: &Failing,
    ) -> Result<Told, Error> {
        let (mut told, mut row) = (Told::default(), subject.row.clone());
        let Some(mut outbox) = row.outbox.take() else { return Ok(told) };
        let now = self.env.now();
        if subject.is_in_flight() && now.millis_since(row.held_at) < TELL_IN_FLIGHT_MS {
            // Whoever is about to commit it says so.
            return Ok(told);
        }
        let until = now.plus_millis(OUTBOX_LEASE_MS);
        let free = outbox.open && outbox.leased_until <= now;
        if !free || !self.store.lease_outbox(row.id, outbox.lease, until).await? {
            return Ok(told);
        }
        outbox.lease += 1;
        (outbox.next_try, outbox.leased_until) = (until, until);
        row.outbox = Some(outbox.clone());
        let events = row.events(subject.stands());
        let mut noted = true;
        loop {
            let batch = self.to_tell(&events, &outbox, failing, until);
            if batch.is_empty() {
                break;
            }
            // Before the next is told, so that a crash repeats the last at the most.
            if !noted && !self.store.write_outbox(&row, &outbox, false).await? {
                return Ok(told);
            }
            let body = subject.shown();
            let sent = batch.iter().map(|(receiver, event, at)| {
                self.send(*receiver, BookingEventId { booking: row.id, event: *event }, *at, body)
            });
            for ((receiver, event, _), result) in batch.iter().zip(join_all(sent).await) {
                failing.note(*receiver, result.is_err());
                match self.note(&mut outbox, *receiver, *event, result) {
                    DeliveryState::Told => told.told += 1,
                    DeliveryState::Dead => told.dead += 1,
                    DeliveryState::Waiting => {}
                }
            }
            noted = false;
        }
        self.put_back(subject, &row, outbox, &events).await?;
        Ok(told)
    }

    /// What can be told at once: of each receiver the next event.
    fn to_tell(
        &self,
        events: &[(BookingEvent, Timestamp)],
        outbox: &Outbox,
        failing: &Failing,
        until: Timestamp,
    ) -> Vec<(ReceiverId, BookingEvent, Timestamp)> {
        let now = self.env.now();
        if until.plus_millis(-OUTBOX_MARGIN_MS) <= now {
            return Vec::new();
        }
        let receivers = self.outbound.receivers.all().into_iter();
        let open = receivers.filter(|receiver| !failing.is_down(*receiver));
        open.filter_map(|receiver| match next(events, outbox, receiver, now) {
            Next::Tell(receiver, event, at) => Some((receiver, event, at)),
            Next::Wait(_) | Next::Nothing => None,
        })
        .collect()
    }

    async fn send(
        &self,
        receiver: ReceiverId,
        id: BookingEventId,
        at: Timestamp,
        booking: &Booking,
    ) -> Result<(), NotTold> {
        let body = (self.outbound.render)(id.event, at, booking);
        let message = Message { id, sent_at: self.env.now(), body };
        self.outbound.receivers.tell(receiver, &message).await
    }

    /// Notes what became of a try.
    fn note(
        &self,
        outbox: &mut Outbox,
        receiver: ReceiverId,
        event: BookingEvent,
        result: Result<(), NotTold>,
    ) -> DeliveryState {
        let now = self.env.now();
        let delivery = outbox.delivery_mut(event, receiver, now);
        delivery.at = now;
        if let Err(error) = result {
            tracing::warn!(event = event.as_str(), %receiver, %error, "an event was not taken");
            delivery.error = Some(error.0.chars().take(TELL_ERROR_CHARS).collect());
            let wait = self.env.backoff(TELL_RETRY_MS, TELL_RETRY_MAX_MS, delivery.tries);
            delivery.tries += 1;
            if delivery.tries < TELL_TRIES_MAX {
                delivery.at = now.plus_millis(wait);
                count("failed");
                return DeliveryState::Waiting;
            }
            delivery.state = DeliveryState::Dead;
            count("dead");
            tracing::error!(event = event.as_str(), %receiver, "an event was given up");
        } else {
            delivery.state = DeliveryState::Told;
            delivery.error = None;
            count("told");
        }
        delivery.state
    }

    /// Gives the lease back, with all that was noted. What changed meanwhile is to be
    /// told at once.
    async fn put_back(
        &self,
        subject: &Subject,
        row: &Booking,
        mut outbox: Outbox,
        events: &[(BookingEvent, Timestamp)],
    ) -> Result<(), Error> {
        let now = self.env.now();
        let again = self.again(subject, &outbox, events, now);
        outbox.leased_until = now;
        (outbox.open, outbox.next_try) = (again.is_some(), again.unwrap_or(now));
        if !self.store.write_outbox(row, &outbox, true).await? {
            (outbox.open, outbox.next_try) = (true, now);
            // Unless the lease is lost, and with it what was noted.
            self.store.write_outbox(row, &outbox, false).await?;
        }
        Ok(())
    }

    /// When to look again, if there is something left to tell.
    fn again(
        &self,
        subject: &Subject,
        outbox: &Outbox,
        events: &[(BookingEvent, Timestamp)],
        now: Timestamp,
    ) -> Option<Timestamp> {
        if subject.is_in_flight() {
            // By then its seats have come, or never will.
            return Some(subject.row.lease_until.max(now.plus_millis(1)));
        }
        let receivers = self.outbound.receivers.all().into_iter();
        let waits = receivers.filter_map(|receiver| match next(events, outbox, receiver, now) {
            // It is down, or the lease was too short: not counted as a try.
            Next::Tell(..) => Some(now.plus_millis(TELL_RETRY_MS)),
            Next::Wait(until) => Some(until),
            Next::Nothing => None,
        });
        waits.min()
    }
}

/// What this receiver is told next: no later event before an earlier one that is
/// neither told nor given up.
fn next(
    events: &[(BookingEvent, Timestamp)],
    outbox: &Outbox,
    receiver: ReceiverId,
    now: Timestamp,
) -> Next {
    for (event, at) in events {
        match outbox.delivery(*event, receiver) {
            None => return Next::Tell(receiver, *event, *at),
            Some(it) if it.state != DeliveryState::Waiting => {}
            Some(it) if it.at > now => return Next::Wait(it.at),
            Some(_) => return Next::Tell(receiver, *event, *at),
        }
    }
    Next::Nothing
}

fn count(outcome: &'static str) {
    metrics::counter!("seathold_events_total", "outcome" => outcome).increment(1);
}
