//! `seathold sandbox`: the providers as a program of their own.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::middleware::map_response;
use axum::response::Response;
use clap::Args;
use seathold_service::ports::Env;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::{Accounts, Faults, Sandbox, routes};
use crate::http::render;
use crate::url::BaseUrl;

/// What the sandbox is asked to play.
#[derive(Args, Clone, Debug)]
pub struct SandboxConfig {
    /// Address of the shop: the sandbox calls back nobody else
    #[arg(
        long,
        env = "SANDBOX_SHOP",
        value_name = "SANDBOX_SHOP",
        default_value = "http://127.0.0.1:3000"
    )]
    pub shop: BaseUrl,

    /// Address under which buyers reach the sandbox [default: the one it listens on]
    #[arg(long, env = "SANDBOX_PUBLIC_URL", value_name = "SANDBOX_PUBLIC_URL")]
    pub public_url: Option<BaseUrl>,

    /// The shop's accounts.
    #[command(flatten)]
    pub accounts: Accounts,

    /// What goes wrong.
    #[command(flatten)]
    pub faults: Faults,
}

/// A running sandbox.
pub struct SandboxServer {
    address: SocketAddr,
    serving: JoinHandle<()>,
}

impl SandboxServer {
    /// Starts the providers on this listener; their API stands under `/sandbox`.
    ///
    /// # Errors
    /// The listener has no address, or there are no certificates.
    pub fn start(
        env: Env,
        config: &SandboxConfig,
        listener: TcpListener,
    ) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let address = listener.local_addr()?;
        let own = format!("http://{address}");
        let public = config.public_url.as_ref().map_or(own.as_str(), BaseUrl::as_str);
        let sandbox = Sandbox::new(env, config.accounts.clone(), public, config.shop.as_str())?;
        sandbox.books().faults = config.faults;
        let routes = rendered(routes(&Arc::new(sandbox)));
        let serving = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, routes).await {
                tracing::error!(%error, "the sandbox failed");
            }
        });
        Ok(Self { address, serving })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops at once: what it knows is lost.
    pub fn stop(self) {
        self.serving.abort();
    }
}

/// Gives errors their body.
fn rendered(routes: Router) -> Router {
    routes.layer(map_response(|response: Response| async { render(response, "sandbox") }))
}
