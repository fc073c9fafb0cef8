use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use seathold_core::{IdempotencyKey, UserId};
use seathold_service::Keyed;
use seathold_service::model::{ClaimKey, Fingerprint};
use utoipa::IntoParams;

use crate::http::problem::{Problem, kind};

/// The headers an idempotency key may come in.
const HEADERS: [&str; 2] = ["x-idempotency-key", "idempotency-key"];

/// The idempotency key of a request that needs one.
pub(crate) struct Key(pub(crate) IdempotencyKey);

/// The idempotency key of a request that may do without.
pub(crate) struct OptionalKey(pub(crate) Option<IdempotencyKey>);

/// The header, for the API's description.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes a header")]
pub(crate) struct KeyHeader {
    /// A UUID version 4, fresh for each new request and the same for each
    /// repeat. Also accepted as `Idempotency-Key`, bare or quoted.
    #[param(
        rename = "X-Idempotency-Key",
        format = "uuid",
        pattern = "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-4[0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}$"
    )]
    key: String,
}

/// Binds a key to its user and to what is asked.
pub(crate) fn keyed(user: UserId, key: IdempotencyKey, route: String, canonical: &[u8]) -> Keyed {
    Keyed { key: ClaimKey { user, key }, fingerprint: Fingerprint::of(route, canonical) }
}

impl<S: Sync> FromRequestParts<S> for Key {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let missing = || {
            let detail = "The X-Idempotency-Key header is needed: a UUID version 4.";
            Problem::with_detail(&kind::IDEMPOTENCY_KEY_REQUIRED, detail)
        };
        find(&parts.headers)?.map(Self).ok_or_else(missing)
    }
}

impl<S: Sync> FromRequestParts<S> for OptionalKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        find(&parts.headers).map(Self)
    }
}

fn find(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, Problem> {
    let values = HEADERS.iter().flat_map(|name| headers.get_all(*name));
    let mut found = None;
    for value in values {
        let key = value.to_str().ok().and_then(|text| unquoted(text.trim()).parse().ok());
        let key: IdempotencyKey = key.ok_or_else(|| refused("It must be a UUID version 4."))?;
        if found.is_some_and(|first| first != key) {
            return Err(refused("The request has two different keys."));
        }
        found = Some(key);
    }
    Ok(found)
}

fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text)
}

fn refused(why: &'static str) -> Problem {
    Problem::with_detail(&kind::IDEMPOTENCY_KEY_INVALID, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "550e8400-e29b-41d4-a716-446655440000";
    const OTHER: &str = "7d444840-9dc0-41d1-b245-5ffdce74fad2";

    fn read(headers: &[(&'static str, &str)]) -> Result<Option<String>, Problem> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().expect("a header value"));
        }
        find(&map).map(|key| key.map(|key| key.to_string()))
    }

    #[test]
    fn a_key_may_come_in_either_header_bare_or_quoted() {
        let quoted = format!("\"{KEY}\"");
        for headers in [
            &[("x-idempotency-key", KEY)][..],
            &[("idempotency-key", KEY)],
            &[("idempotency-key", &quoted)],
            &[("x-idempotency-key", KEY), ("idempotency-key", &quoted)],
        ] {
            assert_eq!(read(headers).expect("a key").as_deref(), Some(KEY));
        }
        assert_eq!(read(&[]).expect("no key"), None);
    }

    #[test]
    fn what_is_not_one_uuid_of_version_4_is_refused() {
        for headers in [
            &[("x-idempotency-key", "")][..],
            &[("x-idempotency-key", "order-17")],
            &[("x-idempotency-key", "550e8400-e29b-11d4-a716-446655440000")],
            &[("x-idempotency-key", "\"550e8400-e29b-41d4-a716-446655440000")],
            &[("x-idempotency-key", KEY), ("idempotency-key", OTHER)],
            &[("x-idempotency-key", KEY), ("x-idempotency-key", OTHER)],
        ] {
            assert!(read(headers).is_err(), "{headers:?}");
        }
    }
}
