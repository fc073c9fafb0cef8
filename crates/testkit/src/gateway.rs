use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use seathold_core::{PaymentId, RefundId};
use seathold_service::model::{GatewayEvent, PaymentMethod};
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
    words: BTreeMap<PaymentId, GatewayEvent>,
    asked: u64,
    window: Duration,
    slow: bool,
    down: bool,
}

impl BookkeepingGateway {
    /// Whether it answers at all.
    pub fn set_down(&self, down: bool) {
        self.books().down = down;
    }

    /// Whether a refund takes more than one call.
    pub fn set_slow(&self, slow: bool) {
        self.books().slow = slow;
    }

    /// How long it gives a buyer, whatever the method.
    pub fn set_window(&self, window: Duration) {
        self.books().window = window;
    }

    /// What has become of the payment it names: told to whoever asks.
    pub fn decide(&self, event: GatewayEvent) {
        let payment = event.payment_id;
        payment.and_then(|payment| self.books().words.insert(payment, event));
    }

    /// How often it was asked how a payment stands.
    pub fn asked(&self) -> u64 {
        self.books().asked
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
        self.books().window
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
        let mut books = self.books();
        books.asked += 1;
        if books.down {
            return Err(GatewayError("down".into()));
        }
        if let Some(word) = books.words.get(&request.payment_id) {
            return Ok(Standing::Ended(word.clone()));
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
        Ok(if books.slow { Refunded::Pending } else { Refunded::Done })
    }
}
