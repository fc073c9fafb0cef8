//! The API's own description, and a page to try it on.

use std::sync::Arc;

use axum::Router;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, Content, OpenApi, Ref, RefOr, Response};
use utoipa::{Modify, OpenApi as _};
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::App;
use super::problem::{FieldError, PROBLEM_JSON, ProblemBody};

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "seathold",
        description = "Seat holds: many buyers click the same seat, exactly one gets it.\n\nTimes are RFC 3339 in UTC with milliseconds. Money is an integer in the minor unit of its currency. Every response has an `X-Request-Id`. Every error is an RFC 9457 problem with a fixed `code`; one that is `retryable` has a `Retry-After`.",
    ),
    tags(
        (name = "showtimes", description = "What plays, and which seats are free"),
        (name = "bookings", description = "Hold seats, pay for them, give them back"),
        (name = "payments", description = "Payments, and what gateways say of them"),
        (name = "admin", description = "For the role admin"),
        (name = "service", description = "For orchestrators and monitors"),
    ),
    components(schemas(ProblemBody, FieldError)),
    modifiers(&Security),
)]
struct Description;

struct Security;

impl Modify for Security {
    fn modify(&self, api: &mut OpenApi) {
        let components = api.components.get_or_insert_with(Components::new);
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
        let header = |name: &str, about: &str| {
            SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(name, about)))
        };
        let user = header("X-User-Id", "The user, taken at their word: in development mode only.");
        components.add_security_scheme("user", user);
        let role = header("X-User-Role", "`admin`: in development mode only.");
        components.add_security_scheme("role", role);
    }
}

/// The description that the routes are added to.
pub(super) fn description() -> OpenApi {
    Description::openapi()
}

/// The description itself, and the page that shows it.
pub(super) fn pages(mut description: OpenApi) -> Router<Arc<App>> {
    complete(&mut description);
    // Without a validator, the page asks nobody on the internet.
    let config = Config::default().validator_url("none").try_it_out_enabled(true);
    SwaggerUi::new("/api/docs").url("/api/openapi.json", description).config(config).into()
}

/// Adds what is true of every route: the errors that the edge itself gives,
/// and the shape of all errors.
fn complete(description: &mut OpenApi) {
    for (path, item) in &mut description.paths.paths {
        let counts = path.starts_with("/api/") && !path.starts_with("/api/payments/webhook/");
        for operation in [&mut item.get, &mut item.post, &mut item.delete].into_iter().flatten() {
            let mut add = |status: &str, text: &str| {
                let known = &mut operation.responses.responses;
                known.entry(status.to_owned()).or_insert_with(|| Response::new(text).into());
            };
            if counts {
                add("429", "`RATE_LIMITED`, where a rate limit is configured");
            }
            if operation.request_body.is_some() {
                add("413", "`PAYLOAD_TOO_LARGE`");
            }
            if operation.security.is_some() {
                add("401", "`UNAUTHENTICATED`");
                if operation.request_body.is_some() {
                    add("415", "`UNSUPPORTED_MEDIA_TYPE`");
                }
            }
            add("500", "`INTERNAL_ERROR`");
            add(
                "503",
                "`SERVICE_UNAVAILABLE`: nothing was changed, or a repeat with the same key tells",
            );
            for (status, response) in &mut operation.responses.responses {
                let is_error = status.starts_with(['4', '5']);
                if let RefOr::T(response) = response
                    && is_error
                    && response.content.is_empty()
                {
                    let problem = Content::new(Some(Ref::from_schema_name("Problem")));
                    response.content.insert(PROBLEM_JSON.to_owned(), problem.into());
                }
            }
        }
    }
}
