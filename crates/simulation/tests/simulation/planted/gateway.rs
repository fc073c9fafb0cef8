use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use seathold_core::RefundId;
use seathold_service::model::PaymentMethod;
use seathold_service::ports::{
    Gateway, GatewayError, GatewaySession, PaymentRequest, RefundRequest, Refunded, Standing,
    StatusRequest,
};
use seathold_simulation::{Ports, Wrap};
use uuid::Uuid;

/// What was not answered is asked for once more, as something new.
pub(super) fn with_naive_retry() -> Wrap {
    Arc::new(|ports: Ports| {
        let gateway = Arc::new(Retrying(ports.gateway.clone()));
        Ports { gateway, ..ports }
    })
}

struct Retrying(Arc<dyn Gateway>);

#[async_trait]
impl Gateway for Retrying {
    fn offers(&self, method: PaymentMethod) -> bool {
        self.0.offers(method)
    }

    fn window(&self, method: PaymentMethod) -> Duration {
        self.0.window(method)
    }

    async fn open(&self, request: &PaymentRequest) -> Result<GatewaySession, GatewayError> {
        self.0.open(request).await
    }

    async fn status(&self, request: &StatusRequest) -> Result<Standing, GatewayError> {
        self.0.status(request).await
    }

    async fn refund(&self, request: &RefundRequest) -> Result<Refunded, GatewayError> {
        if let Ok(done) = self.0.refund(request).await {
            return Ok(done);
        }
        let another = Uuid::from_u128(request.refund_id.uuid().as_u128() + 1);
        let again = RefundRequest { refund_id: RefundId::from_uuid(another), ..request.clone() };
        self.0.refund(&again).await
    }
}
