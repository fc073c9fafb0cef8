//! How many requests are let through: of each user, and from each address.

mod address;
mod fields;

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::RETRY_AFTER;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use seathold_service::ports::{Account, Charged, Quotas};

use super::App;
use super::extract::Identity;
use super::problem::{Problem, kind};
use crate::config::{Proxies, RateLimit};
pub(super) use fields::FIELDS;

/// Who asked at the other end of the connection. Only with a rate limit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// The limits that are configured, and who counts.
pub(crate) struct RateLimits {
    /// How many.
    pub(crate) limit: RateLimit,
    /// Who may say where a request comes from.
    pub(crate) proxies: Proxies,
    /// Who counts.
    pub(crate) quotas: Arc<dyn Quotas>,
}

/// The layer in front of every route that counts. It is there only with a limit.
pub(super) async fn limited(
    State(app): State<Arc<App>>,
    mut request: Request,
    next: Next,
) -> Response {
    let Some(limits) = &app.rate_limits else { return next.run(request).await };
    let identity = Identity::of(request.headers(), &app);
    let accounts = limits.accounts(&request, &identity);
    request.extensions_mut().insert(identity);
    if accounts.is_empty() {
        return next.run(request).await;
    }
    let charged = limits.quotas.charge(&accounts, app.env.now()).await;
    let mut response =
        if charged.granted { next.run(request).await } else { refuse(&accounts, &charged) };
    fields::write(response.headers_mut(), &accounts, &charged.balances);
    response
}

impl RateLimits {
    /// Whom the request is charged to: its user, if it names one that is believed,
    /// and its address.
    fn accounts(&self, request: &Request, identity: &Identity) -> Vec<Account> {
        let user = identity.user().zip(self.limit.user);
        let user = user.map(|(user, quota)| Account { name: format!("user:{user}"), quota });
        let address = self.limit.address.and_then(|quota| {
            let Peer(peer) = request.extensions().get()?;
            let client = address::client(*peer, request.headers(), &self.proxies);
            Some(Account { name: format!("address:{client}"), quota })
        });
        user.into_iter().chain(address).collect()
    }
}

/// The refusal, with the time after which a request may be made again.
fn refuse(accounts: &[Account], charged: &Charged) -> Response {
    let waits = charged.balances.iter().map(|balance| balance.next_seconds);
    let longest = waits.clone().max().unwrap_or_default().max(1);
    let at_fault = accounts.iter().zip(waits).find(|(_, wait)| *wait == longest);
    let whose = at_fault.map_or("address", |(account, _)| fields::policy(account));
    let detail = match whose {
        "user" => "You make too many requests.",
        _ => "Too many requests come from your address.",
    };
    let mut response = Problem::with_detail(&kind::RATE_LIMITED, detail).into_response();
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(longest));
    response
}
