use async_trait::async_trait;
use seathold_core::{BookingId, Timestamp};

use super::StoreError;
use crate::model::{Booking, BookingEvent, BookingEventId, Outbox, ReceiverId};

/// What is told of a booking, in its row.
#[async_trait]
pub trait Outboxes: Send + Sync {
    /// Rows with an open outbox whose `next_try` is at or before the moment, the
    /// earliest first.
    async fn untold_bookings(&self, at: Timestamp, limit: u32) -> Result<Vec<Booking>, StoreError>;

    /// Makes the caller the only one to tell of a booking until `until`, which is its
    /// `next_try` then; its `lease` is one more than `seen`. `false`: its outbox is
    /// not open, or its lease is not as it was seen.
    async fn lease_outbox(
        &self,
        id: BookingId,
        seen: u32,
        until: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Replaces the outbox of a row whose lease is still that of `seen`; with
    /// `unchanged`, only if its status and refund are still those of `seen`, too.
    /// `false`: they are not, nothing is written.
    async fn write_outbox(
        &self,
        seen: &Booking,
        outbox: &Outbox,
        unchanged: bool,
    ) -> Result<bool, StoreError>;

    /// Rows of which something was given up, after this id, in order of ids.
    async fn dead_letters(
        &self,
        after: Option<BookingId>,
        limit: u32,
    ) -> Result<Vec<Booking>, StoreError>;
}

/// An event as it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its id, the same at each repeat.
    pub id: BookingEventId,
    /// When it is sent.
    pub sent_at: Timestamp,
    /// What is told, as it goes over the wire.
    pub body: Vec<u8>,
}

/// A receiver did not say that it has a message. It may have it all the same.
#[derive(Clone, Debug, thiserror::Error)]
#[error("not told: {0}")]
pub struct NotTold(pub String);

/// Whoever carries messages to those who are told.
#[async_trait]
pub trait Receivers: Send + Sync {
    /// Who is told.
    fn all(&self) -> Vec<ReceiverId>;

    /// Where one of them is, without what may be a secret.
    fn address(&self, receiver: ReceiverId) -> Option<String>;

    /// Tells one of them. When this returns, it has said that it has the message.
    async fn tell(&self, receiver: ReceiverId, message: &Message) -> Result<(), NotTold>;
}

/// Nobody is told anything.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoReceivers;

#[async_trait]
impl Receivers for NoReceivers {
    fn all(&self) -> Vec<ReceiverId> {
        Vec::new()
    }

    fn address(&self, _: ReceiverId) -> Option<String> {
        None
    }

    async fn tell(&self, _: ReceiverId, _: &Message) -> Result<(), NotTold> {
        Err(NotTold("there is nobody to be told".to_owned()))
    }
}

/// The body of an event: what happened, when, and the booking.
pub type RenderEvent = fn(BookingEvent, Timestamp, &Booking) -> Vec<u8>;
