//! Bearer tokens by a shared secret, and the headers of development mode.

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use crate::support::{Answer, Hmac256, JWT_SECRET, TestApp, fresh_key, signed, token};

async fn with(app: &TestApp, token: &str) -> Answer {
    app.get("/api/bookings").bearer(token).send().await
}

/// A token under another algorithm or secret.
fn forged(algorithm: Algorithm, secret: &[u8], claims: &Value) -> String {
    let key = EncodingKey::from_secret(secret);
    encode(&Header::new(algorithm), claims, &key).expect("a token")
}

/// The same words, unsigned.
fn unsigned(good: &str, header: &Value) -> String {
    let claims = good.split('.').nth(1).expect("three parts");
    let none = encode_part(header);
    format!("{none}.{claims}.")
}

fn encode_part(value: &Value) -> String {
    // Base64 as the library writes it: the header of a token that carries it.
    let token = forged(Algorithm::HS256, b"", value);
    token.split('.').nth(1).expect("three parts").to_owned()
}

#[tokio::test]
async fn a_good_token_is_its_user() {
    let app = TestApp::with_tokens().await;
    let showtime = app.showtime().await;
    let id = app.held("ann", &showtime, ["A1"]).await;
    assert_eq!(app.booking("ann", &id).await.granted(200).text("user_id"), "ann");
    app.booking("bob", &id).await.refused(403, "BOOKING_NOT_OWNED");
    app.finish().await;
}

#[tokio::test]
async fn a_token_that_cannot_be_trusted_is_refused() {
    let app = TestApp::with_tokens().await;
    let exp = app.seconds() + 60;
    let claims = json!({ "sub": "ann", "exp": exp });
    let good = signed(&Hmac256, &claims);
    with(&app, &good).await.granted(200);
    let (content, _) = good.rsplit_once('.').expect("three parts");
    let expired = json!({ "sub": "ann", "exp": app.seconds() - 3_600 });
    let early = json!({ "sub": "ann", "exp": exp, "nbf": exp });
    for (name, bad) in [
        ("expired", signed(&Hmac256, &expired)),
        ("not valid yet", signed(&Hmac256, &json!({ "sub": "ann", "exp": exp + 60, "nbf": exp }))),
        ("not valid yet, and short", signed(&Hmac256, &early)),
        ("no exp", signed(&Hmac256, &json!({ "sub": "ann" }))),
        ("exp is no time", signed(&Hmac256, &json!({ "sub": "ann", "exp": "never" }))),
        ("no sub", signed(&Hmac256, &json!({ "exp": exp }))),
        ("empty sub", signed(&Hmac256, &json!({ "sub": "", "exp": exp }))),
        ("long sub", signed(&Hmac256, &json!({ "sub": "x".repeat(65), "exp": exp }))),
        ("sub with a line end", signed(&Hmac256, &json!({ "sub": "a\nb", "exp": exp }))),
        ("sub is no text", signed(&Hmac256, &json!({ "sub": ["ann"], "exp": exp }))),
        ("another secret", forged(Algorithm::HS256, b"another secret of a good size", &claims)),
        ("empty secret", forged(Algorithm::HS256, b"", &claims)),
        ("another algorithm", forged(Algorithm::HS512, JWT_SECRET.as_bytes(), &claims)),
        ("alg none", unsigned(&good, &json!({ "alg": "none", "typ": "JWT" }))),
        ("no alg", unsigned(&good, &json!({ "typ": "JWT" }))),
        ("no signature", format!("{content}.")),
        ("cut off", content.to_owned()),
        ("changed", format!("x{good}")),
        ("empty", String::new()),
        ("not a token", "ann".to_owned()),
    ] {
        let answer = with(&app, &bad).await;
        assert_eq!(answer.status, 401, "{name}");
        let answer = answer.refused(401, "UNAUTHENTICATED");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{name}");
    }
    for header in ["Basic YW5uOmFubg==", &good, "Bearer"] {
        let answer = app.get("/api/bookings").header("Authorization", header).send().await;
        answer.refused(401, "UNAUTHENTICATED");
    }
    app.finish().await;
}

#[tokio::test]
async fn the_role_opens_the_admin_routes() {
    let app = TestApp::with_tokens().await;
    let exp = app.seconds() + 60;
    for role in [None, Some("user"), Some("Admin"), Some("admin ")] {
        let token = token(&Hmac256, "ann", role, exp);
        let answer = app.get("/api/admin/verify").bearer(&token).send().await;
        answer.refused(403, "FORBIDDEN");
    }
    let admin = token(&Hmac256, "ann", Some("admin"), exp);
    app.get("/api/admin/verify").bearer(&admin).send().await.granted(200);
    // The header counts for nothing beside a token.
    let user = token(&Hmac256, "ann", None, exp);
    let call = app.get("/api/admin/verify").bearer(&user).header("X-User-Role", "admin");
    call.send().await.refused(403, "FORBIDDEN");
    app.finish().await;
}

