use std::time::Duration;

use axum::body::{Body as RawBody, Bytes, HttpBody};
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use seathold_core::{IdempotencyKey, UserId};
use seathold_service::Keyed;
use serde::de::DeserializeOwned;
use serde_json::Value;
use validator::Validate;

use super::key::keyed;
use super::text::field_errors;
use crate::http::problem::{FieldError, Problem, kind};

/// Bytes of a body at the most, unless its shape says otherwise: 64 KiB.
pub(crate) const BODY_MAX_BYTES: usize = 64 * 1024;

/// Bytes that are read and thrown away behind a body that is too large. Without
/// it the connection would be cut before a sending client reads why.
const DISCARD_MAX_BYTES: usize = 8 * 1024 * 1024;

/// How long that may take.
const DISCARD_TIME: Duration = Duration::from_secs(2);

/// What a JSON body has to look like.
pub(crate) trait Shape: DeserializeOwned + Validate {
    /// Bytes the body may have.
    const MAX_BYTES: usize = BODY_MAX_BYTES;
}

/// A JSON body of this shape, validated.
pub(crate) struct Body<T> {
    /// What was sent.
    pub(crate) value: T,
    canonical: Value,
}

impl<T> Body<T> {
    /// Binds an idempotency key to this body.
    pub(crate) fn keyed(&self, user: UserId, key: IdempotencyKey, route: String) -> Keyed {
        // Objects are sorted maps, and there is no space: the canonical form.
        keyed(user, key, route, self.canonical.to_string().as_bytes())
    }
}

impl<T: DeserializeOwned + Validate> Body<T> {
    /// Parses and validates a body that was read already.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Problem> {
        let canonical: Value = parse(bytes)?;
        if !canonical.is_object() {
            return Err(Problem::invalid("body", "must be a JSON object"));
        }
        let value: T = parse(bytes)?;
        value.validate().map_err(|errors| Problem::invalid_fields(field_errors(&errors)))?;
        Ok(Self { value, canonical })
    }
}

impl<T: Shape, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            let detail = "The Content-Type must be application/json.";
            return Err(Problem::with_detail(&kind::UNSUPPORTED_MEDIA_TYPE, detail));
        }
        Self::parse(&read(request, T::MAX_BYTES).await?)
    }
}

/// Reads a whole body of at most `limit` bytes. One that says it is larger is
/// refused before a byte is read.
pub(crate) async fn read(request: Request, limit: usize) -> Result<Bytes, Problem> {
    let body = request.into_body();
    let said = body.size_hint().lower();
    if said > limit as u64 {
        tokio::spawn(discard(body));
        return Err(too_large(limit));
    }
    match Limited::new(body, limit).collect().await {
        Ok(whole) => Ok(whole.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large(limit)),
        Err(_) => Err(Problem::invalid("body", "must arrive as a whole")),
    }
}

/// Parses JSON; says where it is wrong.
fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json);
    let value = value.map_err(|error| misfit(&error.path().to_string(), error.inner()))?;
    json.end().map_err(|error| misfit(".", &error))?;
    Ok(value)
}

fn misfit(path: &str, error: &serde_json::Error) -> Problem {
    let text = error.to_string();
    let (field, reason) = match path.trim_end_matches(".?") {
        _ if !error.is_data() => ("body", format!("must be JSON: {text}")),
        "." | "?" | "" => ("body", without_position(&text)),
        path => (path, without_position(&text)),
    };
    Problem::invalid_fields(vec![FieldError { field: field.to_owned(), reason }])
}

/// The message without ` at line 1 column 5`, which the field's path says better.
fn without_position(text: &str) -> String {
    text.rsplit_once(" at line ").map_or(text, |(message, _)| message).to_owned()
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let subtype = media_type.strip_prefix("application/").unwrap_or_default();
    subtype == "json" || subtype.ends_with("+json")
}

fn too_large(limit: usize) -> Problem {
    let detail = format!("The body may have {limit} bytes at the most.");
    Problem::with_detail(&kind::PAYLOAD_TOO_LARGE, detail)
}

async fn discard(body: RawBody) {
    let mut rest = Limited::new(body, DISCARD_MAX_BYTES);
    let end = async { while let Some(Ok(_)) = rest.frame().await {} };
    // Whoever sends more, or slower, is cut off.
    let _ = tokio::time::timeout(DISCARD_TIME, end).await;
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[test]
    fn the_canonical_form_sorts_keys_and_drops_space() {
        let body = br#" { "b" : [ 1 , {"d":1, "c":null} ], "a":"x y" } "#;
        let value: Value = parse(body).expect("JSON");
        assert_eq!(value.to_string(), r#"{"a":"x y","b":[1,{"c":null,"d":1}]}"#);
    }

    #[test]
    fn a_misfit_is_named_by_its_path() {
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Hold {
            #[expect(dead_code, reason = "only its type matters")]
            seats: Vec<String>,
        }
        for (body, field, reason) in [
            (r#"{"seats":["A1",2]}"#, "seats[1]", "invalid type: integer `2`, expected a string"),
            (r#"{"seats":[],"row":1}"#, "row", "unknown field `row`, expected `seats`"),
            ("{}", "body", "missing field `seats`"),
            ("{", "body", "must be JSON: EOF while parsing an object at line 1 column 1"),
            (r#"{"seats":[]} x"#, "body", "must be JSON: trailing characters at line 1 column 14"),
        ] {
            let problem = parse::<Hold>(body.as_bytes()).expect_err(body);
            let errors = problem.errors();
            assert_eq!((errors[0].field.as_str(), errors[0].reason.as_str()), (field, reason));
        }
    }

    #[test]
    fn json_has_several_names() {
        for (value, is) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("application/merge-patch+json", true),
            ("text/plain", false),
            ("application/x-www-form-urlencoded", false),
        ] {
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, value.parse().expect("a value"))]);
            assert_eq!(is_json(&headers), is, "{value}");
        }
        assert!(!is_json(&HeaderMap::new()));
    }
}
