use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::Service;

/// So that others hear within moments what the cron would tell them within a
/// minute. Nothing depends on it: it may be lost at any time.
#[derive(Default)]
pub(crate) struct Nudge {
    /// Whether something has happened that was not looked at.
    wanted: AtomicBool,
    /// Whether somebody is looking.
    running: AtomicBool,
}

impl Service {
    /// Lets others be told of what has just happened. One task at a time, however
    /// often it is called.
    pub(crate) fn tell_soon(self: &Arc<Self>) {
        if !self.outbound.at_once || !self.outbound.tells() {
            return;
        }
        self.nudge.wanted.store(true, Ordering::SeqCst);
        if self.nudge.running.swap(true, Ordering::SeqCst) {
            return;
        }
        let service = self.clone();
        self.env.tasks.spawn(Box::pin(async move {
            let nudge = &service.nudge;
            loop {
                while nudge.wanted.swap(false, Ordering::SeqCst) {
                    if let Err(error) = service.tell_events().await {
                        tracing::warn!(?error, "left to the next round");
                    }
                }
                nudge.running.store(false, Ordering::SeqCst);
                // Somebody may have come just before.
                if !nudge.wanted.load(Ordering::SeqCst)
                    || nudge.running.swap(true, Ordering::SeqCst)
                {
                    return;
                }
            }
        }));
    }
}
