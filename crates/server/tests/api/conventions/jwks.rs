//! Bearer tokens by public keys in a file.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use tempfile::TempDir;

use crate::support::{
    Answer, Ecdsa, Eddsa, Hmac256, Signer, TestApp, fresh_key, jwks_file, signed, token,
};

/// A server with both keys in its file.
async fn stage() -> (TestApp, TempDir) {
    let folder = TempDir::new().expect("a temporary folder");
    let path = jwks_file(folder.path());
    let app = TestApp::with(|config| {
        config.dev = false;
        config.jwks = Some(path);
    });
    (app.await, folder)
}

async fn with(app: &TestApp, signer: &impl Signer) -> Answer {
    let token = token(signer, "ann", None, app.seconds() + 60);
    app.get("/api/bookings").bearer(&token).send().await
}

#[tokio::test]
async fn each_key_of_the_file_verifies_its_own_tokens() {
    let (app, _folder) = stage().await;
    with(&app, &Ecdsa(Some("ec"))).await.granted(200);
    with(&app, &Eddsa(Some("ed"))).await.granted(200);
    let admin = token(&Eddsa(Some("ed")), "ann", Some("admin"), app.seconds() + 60);
    app.get("/api/admin/verify").bearer(&admin).send().await.granted(200);
    app.finish().await;
}

#[tokio::test]
async fn an_unknown_or_missing_or_wrong_name_of_a_key_is_refused() {
    let (app, _folder) = stage().await;
    with(&app, &Ecdsa(Some("other"))).await.refused(401, "UNAUTHENTICATED");
    with(&app, &Ecdsa(None)).await.refused(401, "UNAUTHENTICATED");
    with(&app, &Ecdsa(Some("ed"))).await.refused(401, "UNAUTHENTICATED");
    with(&app, &Eddsa(Some("ec"))).await.refused(401, "UNAUTHENTICATED");
    app.finish().await;
}

/// HS256 with the public key as its secret: the algorithm belongs to the key.
struct Confused(Vec<u8>);

impl Signer for Confused {
    fn header(&self) -> Header {
        Header { kid: Some("ed".to_owned()), ..Header::new(Algorithm::HS256) }
    }

    fn key(&self) -> EncodingKey {
        EncodingKey::from_secret(&self.0)
    }
}

#[tokio::test]
async fn a_public_key_is_no_secret() {
    let (app, folder) = stage().await;
    let file = std::fs::read(jwks_file(folder.path())).expect("the file");
    let text = String::from_utf8(file.clone()).expect("text");
    let x = text.split("\"x\":\"").last().and_then(|rest| rest.split('"').next());
    let x = x.expect("a coordinate").as_bytes().to_vec();
    for secret in [file, x, Vec::new()] {
        with(&app, &Confused(secret)).await.refused(401, "UNAUTHENTICATED");
    }
    app.finish().await;
}

#[tokio::test]
async fn time_counts_for_public_keys_too() {
    let (app, _folder) = stage().await;
    let token = token(&Ecdsa(Some("ec")), "ann", None, app.seconds() + 60);
    let call = || app.get("/api/bookings").bearer(&token).key(&fresh_key());
    call().send().await.granted(200);
    app.clock.advance(120_000);
    call().send().await.refused(401, "UNAUTHENTICATED");
    app.finish().await;
}

/// The Ed25519 key of the file, and a header of the attacker's choice.
struct Headed(Header);

impl Signer for Headed {
    fn header(&self) -> Header {
        self.0.clone()
    }

    fn key(&self) -> EncodingKey {
        Eddsa(None).key()
    }
}

#[tokio::test]
async fn a_key_is_chosen_by_its_very_name_and_nothing_is_opened_for_it() {
    let (app, folder) = stage().await;
    let path = jwks_file(folder.path()).display().to_string();
    let long = "k".repeat(4_096);
    for name in [
        "",
        "ED",
        "ed ",
        "ed\0",
        "*",
        "../../../../dev/null",
        &path,
        "file:///dev/null",
        "https://evil.example/jwks.json",
        "ed' OR '1'='1",
        "{\"$ne\":null}",
        &long,
    ] {
        let header = Header { kid: Some(name.to_owned()), ..Header::new(Algorithm::EdDSA) };
        with(&app, &Headed(header)).await.refused(401, "UNAUTHENTICATED");
    }
    app.finish().await;
}

#[tokio::test]
async fn a_key_that_a_token_brings_along_or_points_to_is_not_looked_at() {
    let (app, _folder) = stage().await;
    let exp = app.seconds() + 60;
    let claims = serde_json::json!({ "sub": "ann", "exp": exp });
    for header in [
        r#"{"alg":"HS256","jwk":{"kty":"oct","k":"c2VjcmV0"}}"#,
        r#"{"alg":"HS256","jku":"https://evil.example/jwks.json","kid":"ed"}"#,
        r#"{"alg":"HS256","x5u":"https://evil.example/cert.pem","kid":"ec"}"#,
        r#"{"alg":"HS256","x5c":["AAAA"],"kid":"ec"}"#,
        r#"{"alg":"none","kid":"ed"}"#,
        r#"{"alg":"None","kid":"ed"}"#,
        r#"{"alg":"","kid":"ed"}"#,
        r#"{"alg":["EdDSA"],"kid":"ed"}"#,
        r#"{"alg":"EdDSA","kid":["ed"]}"#,
        r#"{"alg":"EdDSA","kid":"ed","crit":["exp"]}"#,
    ] {
        // Signed with what the header brings along, and not at all.
        let own = signed(&Hmac256, &claims);
        let rest = own.split_once('.').expect("three parts").1;
        let unsigned = rest.rsplit_once('.').expect("two parts").0;
        let header = base64::Engine::encode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, header);
        for token in [format!("{header}.{rest}"), format!("{header}.{unsigned}.")] {
            let answer = app.get("/api/bookings").bearer(&token).send().await;
            answer.refused(401, "UNAUTHENTICATED");
        }
    }
    app.finish().await;
}
