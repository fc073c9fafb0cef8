//! `GET /api/openapi.json` and `GET /api/docs`

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::TestApp;

async fn description() -> Value {
    let app = TestApp::start().await;
    let description = app.get("/api/openapi.json").send().await.granted(200).body;
    app.finish().await;
    description
}

#[tokio::test]
async fn the_description_is_as_agreed() {
    let description = description().await;
    let text = serde_json::to_string_pretty(&description).expect("JSON");
    insta::assert_snapshot!("openapi", text);
}

/// Every route of the contract, and the statuses it names.
const ROUTES: [(&str, &str, &[&str]); 20] = [
    ("post", "/api/bookings/hold", &["201", "400", "401", "404", "409", "422", "503"]),
    ("get", "/api/bookings", &["200", "400", "401"]),
    ("get", "/api/bookings/{id}", &["200", "400", "401", "403", "404"]),
    ("delete", "/api/bookings/{id}", &["200", "400", "401", "403", "404", "422"]),
    (
        "post",
        "/api/bookings/{id}/confirm",
        &["200", "400", "401", "403", "404", "409", "422", "502", "503"],
    ),
    ("post", "/api/bookings/{id}/refund", &["200", "400", "401", "403", "404", "409", "422"]),
    ("post", "/api/payments", &["201", "400", "401", "403", "404", "409", "422", "502", "503"]),
    ("get", "/api/payments/{id}", &["200", "400", "401", "403", "404"]),
    ("post", "/api/payments/webhook/{provider}", &["200", "400", "401", "404", "422"]),
    ("get", "/api/showtimes", &["200", "400"]),
    ("get", "/api/showtimes/{id}", &["200", "400", "404"]),
    ("get", "/api/showtimes/{id}/seats", &["200", "304", "400", "404"]),
    ("post", "/api/admin/showtimes", &["201", "400", "401", "403", "413", "415"]),
    ("post", "/api/admin/showtimes/{id}/cancel", &["200", "400", "401", "403", "404"]),
    ("get", "/api/admin/showtimes/{id}", &["200", "400", "401", "403", "404"]),
    ("post", "/api/admin/reconcile", &["200", "401", "403"]),
    ("get", "/api/admin/verify", &["200", "401", "403"]),
    ("get", "/health", &["200", "503"]),
    ("get", "/health/ready", &["200", "503"]),
    ("get", "/metrics", &["200"]),
];

#[tokio::test]
async fn every_route_and_its_statuses_are_described() {
    let description = description().await;
    assert!(description["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")));
    for (method, path, statuses) in ROUTES {
        let operation = &description["paths"][path][method];
        assert!(operation.is_object(), "{method} {path} is not described");
        for status in statuses {
            let response = &operation["responses"][status];
            assert!(response.is_object(), "{method} {path} does not name {status}");
        }
    }
}

#[tokio::test]
async fn every_error_is_a_problem() {
    let description = description().await;
    let problem = &description["components"]["schemas"]["Problem"];
    let fields: BTreeSet<&str> =
        problem["properties"].as_object().expect("fields").keys().map(String::as_str).collect();
    let named = ["type", "title", "status", "detail", "code", "request_id", "retryable"];
    assert!(named.iter().all(|field| fields.contains(field)), "{fields:?}");
    assert!(["seats", "errors", "booking_id"].iter().all(|field| fields.contains(field)));

    for (path, operations) in description["paths"].as_object().expect("paths") {
        for (method, operation) in operations.as_object().expect("operations") {
            let responses = operation["responses"].as_object().expect("responses");
            for (status, response) in responses {
                let is_health = path == "/health";
                if !status.starts_with(['4', '5']) || is_health {
                    continue;
                }
                let schema = &response["content"]["application/problem+json"]["schema"]["$ref"];
                let place = format!("{method} {path} {status}");
                assert_eq!(schema, "#/components/schemas/Problem", "{place}");
            }
        }
    }
}

#[tokio::test]
async fn every_reference_in_the_description_leads_somewhere() {
    fn references<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            Value::Object(fields) => {
                found.extend(fields.get("$ref").and_then(Value::as_str));
                fields.values().for_each(|field| references(field, found));
            }
            _ => {}
        }
    }
    let description = description().await;
    let mut found = BTreeSet::new();
    references(&description, &mut found);
    assert!(!found.is_empty());
    for reference in found {
        let pointer = reference.strip_prefix('#').expect("a local reference");
        assert!(description.pointer(pointer).is_some(), "{reference}");
    }
}

#[tokio::test]
async fn the_page_is_served_from_the_binary_without_outside_assets() {
    let app = TestApp::start().await;
    let page = app.get("/api/docs").send().await;
    let page = match page.header("location") {
        Some(path) => {
            let path = path.strip_prefix(&*app.base).unwrap_or(path).to_owned();
            app.get(&path).send().await
        }
        None => page,
    };
    let page = page.granted(200);
    assert!(page.header("content-type").is_some_and(|kind| kind.starts_with("text/html")));
    let html = String::from_utf8_lossy(&page.bytes).into_owned();
    let assets = html
        .split(['"', '\''])
        .filter(|text| [".js", ".css", ".png"].iter().any(|end| text.ends_with(end)));
    let assets: Vec<&str> = assets.collect();
    assert!(assets.len() >= 3, "{html}");
    for asset in assets {
        assert!(!asset.contains("//"), "{asset} is somewhere else");
        let path = format!("/api/docs/{}", asset.trim_start_matches("./"));
        app.get(&path).send().await.granted(200);
    }
    app.finish().await;
}
