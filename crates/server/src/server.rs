use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use seathold_service::Service;
use seathold_service::ports::Env;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{interval, sleep, timeout};

use crate::accept::{self, Bounds, HEAD_TIME};
use crate::config::Config;
use crate::http::{App, router};
use crate::jobs::Jobs;
use crate::telemetry;
use crate::wire::{self, Judge, StartError};

/// How long a server may take to stop once it has drained: together, shorter
/// than the 30 seconds that orchestrators wait before they kill.
const STOP_TIME: Duration = Duration::from_secs(20);

/// How much of it requests may take: longer than any may take anyway. A
/// connection that is still open then has nothing to say.
const REQUESTS_TIME: Duration = Duration::from_secs(12);

/// How often metrics are condensed, so that they take no more memory when
/// nobody reads them.
const UPKEEP_TIME: Duration = Duration::from_secs(5);

/// A running server.
pub struct Server {
    app: Arc<App>,
    address: SocketAddr,
    jobs: Option<Jobs>,
    drain: Duration,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
    upkeep: JoinHandle<()>,
}

impl Server {
    /// Starts a server on this listener.
    ///
    /// # Errors
    /// A wrong setting, or a store that cannot be opened.
    pub async fn start(config: Config, listener: TcpListener) -> Result<Self, StartError> {
        Self::launch(wire::system_env(), Judge::Store, config, listener).await
    }

    /// Starts a server with time, randomness and tasks of the caller's. Its
    /// store goes by that time too.
    ///
    /// # Errors
    /// A wrong setting, or a store that cannot be opened.
    pub async fn start_in(
        env: Env,
        config: Config,
        listener: TcpListener,
    ) -> Result<Self, StartError> {
        Self::launch(env, Judge::Caller, config, listener).await
    }

    async fn launch(
        env: Env,
        judge: Judge,
        config: Config,
        listener: TcpListener,
    ) -> Result<Self, StartError> {
        telemetry::metrics();
        let address = listener.local_addr()?;
        let drain = Duration::from_millis(config.drain_ms.into());
        let app = Arc::new(wire::app(&config, env, judge, address).await?);
        let jobs = match &config.sweep_cron {
            Some(cron) => Some(Jobs::start(&app.service, cron).await?),
            None => None,
        };
        let (stop, stopped) = oneshot::channel();
        let routes = router(Arc::clone(&app));
        let bounds = Bounds {
            connections_max: config.max_connections as usize,
            head_time: HEAD_TIME,
            // Nobody else asks where requests come from.
            tell_peer: config.rate_limit.is_some(),
        };
        let stopped = async { drop(stopped.await) };
        let serving = tokio::spawn(accept::serve(listener, routes, bounds, stopped));
        Ok(Self { app, address, jobs, drain, stop, serving, upkeep: tokio::spawn(upkeep()) })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its use cases.
    #[must_use]
    pub fn service(&self) -> &Arc<Service> {
        &self.app.service
    }

    /// Waits until the process is asked to stop: SIGTERM or Ctrl-C. SIGTERM
    /// is heard from this call on, not only once it is awaited.
    pub fn until_stopped(&self) -> impl Future<Output = ()> + use<> {
        wait_for_signal()
    }

    /// Stops: says that it is not ready, and serves on until load balancers have
    /// seen it; then takes no further work, finishes what is under way, and gives
    /// the leases back.
    pub async fn shutdown(self) {
        let Self { app, jobs, drain, stop, serving, upkeep, .. } = self;
        app.drain();
        sleep(drain).await;
        // The server may have stopped by itself.
        let _ = stop.send(());
        let finish = async {
            if let Some(jobs) = jobs {
                jobs.stop().await;
            }
            match timeout(REQUESTS_TIME, serving).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::error!(%error, "the server panicked"),
                Err(_) => tracing::warn!("some connections had to be cut"),
            }
            app.service.drain().await;
        };
        if timeout(STOP_TIME, finish).await.is_err() {
            tracing::warn!("stopped before everything was finished; the next start takes it up");
        }
        upkeep.abort();
    }
}

async fn upkeep() {
    let mut ticks = interval(UPKEEP_TIME);
    loop {
        ticks.tick().await;
        telemetry::metrics().run_upkeep();
    }
}

/// Waits until the process is asked to stop.
#[cfg(unix)]
pub(crate) fn wait_for_signal() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};

    let terminated = signal(SignalKind::terminate());
    async {
        let interrupted = tokio::signal::ctrl_c();
        match terminated {
            Ok(mut terminated) => tokio::select! {
                _ = terminated.recv() => {}
                _ = interrupted => {}
            },
            Err(error) => {
                tracing::warn!(%error, "only Ctrl-C stops the server");
                drop(interrupted.await);
            }
        }
    }
}

/// Waits until the process is asked to stop.
#[cfg(not(unix))]
pub(crate) async fn wait_for_signal() {
    drop(tokio::signal::ctrl_c().await);
}
