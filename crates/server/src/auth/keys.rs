use std::path::Path;

use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse,
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::de::DeserializeOwned;

use crate::config::{Config, ConfigError};

/// The keys that tokens may be signed with.
pub(super) struct Keys(Vec<Key>);

/// A key, its name, and what a token signed with it must fulfil. The algorithm
/// belongs to the key: a token has no say in it.
struct Key {
    id: Option<String>,
    key: DecodingKey,
    validation: Validation,
}

impl Keys {
    /// The keys of this configuration, if it names any.
    ///
    /// # Errors
    /// The key file cannot be read, or a key in it cannot be used.
    pub(super) fn of(config: &Config) -> Result<Option<Self>, ConfigError> {
        if let Some(secret) = &config.jwt_secret {
            let key = DecodingKey::from_secret(secret.expose().as_bytes());
            let validation = validation(config, Algorithm::HS256);
            return Ok(Some(Self(vec![Key { id: None, key, validation }])));
        }
        let Some(path) = &config.jwks else { return Ok(None) };
        let refused =
            |expected: &str| ConfigError::of_value("JWKS", &path.display().to_string(), expected);
        let keys: Vec<Key> = signing_keys(path)
            .map_err(refused)?
            .iter()
            .map(|jwk| public_key(jwk, config))
            .collect::<Option<_>>()
            .ok_or_else(|| refused("every signing key must be of RS256, ES256 or EdDSA"))?;
        if keys.is_empty() {
            return Err(refused("must have at least one signing key"));
        }
        Ok(Some(Self(keys)))
    }

    /// What the token says, if one of the keys has signed it, for us. Its time
    /// is not looked at.
    pub(super) fn verify<T: DeserializeOwned>(&self, token: &str) -> Option<T> {
        let wanted = decode_header(token).ok()?.kid;
        let key = self.choose(wanted.as_deref())?;
        Some(decode(token, &key.key, &key.validation).ok()?.claims)
    }

    /// The key of this name; or the only key, unless both have different names.
    fn choose(&self, wanted: Option<&str>) -> Option<&Key> {
        let named = |key: &&Key| wanted.is_some() && key.id.as_deref() == wanted;
        match &self.0[..] {
            [only] if wanted.is_none() || only.id.is_none() => Some(only),
            keys => keys.iter().find(named),
        }
    }
}

fn signing_keys(path: &Path) -> Result<Vec<Jwk>, &'static str> {
    let text = std::fs::read(path).map_err(|_| "must be a file that can be read")?;
    let set: JwkSet = serde_json::from_slice(&text).map_err(|_| "must be a JSON Web Key Set")?;
    let signs = |jwk: &Jwk| jwk.common.public_key_use != Some(PublicKeyUse::Encryption);
    Ok(set.keys.into_iter().filter(signs).collect())
}

fn public_key(jwk: &Jwk, config: &Config) -> Option<Key> {
    let (algorithm, name) = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => (Algorithm::RS256, KeyAlgorithm::RS256),
        AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P256 => {
            (Algorithm::ES256, KeyAlgorithm::ES256)
        }
        AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519 => {
            (Algorithm::EdDSA, KeyAlgorithm::EdDSA)
        }
        _ => return None,
    };
    if jwk.common.key_algorithm.is_some_and(|said| said != name) {
        return None;
    }
    let key = DecodingKey::from_jwk(jwk).ok()?;
    Some(Key { id: jwk.common.key_id.clone(), key, validation: validation(config, algorithm) })
}

fn validation(config: &Config, algorithm: Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    let mut required = vec!["exp", "sub"];
    // The time is compared with the server's own clock, see `bearer`.
    validation.validate_exp = false;
    validation.validate_aud = config.jwt_audience.is_some();
    if let Some(audience) = &config.jwt_audience {
        validation.set_audience(&[audience]);
        required.push("aud");
    }
    if let Some(issuer) = &config.jwt_issuer {
        validation.set_issuer(&[issuer]);
        required.push("iss");
    }
    validation.set_required_spec_claims(&required);
    validation
}
