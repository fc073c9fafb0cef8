//! Keys whose bytes sort as the values do. Parts of variable length stand last,
//! or after their length, so that no two keys can be confused.

use std::ops::Bound;

use seathold_core::{SeatLabel, ShowtimeId, Timestamp, UserId};
use seathold_service::model::{ClaimKey, PaymentMethod, PaymentStatus};
use seathold_service::ports::EventKey;

use super::Broken;

/// Bytes of an ObjectId.
pub(super) const ID: usize = 12;

/// Bytes of a moment.
pub(super) const TIME: usize = 8;

/// Sorts as time does.
pub(super) fn time(at: Timestamp) -> [u8; TIME] {
    // With the sign turned round, moments before 1970 sort first.
    (at.as_millis() as u64 ^ 1 << 63).to_be_bytes()
}

pub(super) fn time_and(at: Timestamp, key: &[u8]) -> Vec<u8> {
    [&time(at), key].concat()
}

/// The end of a range over all keys that begin with this moment or an earlier.
pub(super) fn until(at: Timestamp) -> [u8; TIME] {
    time(at.plus_millis(1))
}

pub(super) fn seat(showtime: ShowtimeId, label: &SeatLabel) -> Vec<u8> {
    [&showtime.bytes(), label.as_str().as_bytes()].concat()
}

/// The label with which a seat's key ends.
pub(super) fn label(text: &[u8]) -> Result<SeatLabel, Broken> {
    let label = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
    label.ok_or_else(|| Broken("a key has no seat's label".to_owned()))
}

/// The prefix of everything that is filed under a user.
pub(super) fn user(user: &UserId) -> Vec<u8> {
    let text = user.as_str().as_bytes();
    // At most 64 characters, so at most 256 bytes.
    [&(text.len() as u16).to_be_bytes(), text].concat()
}

/// The range of all keys above this one, or of all.
pub(super) fn after(key: Option<&[u8]>) -> (Bound<&[u8]>, Bound<&[u8]>) {
    (key.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded)
}

/// The ObjectId with which a key ends.
pub(super) fn last_id(key: &[u8]) -> Result<[u8; ID], Broken> {
    key.last_chunk().copied().ok_or_else(|| Broken("a key is too short for an id".to_owned()))
}

/// The least key above all that begin with this prefix, which must not be all
/// ones.
pub(super) fn after_prefix(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while end.pop_if(|last| *last == u8::MAX).is_some() {}
    if let Some(last) = end.last_mut() {
        *last += 1;
    }
    end
}

/// The prefix of the holds of a user with this key.
pub(super) fn user_key(key: &ClaimKey) -> Vec<u8> {
    [&user(&key.user)[..], key.key.uuid().as_bytes()].concat()
}

pub(super) fn claim(key: &ClaimKey) -> Vec<u8> {
    [key.key.uuid().as_bytes(), key.user.as_str().as_bytes()].concat()
}

pub(super) fn transaction(provider: PaymentMethod, transaction_id: &str) -> Vec<u8> {
    named(provider.as_str(), transaction_id.as_bytes())
}

pub(super) fn payment_status(status: PaymentStatus, payment: &[u8]) -> Vec<u8> {
    named(status.as_str(), payment)
}

pub(super) fn event(key: &EventKey) -> Vec<u8> {
    let rest = named(key.outcome.as_str(), key.transaction_id.as_bytes());
    named(key.provider.as_str(), &rest)
}

/// Names contain no zero byte, so the first one ends the name.
fn named(name: &str, rest: &[u8]) -> Vec<u8> {
    [name.as_bytes(), &[0], rest].concat()
}
