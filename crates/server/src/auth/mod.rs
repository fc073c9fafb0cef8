//! Who may do what: bearer tokens, and the headers of development mode.

mod keys;

use seathold_core::Timestamp;
use seathold_service::Viewer;
use serde::Deserialize;

use crate::config::{Config, ConfigError};
use keys::Keys;

/// How far the clocks of the issuer and this server may be apart, in seconds.
const LEEWAY_SECONDS: i64 = 30;

/// The role that opens the admin routes.
const ADMIN: &str = "admin";

/// Decides whom to believe.
pub(crate) struct Auth {
    keys: Option<Keys>,
    dev: bool,
}

/// What a request says about its caller, none of it believed yet.
#[derive(Clone, Copy, Default)]
pub(crate) struct Claimed<'a> {
    /// The `Authorization` header.
    pub(crate) authorization: Option<&'a str>,
    /// The `X-User-Id` header.
    pub(crate) user_id: Option<&'a str>,
    /// The `X-User-Role` header.
    pub(crate) role: Option<&'a str>,
}

/// What a token says.
#[derive(Deserialize)]
struct Token {
    sub: String,
    exp: f64,
    nbf: Option<f64>,
    role: Option<String>,
}

impl Auth {
    /// Reads the keys that the configuration names.
    ///
    /// # Errors
    /// The key file cannot be read, or a key in it cannot be used.
    pub(crate) fn new(config: &Config) -> Result<Self, ConfigError> {
        Ok(Self { keys: Keys::of(config)?, dev: config.dev })
    }

    /// Who it is, or why nobody knows.
    pub(crate) fn viewer(
        &self,
        claimed: Claimed<'_>,
        now: Timestamp,
    ) -> Result<Viewer, &'static str> {
        match (claimed.authorization, &self.keys) {
            (Some(authorization), Some(keys)) => bearer(keys, authorization, now),
            _ if self.dev => at_their_word(claimed),
            _ => Err("A bearer token is needed."),
        }
    }
}

fn bearer(keys: &Keys, authorization: &str, now: Timestamp) -> Result<Viewer, &'static str> {
    let (scheme, token) = authorization.split_once(' ').unwrap_or_default();
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err("The Authorization header must be `Bearer <token>`.");
    }
    let token: Token = keys.verify(token.trim()).ok_or("The token is not valid here.")?;
    let now = now.as_millis() as f64 / 1000.0;
    let leeway = LEEWAY_SECONDS as f64;
    if token.exp + leeway <= now {
        return Err("The token has expired.");
    }
    if token.nbf.is_some_and(|not_before| now + leeway < not_before) {
        return Err("The token is not valid yet.");
    }
    viewer(&token.sub, token.role.as_deref())
}

fn at_their_word(claimed: Claimed<'_>) -> Result<Viewer, &'static str> {
    let user = claimed.user_id.ok_or("In development mode, the X-User-Id header is needed.")?;
    viewer(user, claimed.role)
}

fn viewer(user: &str, role: Option<&str>) -> Result<Viewer, &'static str> {
    let user = user.parse().map_err(
        |_| "The user id must have 1 to 64 characters, none of them a control character.",
    )?;
    Ok(Viewer { user, admin: role == Some(ADMIN) })
}

#[cfg(test)]
mod tests;
