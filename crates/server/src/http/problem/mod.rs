//! Errors as clients see them: RFC 9457, one shape for the whole server.

pub(crate) mod kind;
mod refused;

use std::borrow::Cow;

use axum::body::Body;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use seathold_core::{BookingId, SeatLabel};
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) use kind::Kind;

/// The content type of every error.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";

/// Invalid fields named in one problem: enough for a person, and no request
/// gets an answer much larger than itself.
const ERRORS_MAX: usize = 20;

/// Why a request was not granted. Travels as an extension of its response
/// until [`render`] gives it a body.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    kind: &'static Kind,
    detail: Cow<'static, str>,
    seats: Vec<SeatLabel>,
    errors: Vec<FieldError>,
    booking: Option<BookingId>,
}

/// One invalid field.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct FieldError {
    /// Where it is, e.g. `seats[1]`.
    #[schema(example = "seats[1]")]
    pub(crate) field: String,
    /// What is wrong with it.
    #[schema(example = "must be 1 to 16 letters, digits, '_' or '-'")]
    pub(crate) reason: String,
}

impl Problem {
    /// A problem of this kind, in the kind's own words.
    pub(crate) fn new(kind: &'static Kind) -> Self {
        Self::with_detail(kind, format!("{}.", kind.title))
    }

    /// A problem of this kind, explained.
    pub(crate) fn with_detail(kind: &'static Kind, detail: impl Into<Cow<'static, str>>) -> Self {
        let detail = detail.into();
        Self { kind, detail, seats: Vec::new(), errors: Vec::new(), booking: None }
    }

    /// A request with one invalid field.
    pub(crate) fn invalid(field: &str, reason: impl Into<String>) -> Self {
        Self::invalid_fields(vec![FieldError { field: field.to_owned(), reason: reason.into() }])
    }

    /// A request with invalid fields.
    pub(crate) fn invalid_fields(mut errors: Vec<FieldError>) -> Self {
        let detail = match errors.first() {
            Some(first) if errors.len() == 1 => format!("{} {}.", first.field, first.reason),
            _ => format!("{} fields are not as they should be.", errors.len()),
        };
        errors.truncate(ERRORS_MAX);
        Self { errors, ..Self::with_detail(&kind::VALIDATION_FAILED, detail) }
    }

    /// The invalid fields.
    #[cfg(test)]
    pub(crate) fn errors(&self) -> &[FieldError] {
        &self.errors
    }

    fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::SERVICE_UNAVAILABLE => Self::with_detail(
                &kind::SERVICE_UNAVAILABLE,
                "The request took too long. Repeat it with the same idempotency key to learn \
                 what became of it.",
            ),
            status => Self::new(kind::of_status(status)),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.kind.status.into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = self.kind.retry_after {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        if self.kind.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// The body of every error (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody<'a> {
    /// A URN made of the code.
    #[serde(rename = "type")]
    #[schema(example = "urn:seathold:problem:SEAT_ALREADY_BOOKED")]
    kind: String,
    /// What the code means.
    title: &'a str,
    /// The HTTP status.
    #[schema(example = 409)]
    status: u16,
    /// What happened this time, for people.
    detail: &'a str,
    /// What happened, for programs.
    #[schema(example = "SEAT_ALREADY_BOOKED")]
    code: &'a str,
    /// The `X-Request-Id` of this response.
    request_id: &'a str,
    /// Whether the same request may succeed later; if so, `Retry-After` says when.
    retryable: bool,
    /// The seats at fault.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    seats: Vec<&'a str>,
    /// The invalid fields.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(required = false)]
    errors: &'a [FieldError],
    /// The booking that is in the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    booking_id: Option<String>,
}

/// Gives an error response its body; other responses pass. Errors that the
/// framework made (no such path, wrong method, too slow) become problems here.
pub(crate) fn render(mut response: Response, request_id: &str) -> Response {
    let problem = response.extensions_mut().remove::<Problem>();
    let Some(problem) = problem.or_else(|| foreign(&response)) else { return response };
    let body = ProblemBody {
        kind: format!("urn:seathold:problem:{}", problem.kind.code),
        title: problem.kind.title,
        status: problem.kind.status.as_u16(),
        detail: &problem.detail,
        code: problem.kind.code,
        request_id,
        retryable: problem.kind.retry_after.is_some(),
        seats: problem.seats.iter().map(SeatLabel::as_str).collect(),
        errors: &problem.errors,
        booking_id: problem.booking.map(|id| id.to_string()),
    };
    let body = serde_json::to_vec(&body).unwrap_or_default();
    *response.status_mut() = problem.kind.status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
    headers.remove(CONTENT_LENGTH);
    if let Some(seconds) = problem.kind.retry_after {
        headers.entry(RETRY_AFTER).or_insert(seconds.into());
    }
    *response.body_mut() = Body::from(body);
    response.extensions_mut().insert(Code(problem.kind.code));
    response
}

/// The code of an error response, for metrics.
#[derive(Clone, Copy)]
pub(crate) struct Code(pub(crate) &'static str);

/// The problem behind an error response that is not one of ours.
fn foreign(response: &Response) -> Option<Problem> {
    let status = response.status();
    let content_type = response.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let has_own_body = content_type == Some(b"application/json");
    let is_error = status.is_client_error() || status.is_server_error();
    (is_error && !has_own_body).then(|| Problem::of_status(status))
}
