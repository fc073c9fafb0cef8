use std::ops::Deref;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use seathold_server::{Config, Server, report, system_env};
use seathold_service::Service;
use seathold_service::ports::{Env, Spawn};
use seathold_testkit::TestClock;
use tokio::net::TcpListener;

use super::{Gate, Place, Site};

/// What gateways sign with in these tests.
pub(crate) const WEBHOOK_SECRET: &str = "whsec_of_the_api_tests";

/// What tokens are signed with outside development mode.
pub(crate) const JWT_SECRET: &str = "a token secret of the api tests";

/// A real server on a port of its own, over an empty place, with a clock that
/// stands still. It must be [finished](TestApp::finish).
pub(crate) struct TestApp {
    pub(crate) clock: TestClock,
    site: Site,
    server: Option<Server>,
    pub(crate) place: Place,
}

impl TestApp {
    /// In development mode, payments in the sandbox.
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// With these settings.
    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let clock = TestClock::default();
        let env = Env { clock: Arc::new(clock.clone()), ..system_env() };
        Self::start_in(clock, env, change).await
    }

    /// With users who bring tokens.
    pub(crate) async fn with_tokens() -> Self {
        Self::with(|config| {
            config.dev = false;
            config.jwt_secret = JWT_SECRET.parse().ok();
        })
        .await
    }

    /// With tasks that wait at a gate before they begin.
    pub(crate) async fn with_tasks(tasks: GatedTasks) -> Self {
        Self::with_tasks_and(tasks, |_| {}).await
    }

    /// With both.
    pub(crate) async fn with_tasks_and(
        tasks: GatedTasks,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let clock = TestClock::default();
        let env = Env { clock: Arc::new(clock.clone()), tasks: Arc::new(tasks), ..system_env() };
        Self::start_in(clock, env, change).await
    }

    async fn start_in(clock: TestClock, env: Env, change: impl FnOnce(&mut Config)) -> Self {
        let place = Place::new().await;
        let mut config = Config::development(place.path().to_owned());
        place.lead(&mut config);
        config.payment_webhook_secret = WEBHOOK_SECRET.parse().ok();
        change(&mut config);
        let dev = config.dev;
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let server = Server::start_in(env, config, listener).await.expect("a server");
        let base = format!("http://{}", server.address());
        let site = Site::at(base, dev, Arc::new(clock.clone()));
        Self { clock, site, server: Some(server), place }
    }

    /// A second instance over the same servers, on the same clock. `None`: there are
    /// none, and what is embedded has one process only.
    pub(crate) async fn beside(&self, change: impl FnOnce(&mut Config)) -> Option<Beside> {
        if self.place.health() == "embedded" {
            return None;
        }
        let env = Env { clock: Arc::new(self.clock.clone()), ..system_env() };
        let mut config = Config::development(self.place.path().to_owned());
        self.place.lead(&mut config);
        change(&mut config);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let server = Server::start_in(env, config, listener).await.expect("a server");
        let base = format!("http://{}", server.address());
        Some(Beside { site: Site::at(base, true, Arc::new(self.clock.clone())), server })
    }

    pub(crate) fn service(&self) -> &Arc<Service> {
        self.server.as_ref().expect("it runs until it is finished").service()
    }

    /// The server as seen from outside, for as long as one likes.
    pub(crate) const fn site(&self) -> &Site {
        &self.site
    }

    /// One round of the clean-up.
    pub(crate) async fn sweep(&self) {
        self.service().sweep().await.expect("a sweep");
    }

    /// Every invariant holds, and the server stops in peace.
    pub(crate) async fn finish(mut self) {
        let server = self.server.take().expect("it is finished once");
        let report = server.service().verify().await.expect("a report");
        assert!(report.is_clean(), "{}", report::table(&report));
        server.shutdown().await;
    }
}

/// A second instance. It must be [finished](Beside::finish) before the first.
pub(crate) struct Beside {
    pub(crate) site: Site,
    server: Server,
}

impl Beside {
    pub(crate) async fn finish(self) {
        self.server.shutdown().await;
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        let forgotten = self.server.is_some() && !std::thread::panicking();
        assert!(!forgotten, "a test must end with finish()");
    }
}

impl Deref for TestApp {
    type Target = Site;

    fn deref(&self) -> &Site {
        &self.site
    }
}

/// Tasks that wait at a gate before they begin.
#[derive(Clone)]
pub(crate) struct GatedTasks(pub(crate) Gate);

impl Spawn for GatedTasks {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        let gate = self.0.clone();
        tokio::spawn(async move {
            gate.pass().await;
            task.await;
        });
    }
}
