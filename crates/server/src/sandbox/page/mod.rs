mod html;

use std::sync::Arc;

use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Path, State};
use axum::http::header::{
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::Sandbox;
use super::buyer::Action;
use super::delivery::Told;
use super::ledger::{Payment, Status};
use crate::http::{Problem, kind};

/// What the buyer decides.
#[derive(Deserialize)]
pub(super) struct Decision {
    action: Action,
}

/// The page on which a buyer pays.
pub(super) async fn show(
    State(sandbox): State<Arc<Sandbox>>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let payment = sandbox.books().ledger.transaction(&id).cloned();
    Ok(of(&payment.ok_or(Problem::new(&kind::NOT_FOUND))?))
}

/// Notes the buyer's decision and tells the shop. Only the first one counts;
/// repeating it tells the shop again.
pub(super) async fn decide(
    State(sandbox): State<Arc<Sandbox>>,
    Path(id): Path<String>,
    form: Result<Form<Decision>, FormRejection>,
) -> Result<Response, Problem> {
    decided(&sandbox, &sandbox.reference_of(&id), form).await
}

/// The page of a payment.
pub(super) fn of(payment: &Payment) -> Response {
    page(match payment.status {
        Status::Pending => html::choice(payment),
        Status::Success | Status::Failed => html::outcome(payment, Told::Yes),
    })
}

/// The page after the decision.
pub(super) async fn decided(
    sandbox: &Arc<Sandbox>,
    reference: &str,
    form: Result<Form<Decision>, FormRejection>,
) -> Result<Response, Problem> {
    let Form(decision) = form.map_err(|_| Problem::invalid("action", "must be pay or decline"))?;
    let decided = sandbox.decided(reference, decision.action).await;
    let (payment, told) = decided.ok_or(Problem::new(&kind::NOT_FOUND))?;
    Ok(page(html::outcome(&payment, told)))
}

/// A page that runs no scripts and loads nothing.
fn page(html: String) -> Response {
    let policy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; \
                  base-uri 'none'; frame-ancestors 'none'";
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, policy),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
    ];
    (headers, html).into_response()
}
