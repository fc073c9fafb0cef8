//! Keyed hashes, as providers write them: hexadecimal.

use hmac::digest::KeyInit;
use hmac::{Hmac, Mac};
use sha2::{Sha256, Sha512};

/// The HMAC-SHA256 of these parts, one after the other, in lower-case hex.
#[must_use]
pub fn sha256(key: &str, parts: &[&[u8]]) -> String {
    hex(&mac::<Hmac<Sha256>>(key, parts).finalize().into_bytes())
}

/// The HMAC-SHA512 of these parts, one after the other, in lower-case hex.
#[must_use]
pub fn sha512(key: &str, parts: &[&[u8]]) -> String {
    hex(&mac::<Hmac<Sha512>>(key, parts).finalize().into_bytes())
}

/// Whether this is their HMAC-SHA256. Compares in constant time.
#[must_use]
pub fn is_sha256(key: &str, parts: &[&[u8]], code: &str) -> bool {
    bytes(code).is_some_and(|code| mac::<Hmac<Sha256>>(key, parts).verify_slice(&code).is_ok())
}

/// Whether this is their HMAC-SHA512. Compares in constant time.
#[must_use]
pub fn is_sha512(key: &str, parts: &[&[u8]], code: &str) -> bool {
    bytes(code).is_some_and(|code| mac::<Hmac<Sha512>>(key, parts).verify_slice(&code).is_ok())
}

fn mac<M: Mac + KeyInit>(key: &str, parts: &[&[u8]]) -> M {
    let mut mac =
        <M as KeyInit>::new_from_slice(key.as_bytes()).expect("an HMAC key may have any length");
    parts.iter().for_each(|part| mac.update(part));
    mac
}

fn hex(code: &[u8]) -> String {
    code.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digit = |digit: u8| (digit as char).to_digit(16).map(|value| value as u8);
    let pair = |pair: &[u8]| Some(digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?);
    hex.as_bytes().chunks(2).map(pair).collect()
}
