use std::path::{Path, PathBuf};

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use super::JWT_SECRET;

/// Who signs a token.
pub(crate) trait Signer {
    fn header(&self) -> Header;
    fn key(&self) -> EncodingKey;
}

/// The shared secret of the tests.
pub(crate) struct Hmac256;

/// The P-256 key of [`jwks_file`], under this name.
pub(crate) struct Ecdsa(pub(crate) Option<&'static str>);

/// The Ed25519 key of [`jwks_file`], under this name.
pub(crate) struct Eddsa(pub(crate) Option<&'static str>);

/// Private keys of these tests and of nothing else, as PKCS #8.
const P256: &str = "308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420490d7eb0ca44273433bce32d3f2b8b0c6e59f0bc496a3c9a2c95e0565edd6c86a1440342000418de4b391aeead35741617e53127dd6763a922006f4d7ce8015a9341eda714a5319388edc22e15f8054d7878ece292b80207acc36cce86e54328dc4fc157b88f";
const ED25519: &str = "302e020100300506032b657004220420dc562cf28bd6054835ed4435c3b6ded5c9ce7401ab48d50f6540d7a855ad20f8";

impl Signer for Hmac256 {
    fn header(&self) -> Header {
        Header::new(Algorithm::HS256)
    }

    fn key(&self) -> EncodingKey {
        EncodingKey::from_secret(JWT_SECRET.as_bytes())
    }
}

impl Signer for Ecdsa {
    fn header(&self) -> Header {
        Header { kid: self.0.map(str::to_owned), ..Header::new(Algorithm::ES256) }
    }

    fn key(&self) -> EncodingKey {
        EncodingKey::from_ec_der(&bytes(P256))
    }
}

impl Signer for Eddsa {
    fn header(&self) -> Header {
        Header { kid: self.0.map(str::to_owned), ..Header::new(Algorithm::EdDSA) }
    }

    fn key(&self) -> EncodingKey {
        EncodingKey::from_ed_der(&bytes(ED25519))
    }
}

/// A token for this user and role, good until `exp` (seconds since the epoch).
pub(crate) fn token(signer: &impl Signer, user: &str, role: Option<&str>, exp: i64) -> String {
    let mut claims = json!({ "sub": user, "exp": exp });
    if let Some(role) = role {
        claims["role"] = role.into();
    }
    signed(signer, &claims)
}

/// A token that says this.
pub(crate) fn signed(signer: &impl Signer, claims: &Value) -> String {
    encode(&signer.header(), claims, &signer.key()).expect("a token")
}

/// The public halves of both keys, under the names `ec` and `ed`.
pub(crate) fn jwks_file(folder: &Path) -> PathBuf {
    let path = folder.join("jwks.json");
    let keys = json!({ "keys": [
        { "kty": "EC", "kid": "ec", "use": "sig", "crv": "P-256",
          "x": "GN5LORrurTV0FhflMSfdZ2OpIgBvTXzoAVqTQe2nFKU",
          "y": "MZOI7cIuFfgFTXh47OKSuAIHrMNszoblQyjcT8FXuI8" },
        { "kty": "OKP", "kid": "ed", "use": "sig", "crv": "Ed25519",
          "x": "iLUSE44jAKRKe6mxEFjh3pORCXyiVTkUs8g2io2cRq4" },
    ]});
    std::fs::write(&path, keys.to_string()).expect("a file in a temporary folder");
    path
}

fn bytes(hex: &str) -> Vec<u8> {
    let pair = |at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex digits");
    (0..hex.len()).step_by(2).map(pair).collect()
}
