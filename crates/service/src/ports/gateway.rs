use async_trait::async_trait;
use seathold_core::{BookingId, Currency, PaymentId, RefundId, Timestamp};

use crate::model::PaymentMethod;

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
    /// Until when the buyer should pay.
    pub expires_at: Timestamp,
}

/// A payment the gateway has opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewaySession {
    /// The gateway's reference.
    pub transaction_id: String,
    /// Where the buyer pays.
    pub payment_url: String,
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
    /// How much, in minor units.
    pub amount: i64,
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

    /// Opens a payment; with a payment id already used, gives the same session.
    async fn open(&self, request: &PaymentRequest) -> Result<GatewaySession, GatewayError>;

    /// Gives a payment back; with a refund id already used, does nothing more.
    async fn refund(&self, request: &RefundRequest) -> Result<(), GatewayError>;
}
