use axum::http::{HeaderMap, HeaderName, HeaderValue};
use seathold_service::ports::{Account, Balance};

/// The quotas, and what is left of each
/// (draft-ietf-httpapi-ratelimit-headers-10, structured fields).
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const CURRENT: HeaderName = HeaderName::from_static("ratelimit");

/// The same of the quota that is the nearest to its end, for clients that were written
/// by that draft's versions up to 6.
const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// All of them.
pub(in crate::http) const FIELDS: [HeaderName; 5] = [POLICY, CURRENT, LIMIT, REMAINING, RESET];

/// What clients know a quota by: what is counted.
pub(super) fn policy(account: &Account) -> &'static str {
    if account.name.starts_with("user:") { "user" } else { "address" }
}

/// Says how many requests are left.
pub(super) fn write(headers: &mut HeaderMap, accounts: &[Account], balances: &[Balance]) {
    let both = || accounts.iter().zip(balances);
    let policies = both().map(|(account, _)| {
        let (quota, name) = (account.quota, policy(account));
        format!("\"{name}\";q={};w={}", quota.requests(), quota.seconds())
    });
    let current = both().map(|(account, balance)| {
        format!("\"{}\";r={};t={}", policy(account), balance.left, balance.full_seconds)
    });
    insert_list(headers, POLICY, &policies.collect::<Vec<_>>());
    insert_list(headers, CURRENT, &current.collect::<Vec<_>>());
    if let Some((account, balance)) = both().min_by_key(|(_, balance)| balance.left) {
        headers.insert(LIMIT, account.quota.requests().into());
        headers.insert(REMAINING, balance.left.into());
        headers.insert(RESET, balance.full_seconds.into());
    }
}

fn insert_list(headers: &mut HeaderMap, name: HeaderName, items: &[String]) {
    // Names and numbers: always a header value.
    if let Ok(value) = HeaderValue::try_from(items.join(", ")) {
        headers.insert(name, value);
    }
}
