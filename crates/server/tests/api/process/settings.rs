//! What the operator sets, and what is said about wrong values.

use serde_json::json;

use crate::support::{Place, Program, fresh_key};

/// Starts a server that must not start; gives what it says about it.
async fn refused(status: i32, arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let place = Place::embedded();
    let path = place.path().to_str().expect("a path of plain text");
    let mut all = vec!["serve", "--data-dir", path];
    all.extend(arguments);
    Program::run(&all, variables).await.complaint(status).to_owned()
}

#[tokio::test]
async fn a_wrong_value_is_named_with_its_variable_and_what_is_accepted() {
    for (name, value, expected) in [
        ("PORT", "abc", "a whole number from 0 to 65535"),
        ("PORT", "65536", "a whole number from 0 to 65535"),
        ("PORT", "-1", "a whole number from 0 to 65535"),
        ("HOLD_TTL_SECONDS", "0", "a whole number from 1 to 86400"),
        ("HOLD_TTL_SECONDS", "86401", "a whole number from 1 to 86400"),
        ("HOLD_TTL_SECONDS", "10m", "a whole number from 1 to 86400"),
        ("REFUND_CLOSES_SECONDS", "-1", "a whole number from 0 to 2592000"),
        ("MAX_SEATS_PER_HOLD", "0", "a whole number from 1 to 1000"),
        ("MAX_SEATS_PER_USER", "many", "a whole number from 1 to 60000"),
        ("DRAIN_MS", "8001", "a whole number from 0 to 8000"),
        ("SWEEP_CRON", "bad", "a cron expression of six fields"),
        ("SWEEP_CRON", "* * * * *", "a cron expression of six fields"),
        ("SWEEP_CRON", "0 0 * * * * 2030", "a cron expression of six fields"),
        ("MAX_REQUESTS_IN_FLIGHT", "0", "a whole number from 1 to 1000000"),
        ("LOCK_TTL_MS", "1", "a whole number from 100 to 60000"),
        ("LOCK_MAX_RETRIES", "11", "a whole number from 0 to 10"),
        ("LOCK_RETRY_BASE_MS", "0", "a whole number from 1 to 1000"),
        ("LOG_FORMAT", "xml", "text or json"),
        ("PUBLIC_URL", "shop", "an absolute http or https URL"),
        ("PAYMENT_GATEWAY_URL", "ftp://x", "an absolute http or https URL"),
        ("MOMO_URL", "momo", "an absolute http or https URL"),
        ("EVENTS_URLS", "shop", "an absolute http or https URL"),
        ("ZALOPAY_APP_ID", "shop", "a whole number"),
        ("DEFAULT_RETURN_URL", "/paid", "an absolute http or https URL"),
        ("RETURN_URL_ORIGINS", "*", "origins like https://shop.example"),
        ("CORS_ORIGINS", "*", "origins like https://shop.example"),
        ("RATE_LIMIT", "fast", "like 100/60s for each user and each address"),
        ("RATE_LIMIT", "100/2h", "1 to 1000000 requests in 1s to 1h"),
        ("TRUSTED_PROXIES", "balancer", "addresses and networks like 192.0.2.7"),
        ("MAX_CONNECTIONS", "0", "a whole number from 1 to 1000000"),
    ] {
        let complaint = refused(2, &["--dev"], &[(name, value)]).await;
        assert!(complaint.starts_with(&format!("{name}={value}: must be ")), "{complaint}");
        assert!(complaint.contains(expected), "{complaint}");
    }
}

#[tokio::test]
async fn a_flag_is_named_like_its_variable() {
    let complaint = refused(2, &["--dev", "--hold-ttl-seconds", "0"], &[]).await;
    assert!(complaint.starts_with("HOLD_TTL_SECONDS=0: must be "), "{complaint}");
}

#[tokio::test]
async fn without_a_key_only_development_mode_starts() {
    let complaint = refused(1, &["--port", "0"], &[]).await;
    assert!(complaint.starts_with("JWT_SECRET: must be set"), "{complaint}");
    let complaint = refused(1, &["--port", "0"], &[("JWT_SECRET", "")]).await;
    assert!(complaint.starts_with("JWT_SECRET: must be set"), "{complaint}");
}

#[tokio::test]
async fn settings_that_do_not_go_together_stop_the_start() {
    let secret = ("JWT_SECRET", "never-to-be-printed");
    for (variables, expected) in [
        (&[("JWT_SECRET", "tiny-secret")][..], "JWT_SECRET: must have at least 16 characters"),
        (&[secret, ("JWKS", "keys.json")], "JWKS: must not be set together with JWT_SECRET"),
        (&[("JWKS", "/no/such/file")], "JWKS=/no/such/file: must be a file"),
        (
            &[secret, ("PAYMENT_GATEWAY_URL", "http://localhost:1")],
            "PAYMENT_WEBHOOK_SECRET: must be set",
        ),
        (
            &[
                secret,
                ("RETURN_URL_ORIGINS", "https://shop.example"),
                ("DEFAULT_RETURN_URL", "https://other.example/"),
            ],
            "DEFAULT_RETURN_URL=https://other.example/: must have one of the RETURN_URL_ORIGINS",
        ),
        (
            &[secret, ("MOMO_PARTNER_CODE", "SHOP"), ("MOMO_SECRET_KEY", "never-to-be-printed")],
            "MOMO_ACCESS_KEY, MOMO_URL: must be set together with MOMO_PARTNER_CODE, MOMO_SECRET_KEY",
        ),
        (&[secret, ("EVENTS_URLS", "https://shop.example/events")], "EVENTS_SECRET: must be set"),
        (&[secret, ("EVENTS_SECRET", "never-to-be-printed")], "EVENTS_URLS: must be set"),
        (
            &[
                secret,
                ("EVENTS_URLS", "https://shop.example/events"),
                ("EVENTS_SECRET", "never-to-be-printed"),
            ],
            "EVENTS_SECRET: must be whsec_ and 24 to 64 bytes in Base64",
        ),
        (&[secret, ("CARD_URL", "http://localhost:1")], "CARD_WEBHOOK_SECRET: must be set"),
        (&[secret, ("MONGO_URI", "mongodb://never-to-be-printed@localhost/x")], "REDIS_URL: "),
        (&[secret, ("REDIS_URL", "redis://:never-to-be-printed@localhost")], "REDIS_URL: "),
    ] {
        let complaint = refused(1, &["--port", "0"], variables).await;
        assert!(complaint.starts_with(expected), "{complaint}");
        assert!(!complaint.contains("never-to-be-printed"), "{complaint}");
        assert!(!complaint.contains("tiny-secret"), "{complaint}");
    }
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let complaint = refused(1, &["--dev"], &[("PORT", &port)]).await;
    assert!(complaint.starts_with(&format!("PORT={port}: is in use")), "{complaint}");
}

