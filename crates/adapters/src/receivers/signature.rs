//! How messages are signed: `v1,` and the Base64 of the HMAC-SHA256 of
//! `{id}.{timestamp}.{body}`.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::digest::KeyInit;
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// Bytes of a secret: fewer can be guessed, and more are not accepted by libraries
/// of the Standard Webhooks.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// A secret that messages are signed with. Never printed.
#[derive(Clone)]
pub struct SigningSecret(Vec<u8>);

/// A text that is not such a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be whsec_ and 24 to 64 bytes in Base64")]
pub struct InvalidSecret;

impl FromStr for SigningSecret {
    type Err = InvalidSecret;

    fn from_str(text: &str) -> Result<Self, InvalidSecret> {
        let encoded = text.strip_prefix("whsec_").ok_or(InvalidSecret)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| InvalidSecret)?;
        if SECRET_BYTES.contains(&bytes.len()) { Ok(Self(bytes)) } else { Err(InvalidSecret) }
    }
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// The header that signs a message sent at `at` (seconds since the Unix epoch): a
/// signature by each secret, with spaces in between.
#[must_use]
pub fn sign(secrets: &[SigningSecret], id: &str, at: i64, body: &[u8]) -> String {
    let signatures: Vec<_> = secrets.iter().map(|secret| one(secret, id, at, body)).collect();
    signatures.join(" ")
}

fn one(secret: &SigningSecret, id: &str, at: i64, body: &[u8]) -> String {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&secret.0)
        .expect("an HMAC key may have any length");
    mac.update(format!("{id}.{at}.").as_bytes());
    mac.update(body);
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const AT: i64 = 1_614_265_330;
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    fn secret(text: &str) -> SigningSecret {
        text.parse().expect("a secret")
    }

    #[test]
    fn the_published_vector_is_signed() {
        assert_eq!(sign(&[secret(SECRET)], ID, AT, BODY), SIGNATURE);
    }

    #[test]
    fn each_secret_signs_while_they_are_changed() {
        let new = secret("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
        let both = sign(&[new.clone(), secret(SECRET)], ID, AT, BODY);
        assert_eq!(both, format!("{} {SIGNATURE}", sign(&[new], ID, AT, BODY)));
    }

    #[test]
    fn a_secret_is_of_the_right_form_and_never_printed() {
        for wrong in ["", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_", "whsec_c2hvcnQ=", "whsec_!"]
        {
            assert_eq!(wrong.parse::<SigningSecret>().expect_err(wrong), InvalidSecret);
        }
        assert_eq!(format!("{:?}", secret(SECRET)), "(secret)");
    }
}
