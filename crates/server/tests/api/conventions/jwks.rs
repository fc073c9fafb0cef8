//! Bearer tokens by public keys in a file.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use tempfile::TempDir;

use crate::support::{Answer, Ecdsa, Eddsa, Signer, TestApp, fresh_key, jwks_file, token};

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
