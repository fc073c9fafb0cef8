use std::sync::Arc;

use tokio::sync::watch;

/// What passes a gate waits while it is shut, and is counted. Clones are the
/// same gate.
#[derive(Clone, Debug)]
pub(crate) struct Gate(Arc<State>);

#[derive(Debug)]
struct State {
    open: watch::Sender<bool>,
    arrived: watch::Sender<usize>,
}

impl Gate {
    pub(crate) fn opened() -> Self {
        Self(Arc::new(State { open: watch::Sender::new(true), arrived: watch::Sender::new(0) }))
    }

    pub(crate) fn shut(&self) {
        self.0.open.send_replace(false);
    }

    pub(crate) fn open(&self) {
        self.0.open.send_replace(true);
    }

    /// Passes, once it is open.
    pub(crate) async fn pass(&self) {
        self.0.arrived.send_modify(|arrived| *arrived += 1);
        let mut open = self.0.open.subscribe();
        open.wait_for(|open| *open).await.expect("a gate outlives who passes it");
    }

    /// How many have come to it so far.
    pub(crate) fn count(&self) -> usize {
        *self.0.arrived.borrow()
    }

    /// Waits until one more has come to it since `count`.
    pub(crate) async fn arrival_after(&self, count: usize) {
        let mut arrived = self.0.arrived.subscribe();
        arrived.wait_for(|arrived| *arrived > count).await.expect("a gate outlives who waits");
    }
}
