//! What runs by the clock: the clean-up of expired holds, and whatever a crash
//! left unfinished.

use std::sync::Arc;

use chrono::Utc;
use seathold_service::{Error, Service};
use tokio::sync::Mutex;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};

use crate::config::Cron;

/// Whether `text` is a cron expression of six fields.
pub(crate) fn is_cron(text: &str) -> bool {
    Job::new_tz(text, Utc, |_, _| {}).is_ok()
}

/// The running scheduler.
pub(crate) struct Jobs(JobScheduler);

impl Jobs {
    /// Runs the jobs now, for what the last run of the server left, and then
    /// by `cron`.
    pub(crate) async fn start(
        service: &Arc<Service>,
        cron: &Cron,
    ) -> Result<Self, JobSchedulerError> {
        let round = Arc::new(Round { service: Arc::clone(service), running: Mutex::new(()) });
        let first = Arc::clone(&round);
        tokio::spawn(async move { first.run().await });
        let scheduler = JobScheduler::new().await?;
        let job = Job::new_async_tz(cron.as_str(), Utc, move |_, _| {
            let round = Arc::clone(&round);
            Box::pin(async move { round.run().await })
        })?;
        scheduler.add(job).await?;
        scheduler.start().await?;
        Ok(Self(scheduler))
    }

    /// Starts no further round.
    pub(crate) async fn stop(mut self) {
        if let Err(error) = self.0.shutdown().await {
            tracing::warn!(%error, "the scheduler did not stop");
        }
    }
}

/// One round of all jobs, at most one at a time.
struct Round {
    service: Arc<Service>,
    running: Mutex<()>,
}

impl Round {
    async fn run(&self) {
        // The scheduler does not wait for a slow round; the next one would only
        // get in its way.
        let Ok(_running) = self.running.try_lock() else {
            return tracing::warn!("the last round of jobs is still running: this one is left out");
        };
        note("sweep", self.service.sweep().await.map(drop));
        note("settle_inbox", self.service.settle_inbox().await.map(drop));
        note("settle_refunds", self.service.settle_refunds().await.map(drop));
        note("purge_claims", self.service.purge_claims().await.map(drop));
    }
}

fn note(job: &'static str, result: Result<(), Error>) {
    if let Err(error) = result {
        tracing::warn!(job, ?error, "a job failed; the next round repeats it");
    }
}