#[tokio::test]
async fn outside_development_mode_nobody_is_taken_at_their_word() {
    let app = TestApp::with_tokens().await;
    let call = app.get("/api/bookings").header("X-User-Id", "ann");
    call.send().await.refused(401, "UNAUTHENTICATED");
    let call = app.get("/api/admin/verify").header("X-User-Id", "ann");
    let call = call.header("X-User-Role", "admin");
    call.send().await.refused(401, "UNAUTHENTICATED");
    // Nor is another user's name believed beside a token.
    let anns = token(&Hmac256, "ann", None, app.seconds() + 60);
    let showtime = app.showtime().await;
    let body = json!({ "showtime_id": showtime, "seats": ["A1"] });
    let call = app.post("/api/bookings/hold").bearer(&anns).header("X-User-Id", "bob");
    let held = call.key(&fresh_key()).json(&body).send().await.granted(201);
    let booking = app.booking("ann", held.text("booking_id")).await.granted(200);
    assert_eq!(booking.text("user_id"), "ann");
    app.finish().await;
}

#[tokio::test]
async fn development_mode_takes_users_at_their_word() {
    let app = TestApp::start().await;
    app.get("/api/bookings").header("X-User-Id", "ann").send().await.granted(200);
    for id in ["", &"x".repeat(65)] {
        let call = app.get("/api/bookings").header("X-User-Id", id);
        call.send().await.refused(401, "UNAUTHENTICATED");
    }
    app.get("/api/admin/verify").header("X-User-Id", "ann").send().await.refused(403, "FORBIDDEN");
    app.finish().await;
}

#[tokio::test]
async fn with_a_key_development_mode_believes_no_forged_token() {
    let app = TestApp::with(|config| config.jwt_secret = JWT_SECRET.parse().ok()).await;
    let good = token(&Hmac256, "ann", None, app.seconds() + 60);
    with(&app, &good).await.granted(200);
    let call = app.get("/api/bookings").header("X-User-Id", "ann").bearer("x.y.z");
    call.send().await.refused(401, "UNAUTHENTICATED");
    app.finish().await;
}

/// An id is opaque: it need not be hex, nor ASCII.
#[tokio::test]
async fn any_name_of_a_user_works_from_hold_to_sale() {
    const NAME: &str = "auth0|Zoë 日本";
    for app in [TestApp::start().await, TestApp::with_tokens().await] {
        let showtime = app.showtime().await;
        let id = app.held(NAME, &showtime, ["A1"]).await;
        assert_eq!(app.booking(NAME, &id).await.granted(200).text("user_id"), NAME);
        assert_eq!(app.bookings(NAME, "").await.granted(200).body["total"], 1);
        let answer = app.hold(NAME, &showtime, ["A1"]).await.refused(409, "SEAT_HELD_BY_YOU");
        assert_eq!(answer.text("booking_id"), id);
        app.cancel(NAME, &id).await.granted(200);
        app.finish().await;
    }
}

#[tokio::test]
async fn audience_and_issuer_are_checked_when_configured() {
    let app = TestApp::with(|config| {
        config.dev = false;
        config.jwt_secret = JWT_SECRET.parse().ok();
        config.jwt_audience = Some("seats".to_owned());
        config.jwt_issuer = Some("https://id.example".to_owned());
    })
    .await;
    let exp = app.seconds() + 60;
    let claims = |aud: &str, iss: &str| json!({ "sub": "ann", "exp": exp, "aud": aud, "iss": iss });
    let good = claims("seats", "https://id.example");
    with(&app, &signed(&Hmac256, &good)).await.granted(200);
    for bad in [
        claims("trains", "https://id.example"),
        claims("seats", "https://evil.example"),
        json!({ "sub": "ann", "exp": exp, "iss": "https://id.example" }),
        json!({ "sub": "ann", "exp": exp, "aud": "seats" }),
    ] {
        with(&app, &signed(&Hmac256, &bad)).await.refused(401, "UNAUTHENTICATED");
    }
    app.finish().await;
}

/// Larger than any head may be, or just below it.
#[tokio::test]
async fn a_huge_token_is_refused_and_costs_nothing() {
    let app = TestApp::with_tokens().await;
    let exp = app.seconds() + 60;
    let sized = |bytes: usize| json!({ "sub": "ann", "exp": exp, "pad": "x".repeat(bytes) });
    // One of ordinary size with much in it is a token like others.
    with(&app, &signed(&Hmac256, &sized(4_096))).await.granted(200);
    with(&app, &"x".repeat(14_000)).await.refused(401, "UNAUTHENTICATED");
    let answer = with(&app, &signed(&Hmac256, &sized(20_000))).await;
    assert_eq!(answer.status, 431);
    // Deep, not long: the claims are of the shape they are of.
    let deep = json!({ "sub": "ann", "exp": exp, "pad": nested(100) });
    with(&app, &signed(&Hmac256, &deep)).await.granted(200);
    for claims in [
        json!({ "sub": "ann", "exp": exp, "role": ["admin"] }),
        json!({ "sub": "ann", "exp": f64::MAX }),
        json!({ "sub": "ann", "exp": -1 }),
        json!({ "sub": { "$ne": "" }, "exp": exp }),
    ] {
        let answer = app.get("/api/admin/verify").bearer(&signed(&Hmac256, &claims)).send().await;
        assert!([401, 403].contains(&answer.status), "{claims}: {answer:?}");
    }
    app.finish().await;
}

fn nested(depth: usize) -> Value {
    (0..depth).fold(Value::Null, |inner, _| json!([inner]))
}
