//! What providers say on their own: believed only if it is theirs, and to the letter.

mod fuzzed;
mod momo;
mod vnpay;
mod zalopay;

use std::sync::Arc;

use seathold_adapters::gateways::{Callbacks, Doubt, Message, Verdict, Word};
use seathold_adapters::{SystemRandom, TokioTasks};
use seathold_core::{PaymentId, Timestamp};
use seathold_service::model::{GatewayEvent, Outcome, PaymentMethod};
use seathold_service::ports::Env;
use seathold_testkit::TestClock;
use uuid::Uuid;

/// Our payment in these tests.
fn payment() -> PaymentId {
    PaymentId::from_uuid(Uuid::from_u128(0x550e_8400_e29b_41d4_a716_4466_5544_0000))
}

fn env() -> Env {
    Env {
        clock: Arc::new(TestClock::default()),
        random: Arc::new(SystemRandom),
        tasks: Arc::new(TokioTasks),
    }
}

/// What a message of the provider's should come to.
fn event(provider: PaymentMethod, transaction: &str, outcome: Outcome) -> GatewayEvent {
    GatewayEvent {
        provider,
        transaction_id: transaction.to_owned(),
        payment_id: Some(payment()),
        outcome,
        amount: 100_000,
        currency: "VND".parse().ok(),
        paid_at: (outcome == Outcome::Success).then_some(Timestamp::from_millis(1_721_720_663_000)),
    }
}

fn by_post(provider: &dyn Callbacks, body: &str) -> Result<Word, Doubt> {
    provider.read(&Message { query: "", body: body.as_bytes() })
}

/// What the provider is told, as status and body.
fn told(provider: &dyn Callbacks, verdict: Verdict) -> Option<(u16, String)> {
    let said = provider.acknowledge(verdict)?;
    Some((said.status, said.body.map(|body| body.to_string()).unwrap_or_default()))
}

/// Every way to spoil one byte of a message, or to cut it short.
fn spoiled(message: &str) -> impl Iterator<Item = String> {
    let cut = (0..message.len()).filter_map(|end| message.get(..end).map(str::to_owned));
    let altered = (0..message.len()).filter_map(move |at| {
        let mut bytes = message.as_bytes().to_vec();
        bytes[at] = match bytes[at] {
            digit if digit.is_ascii_digit() => b'0' + (digit - b'0' + 1) % 10,
            _ => b'x',
        };
        String::from_utf8(bytes).ok().filter(|altered| altered != message)
    });
    cut.chain(altered)
}
