//! Whoever takes the money.

mod generic;
mod http;
pub mod signature;

use std::time::Duration;

use async_trait::async_trait;
use seathold_service::model::PaymentMethod;
use seathold_service::ports::{
    Gateway, GatewayError, GatewaySession, PaymentRequest, RefundRequest, Refunded, Standing,
    StatusRequest,
};

pub use generic::GenericGateway;

/// No gateway: nothing can be paid.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoGateway;

#[async_trait]
impl Gateway for NoGateway {
    fn offers(&self, _: PaymentMethod) -> bool {
        false
    }

    fn window(&self, _: PaymentMethod) -> Duration {
        Duration::ZERO
    }

    async fn open(&self, _: &PaymentRequest) -> Result<GatewaySession, GatewayError> {
        Err(GatewayError("none is configured".to_owned()))
    }

    async fn status(&self, _: &StatusRequest) -> Result<Standing, GatewayError> {
        Err(GatewayError("none is configured".to_owned()))
    }

    async fn refund(&self, _: &RefundRequest) -> Result<Refunded, GatewayError> {
        Err(GatewayError("none is configured".to_owned()))
    }
}
