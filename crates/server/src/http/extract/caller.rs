use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use seathold_core::UserId;
use seathold_service::Viewer;

use crate::auth::Claimed;
use crate::http::App;
use crate::http::problem::{Problem, kind};

/// The user who sends the request.
pub(crate) struct Caller(pub(crate) Viewer);

/// Proof that an admin sends the request.
pub(crate) struct Admin;

/// Who sends the request, or why nobody knows. Found out once.
#[derive(Clone)]
pub(crate) struct Identity(Result<Viewer, &'static str>);

impl Identity {
    /// What the headers of a request prove.
    pub(crate) fn of(headers: &HeaderMap, app: &App) -> Self {
        // As UTF-8: a user id need not be ASCII.
        let header =
            |name: &str| headers.get(name).and_then(|value| str::from_utf8(value.as_bytes()).ok());
        let claimed = Claimed {
            authorization: header(AUTHORIZATION.as_str()),
            user_id: header("x-user-id"),
            role: header("x-user-role"),
        };
        Self(app.auth.viewer(claimed, app.env.now()))
    }

    /// The user, if it is known.
    pub(crate) fn user(&self) -> Option<&UserId> {
        self.0.as_ref().ok().map(|viewer| &viewer.user)
    }
}

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let known = parts.extensions.remove::<Identity>();
        let Identity(viewer) = known.unwrap_or_else(|| Identity::of(&parts.headers, app));
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
