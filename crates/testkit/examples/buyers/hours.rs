use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::time::sleep;

/// SIGTERM, from now on.
pub(crate) fn sigterm() -> io::Result<Signal> {
    signal(SignalKind::terminate())
}

/// How long new requests are made: for a time, or until SIGTERM, whichever is first.
pub(crate) struct Hours(watch::Sender<bool>);

impl Hours {
    pub(crate) fn open(length: Duration, mut told: Signal) -> Arc<Self> {
        let hours = Arc::new(Self(watch::Sender::new(false)));
        let ours = Arc::clone(&hours);
        tokio::spawn(async move {
            tokio::select! {
                () = sleep(length) => {}
                _ = told.recv() => println!("buyers: told to end"),
            }
            ours.0.send_replace(true);
        });
        hours
    }

    pub(crate) fn are_over(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until they are.
    pub(crate) async fn over(&self) {
        // The sender is `self`: it cannot be gone.
        let _ = self.0.subscribe().wait_for(|over| *over).await;
    }
}
