//! The payment gateway of development mode: plays the other side of the
//! generic gateway over real HTTP, with a page on which a buyer pays or not.
//! It lives in this very server, keeps everything in memory, and does not
//! exist outside development mode.

mod api;
mod ledger;
mod page;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use reqwest::Client;
use seathold_service::ports::Env;
use tokio::sync::Mutex;

use crate::config::Secret;
use ledger::Ledger;

/// The built-in gateway.
pub(crate) struct Sandbox {
    env: Env,
    client: Client,
    /// What its webhooks are signed with.
    secret: Secret,
    /// Where buyers find its pages, e.g. `http://localhost:3000`.
    public: String,
    /// What a callback must begin with: the sandbox calls nobody else.
    callbacks: String,
    ledger: Mutex<Ledger>,
}

impl Sandbox {
    /// A gateway whose pages stand under `public` and that calls back `own`,
    /// the server's own address.
    pub(crate) fn new(env: Env, client: Client, secret: Secret, public: &str, own: &str) -> Self {
        Self {
            env,
            client,
            secret,
            public: public.to_owned(),
            callbacks: format!("{own}/api/payments/webhook/"),
            ledger: Mutex::default(),
        }
    }
}

/// The gateway's side of the generic protocol, and the buyer's page.
pub(crate) fn routes(sandbox: &Arc<Sandbox>) -> Router {
    Router::new()
        .route("/sandbox/payments", post(api::open))
        .route("/sandbox/payments/{id}", get(api::show))
        .route("/sandbox/payments/{id}/refunds", post(api::refund))
        .route("/sandbox/pay/{id}", get(page::show).post(page::decide))
        .with_state(Arc::clone(sandbox))
}
