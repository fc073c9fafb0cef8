mod html;

use std::sync::Arc;

use axum::Form;
use axum::extract::{Path, State};
use axum::http::header::{
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use super::Sandbox;
use super::ledger::{Payment, Status};
use crate::http::{Problem, Time, kind};
use crate::wire::signature;

/// What the buyer decides.
#[derive(Deserialize)]
pub(super) struct Decision {
    action: Action,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Action {
    Pay,
    Decline,
}

/// The page on which a buyer pays.
pub(super) async fn show(
    State(sandbox): State<Arc<Sandbox>>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let payment = find(&sandbox, &id).await?;
    Ok(page(match payment.status {
        Status::Pending => html::choice(&payment),
        Status::Success | Status::Failed => html::outcome(&payment, true),
    }))
}

/// Notes the buyer's decision and tells the shop. Only the first one counts;
/// repeating it tells the shop again.
pub(super) async fn decide(
    State(sandbox): State<Arc<Sandbox>>,
    Path(id): Path<String>,
    form: Result<Form<Decision>, axum::extract::rejection::FormRejection>,
) -> Result<Response, Problem> {
    let Form(decision) = form.map_err(|_| Problem::invalid("action", "must be pay or decline"))?;
    let payment = sandbox.note(&id, decision.action).await?;
    let told = sandbox.tell(&payment).await;
    Ok(page(html::outcome(&payment, told)))
}

impl Sandbox {
    async fn note(&self, id: &str, action: Action) -> Result<Payment, Problem> {
        let mut ledger = self.ledger.lock().await;
        let payment = ledger.transaction(id).ok_or(Problem::new(&kind::NOT_FOUND))?;
        if payment.status == Status::Pending {
            payment.status = match action {
                Action::Pay => Status::Success,
                Action::Decline => Status::Failed,
            };
            payment.paid_at =
                matches!(action, Action::Pay).then(|| Time(self.env.now()).to_string());
        }
        Ok(payment.clone())
    }

    /// Sends the signed webhook; says whether the shop took it.
    async fn tell(&self, payment: &Payment) -> bool {
        let body = json!({
            "transaction_id": payment.transaction_id,
            "payment_id": payment.payment_id,
            "status": payment.status,
            "amount": payment.amount,
            "currency": payment.currency,
            "paid_at": payment.paid_at,
        });
        let body = body.to_string();
        let now_seconds = self.env.now().as_millis().div_euclid(1000);
        let signed = signature::sign(self.secret.expose(), now_seconds, body.as_bytes());
        let request = self
            .client
            .post(&payment.callback_url)
            .header("X-Signature", signed)
            .header(CONTENT_TYPE, "application/json")
            .body(body);
        match request.send().await {
            Ok(answer) if answer.status().is_success() => true,
            Ok(answer) => {
                tracing::warn!(
                    status = answer.status().as_u16(),
                    "the shop refused the sandbox's webhook"
                );
                false
            }
            Err(error) => {
                tracing::warn!(%error, "the sandbox could not send its webhook");
                false
            }
        }
    }
}

async fn find(sandbox: &Sandbox, id: &str) -> Result<Payment, Problem> {
    let mut ledger = sandbox.ledger.lock().await;
    let payment = ledger.transaction(id);
    payment.cloned().ok_or(Problem::new(&kind::NOT_FOUND))
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
