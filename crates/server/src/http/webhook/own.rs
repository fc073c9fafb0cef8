//! Messages in a provider's own form.

use axum::Json;
use axum::response::{IntoResponse, Response};
use seathold_service::Received;

use super::{Incoming, status};
use crate::http::{App, Problem, kind};
use crate::wire::{Acknowledgement, Callbacks, Doubt, Message, Verdict, Word};

/// Does what the message says, and answers the provider in its own words, where
/// it has some.
pub(super) async fn take(
    app: &App,
    own: &dyn Callbacks,
    message: &Incoming,
) -> Result<Response, Problem> {
    let (verdict, problem) = judge(app, own, message).await;
    own.acknowledge(verdict).map(render).ok_or(problem)
}

/// What became of a message, and how that is said to anybody else.
async fn judge(app: &App, own: &dyn Callbacks, message: &Incoming) -> (Verdict, Problem) {
    let Incoming { provider, query, body, .. } = message;
    let event = match own.read(&Message { query, body }) {
        Ok(Word::Event(event)) => event,
        Ok(Word::Pending(payment_id)) => {
            count("pending");
            tracing::info!(%payment_id, "the provider has not decided yet");
            return (Verdict::Taken, Problem::new(&kind::INTERNAL_ERROR));
        }
        Ok(Word::Review(payment_id)) => {
            count("review");
            let provider = provider.as_str();
            tracing::error!(%payment_id, provider, "paid, but fraud is suspected: look at it there");
            return (Verdict::Taken, Problem::new(&kind::INTERNAL_ERROR));
        }
        Err(doubt) => {
            message.note_refusal(doubt.as_str());
            return (Verdict::Refused(doubt), doubted(doubt));
        }
    };
    match app.service.receive(event).await {
        Ok(Received::Taken) => (Verdict::Taken, Problem::new(&kind::INTERNAL_ERROR)),
        Ok(Received::Repeated) => (Verdict::Repeated, Problem::new(&kind::INTERNAL_ERROR)),
        Ok(Received::UnknownTransaction) => {
            (Verdict::UnknownOrder, Problem::new(&kind::TRANSACTION_NOT_FOUND))
        }
        Ok(Received::WrongAmount) => {
            message.note_refusal("amount");
            (Verdict::WrongAmount, Problem::new(&kind::PAYMENT_MISMATCH))
        }
        Err(error) => (Verdict::Failed, error.into()),
    }
}

fn count(outcome: &'static str) {
    metrics::counter!("seathold_webhooks_total", "outcome" => outcome).increment(1);
}

fn doubted(doubt: Doubt) -> Problem {
    match doubt {
        Doubt::Signature => {
            Problem::with_detail(&kind::UNAUTHENTICATED, "The signature is missing or wrong.")
        }
        Doubt::NotOurs => {
            Problem::with_detail(&kind::UNAUTHENTICATED, "The message is for another merchant.")
        }
        Doubt::Malformed => {
            Problem::with_detail(&kind::VALIDATION_FAILED, "The message is malformed.")
        }
    }
}

fn render(said: Acknowledgement) -> Response {
    match said.body {
        Some(body) => (status(said.status), Json(body)).into_response(),
        None => status(said.status).into_response(),
    }
}
