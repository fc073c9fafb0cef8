//! Payment providers for development and tests: plays MoMo, VNPay, ZaloPay and
//! a gateway for cards, and the generic gateway, over real HTTP with their real
//! messages, with a page on which a buyer pays or not, and with whatever real
//! gateways do wrong. It keeps everything in memory; no money moves.
//!
//! In development mode it lives in the server itself; `seathold sandbox` is one
//! of its own.

mod accounts;
mod buyer;
pub mod command;
mod control;
mod delivery;
mod faults;
mod generic;
mod ledger;
mod momo;
mod page;
mod play;
mod tally;
mod vnpay;
mod zalopay;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post, put};
use reqwest::Client;
use reqwest::redirect::Policy;
use seathold_service::ports::{Env, GatewayError};

pub use accounts::Accounts;
pub use command::{SandboxConfig, SandboxServer};
use delivery::HeldBack;
pub use faults::Faults;
use ledger::Ledger;
use tally::Tally;

/// How long the sandbox waits for the shop to take a message: as long as the
/// shop takes for a request.
const WEBHOOK_TIME: Duration = Duration::from_secs(10);

/// The providers.
pub(crate) struct Sandbox {
    env: Env,
    client: Client,
    accounts: Accounts,
    /// Where buyers find its pages, e.g. `http://localhost:3000`.
    public: String,
    /// What a callback must begin with: the sandbox calls nobody else.
    callbacks: String,
    books: Mutex<Books>,
    /// Calls so far, so that one that is repeated fares differently.
    calls: AtomicU64,
}

/// What changes.
#[derive(Default)]
struct Books {
    ledger: Ledger,
    faults: Faults,
    held_back: HeldBack,
    tally: Tally,
}

impl Sandbox {
    /// Providers whose pages stand under `public`, and that call back the shop.
    pub(crate) fn new(
        env: Env,
        accounts: Accounts,
        public: &str,
        shop: &str,
    ) -> Result<Self, GatewayError> {
        let client =
            Client::builder().timeout(WEBHOOK_TIME).redirect(Policy::none()).no_proxy().build();
        Ok(Self {
            env,
            client: client.map_err(|error| GatewayError(error.to_string()))?,
            accounts,
            public: public.to_owned(),
            callbacks: format!("{shop}/api/payments/webhook/"),
            books: Mutex::default(),
            calls: AtomicU64::default(),
        })
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next_call(&self) -> u64 {
        self.calls.fetch_add(1, Ordering::Relaxed)
    }

    /// What happens to this payment.
    fn faults_of(&self, reference: &str) -> Faults {
        let mut books = self.books();
        let own = books.ledger.payment(reference).and_then(|payment| payment.faults);
        own.unwrap_or(books.faults)
    }

    /// Does it later: until then, somebody is waiting.
    fn later(self: &Arc<Self>, work: impl Future<Output = ()> + Send + 'static) {
        self.books().tally.waiting += 1;
        let sandbox = Arc::clone(self);
        tokio::spawn(async move {
            work.await;
            sandbox.books().tally.waiting -= 1;
        });
    }

    /// Twelve digits nobody else has.
    fn number(&self) -> i64 {
        100_000_000_000 + (self.env.uuid().as_u128() % 900_000_000_000) as i64
    }

    /// The page of a payment.
    fn page(&self, transaction_id: &str) -> String {
        format!("{}/sandbox/pay/{transaction_id}", self.public)
    }
}

/// The providers' side of each protocol, the buyer's page, and the switches.
pub(crate) fn routes(sandbox: &Arc<Sandbox>) -> Router {
    Router::new()
        .route("/sandbox/payments", post(generic::open))
        .route("/sandbox/payments/{id}", get(generic::show))
        .route("/sandbox/payments/{id}/refunds", post(generic::refund))
        .route("/sandbox/momo/v2/gateway/api/create", post(momo::create))
        .route("/sandbox/momo/v2/gateway/api/query", post(momo::query))
        .route("/sandbox/momo/v2/gateway/api/refund", post(momo::refund))
        .route("/sandbox/momo/v2/gateway/api/refund/query", post(momo::query_refund))
        .route("/sandbox/vnpay/pay", get(vnpay::show).post(vnpay::decide))
        .route("/sandbox/vnpay/api", post(vnpay::api))
        .route("/sandbox/zalopay/v2/create", post(zalopay::create))
        .route("/sandbox/zalopay/v2/query", post(zalopay::query))
        .route("/sandbox/zalopay/v2/refund", post(zalopay::refund))
        .route("/sandbox/zalopay/v2/query_refund", post(zalopay::query_refund))
        .route("/sandbox/pay/{id}", get(page::show).post(page::decide))
        .route("/sandbox/faults", get(control::faults).put(control::set_faults))
        .route("/sandbox/payments/{id}/faults", put(control::set_faults_of))
        .route("/sandbox/payments/{id}/messages", get(control::messages))
        .route("/sandbox/payments/{id}/decision", post(control::decide))
        .route("/sandbox/ledger", get(control::ledger))
        .with_state(Arc::clone(sandbox))
}
