//! The inbox of what gateways say.

use seathold_core::Timestamp;
use seathold_service::model::{GatewayEvent, ReceivedEvent};
use seathold_service::ports::EventKey;

use super::{State, after};

impl State {
    pub(super) fn receive_event(&mut self, event: &ReceivedEvent) -> ReceivedEvent {
        let key = EventKey::from(&event.event);
        self.events.entry(key).or_insert_with(|| event.clone()).clone()
    }

    pub(super) fn forget_event(&mut self, event: &GatewayEvent) {
        let key = EventKey::from(event);
        let kept = self.events.get(&key);
        if kept.is_some_and(|kept| !kept.done && kept.event == *event) {
            self.events.remove(&key);
        }
    }

    pub(super) fn event(&self, key: &EventKey) -> Option<ReceivedEvent> {
        self.events.get(key).cloned()
    }

    pub(super) fn postpone_event(&mut self, key: &EventKey, next_try: Timestamp) {
        if let Some(event) = self.unfinished(key) {
            event.tries = event.tries.saturating_add(1);
            event.next_try = Some(next_try);
        }
    }

    pub(super) fn finish_event(&mut self, key: &EventKey) {
        if let Some(event) = self.unfinished(key) {
            event.done = true;
        }
    }

    pub(super) fn events_after(
        &self,
        key: Option<&EventKey>,
        unfinished: bool,
        limit: u32,
    ) -> Vec<ReceivedEvent> {
        after(&self.events, key, limit, |event| !unfinished || !event.done)
    }

    fn unfinished(&mut self, key: &EventKey) -> Option<&mut ReceivedEvent> {
        self.events.get_mut(key).filter(|event| !event.done)
    }
}
