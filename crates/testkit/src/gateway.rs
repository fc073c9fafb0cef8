use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use seathold_core::{PaymentId, RefundId};
use seathold_service::model::PaymentMethod;
use seathold_service::ports::{
    Gateway, GatewayError, GatewaySession, PaymentRequest, RefundRequest, Refunded, Standing,
    StatusRequest,
};

/// A gateway that keeps its books in memory: what it was asked to open, and
/// what it gave back. Like a real one it does each thing once per id.
#[derive(Default)]
pub struct BookkeepingGateway {
    books: Mutex<Books>,
}

#[derive(Default)]
struct Books {
    opened: BTreeMap<PaymentId, PaymentRequest>,
    refunded: BTreeMap<RefundId, RefundRequest>,
    down: bool,
}

impl BookkeepingGateway {
    /// Whether it answers at all.
    pub fn set_down(&self, down: bool) {
        self.books().down = down;
    }

    /// Every payment it has opened.
    pub fn opened(&self) -> Vec<PaymentRequest> {
        self.books().opened.values().cloned().collect()
    }

    /// Every refund it has accepted.
    pub fn refunded(&self) -> Vec<RefundRequest> {
        self.books().refunded.values().cloned().collect()
    }

    /// The reference it gives to a payment.
    #[must_use]
    pub fn transaction(payment: PaymentId) -> String {
        format!("TXN_{}", payment.uuid().simple())
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Gateway for BookkeepingGateway {
    fn offers(&self, _: PaymentMethod) -> bool {
        true
    }

    fn window(&self, _: PaymentMethod) -> Duration {
        Duration::ZERO
    }

    async fn open(&self, request: &PaymentRequest) -> Result<GatewaySession, GatewayError> {
        let mut books = self.books();
        if books.down {
            return Err(GatewayError("down".into()));
        }
        books.opened.entry(request.payment_id).or_insert_with(|| request.clone());
        let transaction_id = Self::transaction(request.payment_id);
        let payment_url = format!("https://gateway.example/pay/{transaction_id}");
        Ok(GatewaySession { transaction_id: Some(transaction_id), payment_url })
    }

    async fn status(&self, request: &StatusRequest) -> Result<Standing, GatewayError> {
        let books = self.books();
        if books.down {
            return Err(GatewayError("down".into()));
        }
        let known = books.opened.contains_key(&request.payment_id);
        Ok(if known { Standing::Pending } else { Standing::Unknown })
    }

    async fn refund(&self, request: &RefundRequest) -> Result<Refunded, GatewayError> {
        let mut books = self.books();
        if books.down {
            return Err(GatewayError("down".into()));
        }
        books.refunded.entry(request.refund_id).or_insert_with(|| request.clone());
        Ok(Refunded::Done)
    }
}
