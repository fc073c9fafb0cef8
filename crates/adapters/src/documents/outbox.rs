//! What is told of a booking, as it stands in the booking's document.

use bson::DateTime;
use seathold_service::model::{BookingEvent, Delivery, DeliveryState, Outbox};
use serde::Deserialize;

use super::{DocumentError, Writer, date, moment, named, parse};

/// What there is to tell of a booking.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "the fields are those of `Outbox`")]
pub struct OutboxDocument {
    pub open: bool,
    pub next_try: DateTime,
    pub leased_until: DateTime,
    pub lease: i32,
    #[serde(default)]
    pub deliveries: Vec<DeliveryDocument>,
}

/// What became of an event at a receiver.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "the fields are those of `Delivery`")]
pub struct DeliveryDocument {
    pub event: String,
    pub receiver: String,
    pub state: String,
    #[serde(default)]
    pub tries: i32,
    pub since: DateTime,
    pub at: DateTime,
    #[serde(default)]
    pub error: Option<String>,
}

/// Writes an outbox, with what its indexes go by: `open`, and `dead` only if
/// something was given up.
pub(crate) fn write_outbox(outbox: &Outbox, to: &mut Writer<'_>) {
    to.bool("open", outbox.open);
    to.date("next_try", date(outbox.next_try));
    to.date("leased_until", date(outbox.leased_until));
    to.int("lease", outbox.lease as i32);
    to.documents("deliveries", &outbox.deliveries, |delivery, entry| {
        entry.text("event", delivery.event.as_str());
        entry.text("receiver", &delivery.receiver.to_string());
        entry.text("state", delivery.state.as_str());
        entry.int("tries", i32::try_from(delivery.tries).unwrap_or(i32::MAX));
        entry.date("since", date(delivery.since));
        entry.date("at", date(delivery.at));
        if let Some(error) = &delivery.error {
            entry.text("error", error);
        }
    });
    if outbox.has_dead() {
        to.bool("dead", true);
    }
}

impl TryFrom<OutboxDocument> for Outbox {
    type Error = DocumentError;

    fn try_from(document: OutboxDocument) -> Result<Self, DocumentError> {
        let deliveries = document.deliveries.into_iter().map(Delivery::try_from);
        Ok(Self {
            open: document.open,
            next_try: moment(document.next_try),
            leased_until: moment(document.leased_until),
            lease: document.lease as u32,
            deliveries: deliveries.collect::<Result<_, _>>()?,
        })
    }
}

impl TryFrom<DeliveryDocument> for Delivery {
    type Error = DocumentError;

    fn try_from(document: DeliveryDocument) -> Result<Self, DocumentError> {
        let (events, states) = (BookingEvent::ALL, DeliveryState::ALL);
        Ok(Self {
            event: named("event", &document.event, &events, BookingEvent::as_str)?,
            receiver: parse("receiver", &document.receiver)?,
            state: named("state", &document.state, &states, DeliveryState::as_str)?,
            tries: document.tries.try_into().unwrap_or_default(),
            since: moment(document.since),
            at: moment(document.at),
            error: document.error,
        })
    }
}
