use std::path::PathBuf;

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use super::*;

const SECRET: &str = "a secret of enough characters";
const NOW_SECONDS: i64 = 1_700_000_000;

fn config() -> Config {
    let jwt_secret = Some(SECRET.parse().expect("a secret"));
    Config { dev: false, jwt_secret, ..Config::development(PathBuf::from("data")) }
}

fn token(algorithm: Algorithm, secret: &str, claims: &Value) -> String {
    let key = EncodingKey::from_secret(secret.as_bytes());
    encode(&Header::new(algorithm), claims, &key).expect("a token")
}

fn ask(config: &Config, authorization: &str) -> Result<Viewer, &'static str> {
    let auth = Auth::new(config).expect("a configuration");
    let claimed = Claimed { authorization: Some(authorization), ..Claimed::default() };
    auth.viewer(claimed, Timestamp::from_millis(NOW_SECONDS * 1000))
}

fn signed(claims: &Value) -> String {
    format!("Bearer {}", token(Algorithm::HS256, SECRET, claims))
}

#[test]
fn a_good_token_names_its_user_and_role() {
    let viewer = ask(&config(), &signed(&json!({"sub": "ann", "exp": NOW_SECONDS + 60})));
    let viewer = viewer.expect("a viewer");
    assert_eq!((viewer.user.as_str(), viewer.admin), ("ann", false));
    let claims = json!({"sub": "bob", "exp": NOW_SECONDS + 60, "role": "admin"});
    assert!(ask(&config(), &signed(&claims)).expect("a viewer").admin);
}

#[test]
fn time_counts_with_a_little_leeway() {
    let at = |exp: i64| ask(&config(), &signed(&json!({"sub": "ann", "exp": exp})));
    assert!(at(NOW_SECONDS - LEEWAY_SECONDS + 1).is_ok());
    assert!(at(NOW_SECONDS - LEEWAY_SECONDS).is_err());
    let early = json!({"sub": "ann", "exp": NOW_SECONDS + 600, "nbf": NOW_SECONDS + 60});
    assert!(ask(&config(), &signed(&early)).is_err());
}

#[test]
fn subject_and_expiry_are_required() {
    assert!(ask(&config(), &signed(&json!({"sub": "ann"}))).is_err());
    assert!(ask(&config(), &signed(&json!({"exp": NOW_SECONDS + 60}))).is_err());
    assert!(ask(&config(), &signed(&json!({"sub": "", "exp": NOW_SECONDS + 60}))).is_err());
}

#[test]
fn another_secret_algorithm_or_scheme_is_refused() {
    let claims = json!({"sub": "ann", "exp": NOW_SECONDS + 60});
    let foreign = token(Algorithm::HS256, "another secret, long enough", &claims);
    assert!(ask(&config(), &format!("Bearer {foreign}")).is_err());
    let stronger = token(Algorithm::HS512, SECRET, &claims);
    assert!(ask(&config(), &format!("Bearer {stronger}")).is_err());
    // {"alg":"none"} without a signature.
    let good = token(Algorithm::HS256, SECRET, &claims);
    let payload = good.split('.').nth(1).expect("three parts");
    assert!(ask(&config(), &format!("Bearer eyJhbGciOiJub25lIn0.{payload}.")).is_err());
    assert!(ask(&config(), &format!("Basic {good}")).is_err());
    assert!(ask(&config(), "Bearer").is_err());
}

#[test]
fn audience_and_issuer_are_required_once_configured() {
    let config = Config {
        jwt_audience: Some("seats".to_owned()),
        jwt_issuer: Some("https://id.example".to_owned()),
        ..config()
    };
    let bare = json!({"sub": "ann", "exp": NOW_SECONDS + 60});
    assert!(ask(&config, &signed(&bare)).is_err());
    let full = |aud: &str| json!({"sub": "ann", "exp": NOW_SECONDS + 60, "aud": aud, "iss": "https://id.example"});
    assert!(ask(&config, &signed(&full("seats"))).is_ok());
    assert!(ask(&config, &signed(&full("trains"))).is_err());
}

#[test]
fn headers_are_believed_in_development_only() {
    let claimed = Claimed { user_id: Some("ann"), role: Some("admin"), ..Claimed::default() };
    let now = Timestamp::from_millis(0);
    let strict = Auth::new(&config()).expect("a configuration");
    assert!(strict.viewer(claimed, now).is_err());
    let dev = Auth::new(&Config { dev: true, ..config() }).expect("a configuration");
    assert!(dev.viewer(claimed, now).expect("a viewer").admin);
    let forged = Claimed { authorization: Some("Bearer x.y.z"), ..claimed };
    assert!(dev.viewer(forged, now).is_err());
}

/// Public keys in a file, whose private halves signed `tests/tokens.json` once.
fn key_file() -> Config {
    let jwks =
        Some(PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src/auth/tests/jwks.json")));
    Config { jwt_secret: None, jwks, ..config() }
}

#[test]
fn every_kind_of_public_key_verifies_its_own_tokens() {
    let tokens: Value = serde_json::from_str(include_str!("tokens.json")).expect("tokens");
    for kind in ["rsa", "ec", "ed"] {
        let token = tokens[kind].as_str().expect("a token");
        let viewer = ask(&key_file(), &format!("Bearer {token}"));
        assert_eq!(viewer.expect(kind).user.as_str(), "ann");
        let (content, _) = token.rsplit_once('.').expect("three parts");
        let (_, foreign) = tokens["ed"].as_str().and_then(|t| t.rsplit_once('.')).expect("parts");
        let forged = ask(&key_file(), &format!("Bearer {content}.{foreign}"));
        assert_eq!(forged.is_ok(), kind == "ed", "{kind} with the signature of ed");
    }
}

#[test]
fn a_public_key_is_no_hmac_secret_and_needs_its_name() {
    let claims = json!({"sub": "ann", "exp": NOW_SECONDS + 60});
    let modulus = include_str!("jwks.json");
    let key = EncodingKey::from_secret(modulus.as_bytes());
    for kid in [Some("rsa".to_owned()), None, Some("other".to_owned())] {
        let header = Header { kid, ..Header::new(Algorithm::HS256) };
        let token = encode(&header, &claims, &key).expect("a token");
        assert!(ask(&key_file(), &format!("Bearer {token}")).is_err());
    }
}

#[test]
fn a_key_file_that_cannot_be_used_stops_the_start() {
    let jwks = Some(PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")));
    let config = Config { jwks, ..key_file() };
    let Err(error) = Auth::new(&config) else { panic!("this is no key file") };
    assert!(error.to_string().ends_with("Cargo.toml: must be a JSON Web Key Set"), "{error}");
}
