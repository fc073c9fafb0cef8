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
    // The scheduler would also take a seventh field, the year.
    text.split_whitespace().count() == 6 && Job::new_tz(text, Utc, |_, _| {}).is_ok()
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
        let round = Arc::new(Round::new(Arc::clone(service)));
        let first = Arc::clone(&round);
        tokio::spawn(async move { Box::pin(first.run()).await });
        let scheduler = JobScheduler::new().await?;
        let job = Job::new_async_tz(cron.as_str(), Utc, move |_, _| {
            let round = Arc::clone(&round);
            Box::pin(async move { Box::pin(round.run()).await })
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

/// One round of all jobs, each of them running at most once at a time. They do
/// not wait for one another: a gateway that hangs keeps no seat from being freed.
struct Round {
    service: Arc<Service>,
    sweep: Mutex<()>,
    inbox: Mutex<()>,
    payments: Mutex<()>,
    given_back: Mutex<()>,
    showtimes: Mutex<()>,
    refunds: Mutex<()>,
    events: Mutex<()>,
    dead_letters: Mutex<()>,
    claims: Mutex<()>,
}

impl Round {
    fn new(service: Arc<Service>) -> Self {
        let [sweep, inbox, payments, given_back, showtimes] = Default::default();
        let [refunds, events, dead_letters, claims] = Default::default();
        Self {
            service,
            sweep,
            inbox,
            payments,
            given_back,
            showtimes,
            refunds,
            events,
            dead_letters,
            claims,
        }
    }

    async fn run(&self) {
        let service = &self.service;
        tokio::join!(
            alone("sweep", &self.sweep, service.sweep()),
            alone("settle_inbox", &self.inbox, service.settle_inbox()),
            alone("settle_payments", &self.payments, service.settle_payments()),
            alone("settle_given_back", &self.given_back, service.settle_given_back()),
            alone("settle_showtimes", &self.showtimes, service.settle_cancelled_showtimes()),
            alone("settle_refunds", &self.refunds, service.settle_refunds()),
            alone("tell_events", &self.events, service.tell_events()),
            alone("count_dead_letters", &self.dead_letters, service.count_dead_letters()),
            alone("purge_claims", &self.claims, service.purge_claims()),
        );
    }
}

/// Does a job unless the last round is still at it.
async fn alone<T>(
    job: &'static str,
    running: &Mutex<()>,
    work: impl Future<Output = Result<T, Error>>,
) {
    let Ok(_running) = running.try_lock() else {
        return tracing::warn!(job, "still running from an earlier round: left out");
    };
    if let Err(error) = work.await {
        tracing::warn!(job, ?error, "a job failed; the next round repeats it");
    }
}