#[tokio::test]
async fn variables_are_obeyed_and_empty_ones_count_as_not_set() {
    let place = Place::embedded();
    let variables = [
        ("HOLD_TTL_SECONDS", "7"),
        ("MAX_SEATS_PER_HOLD", "1"),
        ("MAX_SEATS_PER_USER", ""),
        ("MONGO_URI", ""),
        ("CORS_ORIGINS", ""),
    ];
    let server = Program::serve(&place, &variables).await;
    let showtime = server.showtime().await;
    server.hold("ann", &showtime, ["A1", "A2"]).await.invalid("seats");
    let before = server.now();
    let held = server.hold("ann", &showtime, ["A1"]).await.granted(201);
    let until = chrono::DateTime::parse_from_rfc3339(held.text("hold_expires_at")).expect("a time");
    let lasts = until.timestamp_millis() - before;
    assert!((7_000..10_000).contains(&lasts), "{lasts} ms");
    assert!(server.stop().await.status.success());
}

#[tokio::test]
async fn help_lists_every_setting() {
    let help = Program::run(&["serve", "--help"], &[("JWT_SECRET", "never-to-be-printed")]).await;
    assert!(help.status.success());
    for name in [
        "PORT",
        "HOST",
        "DATA_DIR",
        "MONGO_URI",
        "REDIS_URL",
        "JWT_SECRET",
        "JWKS",
        "HOLD_TTL_SECONDS",
        "MAX_SEATS_PER_HOLD",
        "MAX_SEATS_PER_USER",
        "SWEEP_CRON",
        "PAYMENT_GATEWAY_URL",
        "PAYMENT_WEBHOOK_SECRET",
        "EVENTS_URLS",
        "EVENTS_SECRET",
        "MOMO_PARTNER_CODE",
        "MOMO_ACCESS_KEY",
        "MOMO_SECRET_KEY",
        "MOMO_URL",
        "VNPAY_TMN_CODE",
        "VNPAY_HASH_SECRET",
        "VNPAY_URL",
        "VNPAY_API_URL",
        "ZALOPAY_APP_ID",
        "ZALOPAY_KEY1",
        "ZALOPAY_KEY2",
        "ZALOPAY_URL",
        "CARD_URL",
        "CARD_WEBHOOK_SECRET",
        "PUBLIC_URL",
        "DEFAULT_RETURN_URL",
        "RETURN_URL_ORIGINS",
        "CORS_ORIGINS",
        "RATE_LIMIT",
        "TRUSTED_PROXIES",
        "MAX_CONNECTIONS",
        "LOG_FORMAT",
        "LOCK_TTL_MS",
        "LOCK_MAX_RETRIES",
        "LOCK_RETRY_BASE_MS",
        "DRAIN_MS",
    ] {
        let flag = format!("--{}", name.to_lowercase().replace('_', "-"));
        assert!(help.stdout.contains(&flag), "{flag}");
        assert!(help.stdout.contains(&format!("[env: {name}")), "{name}");
    }
    assert!(!help.stdout.contains("never-to-be-printed"));
}

#[tokio::test]
async fn outside_development_mode_the_program_believes_tokens_only() {
    let place = Place::embedded();
    let server = Program::serve_strictly(&place, &[]).await;
    let call = server.post("/api/bookings/hold").header("X-User-Id", "ann").key(&fresh_key());
    call.json(&json!({})).send().await.refused(401, "UNAUTHENTICATED");
    let showtime = server.showtime().await;
    server.held("ann", &showtime, ["A1"]).await;
    assert!(server.stop().await.status.success());
}

#[tokio::test]
async fn the_sandbox_names_what_it_accepts() {
    let refused = Program::run(&["sandbox"], &[("SANDBOX_DROP", "2")]).await;
    let complaint = refused.complaint(2);
    assert_eq!(complaint, "SANDBOX_DROP=2: must be a number from 0 to 1");
    let refused = Program::run(&["sandbox", "--shop", "shop"], &[]).await;
    assert!(refused.complaint(2).starts_with("SANDBOX_SHOP=shop: must be an absolute"));
    let secret = ("MOMO_SECRET_KEY", "never-to-be-printed");
    let help = Program::run(&["sandbox", "--help"], &[secret]).await;
    assert!(help.status.success());
    for flag in ["--shop", "--momo-secret-key", "--duplicate", "--reorder", "--late", "--seed"] {
        assert!(help.stdout.contains(flag), "{flag}");
    }
    assert!(!help.stdout.contains("never-to-be-printed"));
}
