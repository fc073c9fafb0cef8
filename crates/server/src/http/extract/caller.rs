use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use seathold_service::Viewer;

use crate::auth::Claimed;
use crate::http::App;
use crate::http::problem::{Problem, kind};

/// The user who sends the request.
pub(crate) struct Caller(pub(crate) Viewer);

/// Proof that an admin sends the request.
pub(crate) struct Admin;

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        // As UTF-8: a user id need not be ASCII.
        let header = |name: &str| {
            parts.headers.get(name).and_then(|value| str::from_utf8(value.as_bytes()).ok())
        };
        let claimed = Claimed {
            authorization: header(AUTHORIZATION.as_str()),
            user_id: header("x-user-id"),
            role: header("x-user-role"),
        };
        let viewer = app.auth.viewer(claimed, app.env.now());
        viewer.map(Self).map_err(|why| Problem::with_detail(&kind::UNAUTHENTICATED, why))
    }
}

impl FromRequestParts<Arc<App>> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let Caller(viewer) = Caller::from_request_parts(parts, app).await?;
        if viewer.admin {
            return Ok(Self);
        }
        Err(Problem::with_detail(&kind::FORBIDDEN, "The role admin is needed."))
    }
}
