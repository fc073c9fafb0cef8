use std::time::Duration;

use async_trait::async_trait;
use seathold_core::{BookingId, Currency, PaymentId, RefundId, Timestamp};

use crate::model::{GatewayEvent, PaymentMethod};

/// A payment to be opened at the gateway.
#[derive(Clone, Debug)]
pub struct PaymentRequest {
    /// Merchant reference and idempotency key.
    pub payment_id: PaymentId,
    /// What is paid for.
    pub booking_id: BookingId,
    /// What the buyer reads.
    pub description: String,
    /// How the buyer pays.
    pub method: PaymentMethod,
    /// How much, in minor units.
    pub amount: i64,
    /// Of which currency.
    pub currency: Currency,
    /// Where the buyer goes afterwards.
    pub return_url: Option<String>,
    /// When the payment was started here: part of its name at some providers.
    pub created_at: Timestamp,
    /// Until when the buyer should pay.
    pub expires_at: Timestamp,
}

/// A payment the gateway has opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewaySession {
    /// The gateway's reference; none while it gives one only to what is paid.
    pub transaction_id: Option<String>,
    /// Where the buyer pays.
    pub payment_url: String,
}

/// A payment that is asked about.
#[derive(Clone, Debug)]
pub struct StatusRequest {
    /// Which one.
    pub payment_id: PaymentId,
    /// How it is paid.
    pub method: PaymentMethod,
    /// The gateway's reference, if it is known.
    pub transaction_id: Option<String>,
    /// What is due, in minor units.
    pub amount: i64,
    /// Of which currency.
    pub currency: Currency,
    /// When the payment was started here.
    pub created_at: Timestamp,
}

/// How a payment stands at the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Not decided yet.
    Pending,
    /// Paid or not: the same event as the gateway's message tells.
    Ended(GatewayEvent),
    /// The gateway does not know that payment.
    Unknown,
}

/// Money to be given back.
#[derive(Clone, Debug)]
pub struct RefundRequest {
    /// Idempotency key of the refund.
    pub refund_id: RefundId,
    /// The payment to give back, whole.
    pub payment_id: PaymentId,
    /// How it was paid.
    pub method: PaymentMethod,
    /// The gateway's reference of the payment.
    pub transaction_id: Option<String>,
    /// How much, in minor units.
    pub amount: i64,
    /// Of which currency.
    pub currency: Currency,
    /// When the payment was started here.
    pub created_at: Timestamp,
    /// When it was decided to give it back: part of the refund's name at some
    /// providers, so the same at each repeat.
    pub requested_at: Timestamp,
    /// What the buyer reads.
    pub reason: String,
}

/// How a refund stands that the gateway has not refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refunded {
    /// The money is back.
    Done,
    /// Accepted; to be asked for again, with the same refund id.
    Pending,
}

/// The gateway did not do it, or did not say whether it did. Repeating the
/// call with the same ids is safe.
#[derive(Clone, Debug, thiserror::Error)]
#[error("payment gateway: {0}")]
pub struct GatewayError(pub String);

/// Whoever takes the money.
#[async_trait]
pub trait Gateway: Send + Sync {
    /// Whether this method can be used.
    fn offers(&self, method: PaymentMethod) -> bool;

    /// Whether it can be used for this currency, too.
    fn takes(&self, method: PaymentMethod, _: Currency) -> bool {
        self.offers(method)
    }

    /// The shortest time a buyer is given to pay: no session ends earlier.
    fn window(&self, method: PaymentMethod) -> Duration;

    /// Opens a payment; with a payment id already used, gives the same session.
    async fn open(&self, request: &PaymentRequest) -> Result<GatewaySession, GatewayError>;

    /// How a payment stands.
    async fn status(&self, request: &StatusRequest) -> Result<Standing, GatewayError>;

    /// Gives a payment back; with a refund id already used, does nothing more
    /// and says how that refund stands.
    async fn refund(&self, request: &RefundRequest) -> Result<Refunded, GatewayError>;
}
