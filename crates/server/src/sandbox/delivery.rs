//! How the shop is told: once, as it should be, or as real gateways do it.

use std::sync::Arc;
use std::time::Duration;

use reqwest::{RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::Sandbox;
use super::ledger::{Format, Payment};

/// How long a message waits for another to be sent before it, at the most.
const HELD_BACK_MAX: Duration = Duration::from_secs(2);

/// Bytes of the shop's answer that are kept.
const ANSWER_BYTES: usize = 2_000;

/// Whether the shop knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// It took the message, or there is none to be sent.
    Yes,
    /// It did not, or the message was dropped.
    No,
    /// It will be told.
    Later,
}

/// The messages that wait for the next one to be sent before them.
#[derive(Default)]
pub(super) struct HeldBack(Vec<Letter>);

/// A message to the shop about a payment.
struct Letter {
    payment: Payment,
    /// The amount it names.
    amount: i64,
    twice: bool,
}

/// A message as its format has it.
pub(super) struct Envelope {
    pub(super) request: RequestBuilder,
    /// What it says, to be shown.
    pub(super) shown: Value,
}

impl Sandbox {
    /// Tells the shop how a payment has ended.
    pub(super) async fn tell(self: &Arc<Self>, reference: &str) -> Told {
        let faults = self.faults_of(reference);
        let letter = {
            let mut books = self.books();
            let Some(payment) = books.ledger.payment(reference) else { return Told::No };
            payment.callbacks += 1;
            let payment = payment.clone();
            books.tally.due += 1;
            payment
        };
        let nth = letter.callbacks;
        let strikes = |share, what| faults.strikes(share, what, reference, nth);
        if strikes(faults.drop, "drop") {
            self.books().tally.dropped += 1;
            return Told::No;
        }
        let wrong = i64::from(strikes(faults.wrong_amount, "wrong_amount"));
        let letter = Letter {
            amount: letter.amount + wrong,
            twice: strikes(faults.duplicate, "duplicate"),
            payment: letter,
        };
        self.books().tally.wrong_amount += u64::from(wrong != 0);
        if strikes(faults.reorder, "reorder") {
            self.hold_back(letter);
            return Told::Later;
        }
        if strikes(faults.delay, "delay") {
            let sandbox = Arc::clone(self);
            self.later(async move {
                sleep(Duration::from_millis(faults.delay_ms)).await;
                sandbox.books().tally.delayed += 1;
                sandbox.send_and_release(letter).await;
            });
            return Told::Later;
        }
        self.send_and_release(letter).await
    }

    /// Keeps a message until the next one was sent, or nothing happens for a
    /// while.
    fn hold_back(self: &Arc<Self>, letter: Letter) {
        self.books().held_back.0.push(letter);
        let sandbox = Arc::clone(self);
        self.later(async move {
            sleep(HELD_BACK_MAX).await;
            sandbox.release().await;
        });
    }

    async fn send_and_release(&self, letter: Letter) -> Told {
        let told = self.send(&letter).await;
        let overtaken = self.release().await;
        self.books().tally.reordered += overtaken;
        told
    }

    /// Sends what was held back; gives how many that were.
    async fn release(&self) -> u64 {
        let held_back = std::mem::take(&mut self.books().held_back.0);
        for letter in &held_back {
            self.send(letter).await;
        }
        held_back.len() as u64
    }

    async fn send(&self, letter: &Letter) -> Told {
        let told = self.send_once(letter).await;
        if !letter.twice {
            return told;
        }
        self.books().tally.duplicated += 1;
        self.send_once(letter).await
    }

    async fn send_once(&self, letter: &Letter) -> Told {
        let (payment, amount) = (&letter.payment, letter.amount);
        let envelope = match payment.format {
            Format::Generic => Some(self.generic_message(payment, amount)),
            Format::Momo => Some(self.momo_message(payment, amount)),
            Format::Vnpay => Some(self.vnpay_message(payment, amount)),
            Format::Zalopay => self.zalopay_message(payment, amount),
        };
        let Some(Envelope { request, shown }) = envelope else { return Told::Yes };
        self.books().tally.sent += 1;
        let (status, answer) = match request.send().await {
            Ok(answer) => (answer.status(), answer.text().await.unwrap_or_default()),
            Err(error) => {
                tracing::warn!(error = %error.without_url(), "the sandbox could not tell the shop");
                return Told::No;
            }
        };
        let answer: String = answer.chars().take(ANSWER_BYTES).collect();
        let took = took(payment.format, status, &answer);
        let message = json!({
            "from": payment.format, "to": "shop", "request": shown,
            "status": status.as_u16(), "response": answer,
        });
        self.note_answer(&payment.reference, took, message);
        if !took {
            tracing::warn!(
                status = status.as_u16(),
                answer,
                "the shop refused the sandbox's message"
            );
        }
        if took { Told::Yes } else { Told::No }
    }

    /// Keeps what went over the wire, and notes when the shop first knew.
    fn note_answer(&self, reference: &str, took: bool, message: Value) {
        let mut books = self.books();
        books.tally.taken += u64::from(took);
        let Some(payment) = books.ledger.payment(reference) else { return };
        if took && payment.told_at.is_none() {
            payment.told_at = Some(self.env.now().as_millis());
        }
        payment.note(message);
    }
}

/// Whether the shop took a message, in the words of this format.
fn took(format: Format, status: StatusCode, answer: &str) -> bool {
    let said: Value = serde_json::from_str(answer).unwrap_or_default();
    match format {
        Format::Generic => status.is_success(),
        Format::Momo => status == StatusCode::NO_CONTENT,
        Format::Vnpay => matches!(said["RspCode"].as_str(), Some("00" | "02")),
        Format::Zalopay => matches!(said["return_code"].as_i64(), Some(1 | 2)),
    }
}
