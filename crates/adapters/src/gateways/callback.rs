//! What providers say on their own, and what they are told then.

use seathold_core::PaymentId;
use seathold_service::model::GatewayEvent;
use serde_json::Value;

/// A message just as it came.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// After the question mark, still encoded.
    pub query: &'a str,
    /// The raw body.
    pub body: &'a [u8],
}

/// What an authentic message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// The payment has ended, one way or the other.
    Event(GatewayEvent),
    /// Not decided yet: nothing follows from it.
    Pending(PaymentId),
    /// Money was taken, but the provider suspects fraud: somebody has to look
    /// at it. Nothing follows from it before the provider has decided.
    Review(PaymentId),
}

/// Why a message is not believed. Nothing follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// The signature is missing, or is not the provider's for this message.
    Signature,
    /// It is for another merchant, or about none of our payments.
    NotOurs,
    /// It is not of the provider's form.
    Malformed,
}

impl Doubt {
    /// The doubt's name in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Signature => "signature",
            Self::NotOurs => "not_ours",
            Self::Malformed => "malformed",
        }
    }
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Everything that follows from it will be done.
    Taken,
    /// Everything that follows from it was done before.
    Repeated,
    /// There is no such payment yet; the message is kept.
    UnknownOrder,
    /// The amount is not what was due.
    WrongAmount,
    /// It is not believed.
    Refused(Doubt),
    /// Nobody knows: it should be sent again.
    Failed,
}

/// An answer in the provider's own words.
#[derive(Clone, Debug, PartialEq)]
pub struct Acknowledgement {
    /// HTTP status.
    pub status: u16,
    /// Its JSON, if there is any.
    pub body: Option<Value>,
}

/// A provider that calls back.
pub trait Callbacks: Send + Sync {
    /// Checks who says it, and what.
    ///
    /// # Errors
    /// It is not believed.
    fn read(&self, message: &Message<'_>) -> Result<Word, Doubt>;

    /// What the provider is told. `None`: it has no word for that, and is
    /// answered like any other client.
    fn acknowledge(&self, verdict: Verdict) -> Option<Acknowledgement>;
}

/// A field as text: providers write numbers with and without quotes. Empty if
/// it is missing.
pub(super) fn text(fields: &Value, name: &str) -> String {
    match &fields[name] {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(is) => is.to_string(),
        _ => String::new(),
    }
}

/// A provider's number of a transaction. Some number nothing but success: then
/// it is our own reference, which nobody else's attempt has.
pub(super) fn transaction(number: &str, ours: &str) -> String {
    let numbered = number.bytes().any(|digit| digit != b'0');
    if numbered { number.to_owned() } else { ours.to_owned() }
}
