//! What others are told of bookings. Each row is its own outbox: what happened and
//! that it is to be told is one write, so that neither is there without the other.

mod dead;
mod history;
mod nudge;
mod round;
mod telling;

use std::sync::Arc;

pub use dead::DeadLetter;
pub use history::{Past, PastEvent};
pub(crate) use nudge::Nudge;
pub use round::Told;

use crate::ports::{NoReceivers, Receivers, RenderEvent};

/// Who is told of bookings, and in which words.
#[derive(Clone)]
pub struct Outbound {
    /// Who is told, and how they are reached.
    pub receivers: Arc<dyn Receivers>,
    /// In which words.
    pub render: RenderEvent,
    /// Whether they are told right after it happened, too, and not by the clock only.
    pub at_once: bool,
}

impl Outbound {
    /// Nobody is told anything: rows are written without an outbox.
    #[must_use]
    pub fn none() -> Self {
        Self { receivers: Arc::new(NoReceivers), render: |_, _, _| Vec::new(), at_once: false }
    }

    pub(crate) fn tells(&self) -> bool {
        !self.receivers.all().is_empty()
    }
}
