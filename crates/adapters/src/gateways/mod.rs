//! Whoever takes the money: a file per provider.

mod callback;
mod generic;
pub(crate) mod http;
mod local_time;
pub mod mac;
mod momo;
pub mod signature;
mod vnpay;
mod zalopay;

use std::time::Duration;

use async_trait::async_trait;
use seathold_core::Currency;
use seathold_service::model::PaymentMethod;
use seathold_service::ports::{
    Gateway, GatewayError, GatewaySession, PaymentRequest, RefundRequest, Refunded, Standing,
    StatusRequest,
};

pub use callback::{Acknowledgement, Callbacks, Doubt, Message, Verdict, Word};
pub use generic::GenericGateway;
pub use momo::{Momo, MomoAccount};
pub use vnpay::{Vnpay, VnpayAccount};
pub use zalopay::{Zalopay, ZalopayAccount};

/// The one currency of MoMo, VNPay and ZaloPay. It has no minor unit.
const VND: &str = "VND";

/// Each method's own provider; the generic gateway for those without. Without
/// either, a method is not offered.
#[derive(Default)]
pub struct Gateways {
    /// MoMo.
    pub momo: Option<Momo>,
    /// VNPay.
    pub vnpay: Option<Vnpay>,
    /// ZaloPay.
    pub zalopay: Option<Zalopay>,
    /// Cards.
    pub card: Option<GenericGateway>,
    /// For all methods without their own.
    pub generic: Option<GenericGateway>,
}

impl Gateways {
    /// The provider that calls back about this method in its own words.
    #[must_use]
    pub fn callbacks(&self, method: PaymentMethod) -> Option<&dyn Callbacks> {
        match method {
            PaymentMethod::Momo => self.momo.as_ref().map(|it| it as &dyn Callbacks),
            PaymentMethod::Vnpay => self.vnpay.as_ref().map(|it| it as &dyn Callbacks),
            PaymentMethod::Zalopay => self.zalopay.as_ref().map(|it| it as &dyn Callbacks),
            PaymentMethod::Card => None,
        }
    }

    fn of(&self, method: PaymentMethod) -> Option<&dyn Gateway> {
        let own = match method {
            PaymentMethod::Momo => self.momo.as_ref().map(|it| it as &dyn Gateway),
            PaymentMethod::Vnpay => self.vnpay.as_ref().map(|it| it as &dyn Gateway),
            PaymentMethod::Zalopay => self.zalopay.as_ref().map(|it| it as &dyn Gateway),
            PaymentMethod::Card => self.card.as_ref().map(|it| it as &dyn Gateway),
        };
        own.or_else(|| self.generic.as_ref().map(|it| it as &dyn Gateway))
    }

    fn configured(&self, method: PaymentMethod) -> Result<&dyn Gateway, GatewayError> {
        self.of(method).ok_or_else(|| GatewayError("none is configured".to_owned()))
    }
}

#[async_trait]
impl Gateway for Gateways {
    fn offers(&self, method: PaymentMethod) -> bool {
        self.of(method).is_some()
    }

    fn takes(&self, method: PaymentMethod, currency: Currency) -> bool {
        self.of(method).is_some_and(|gateway| gateway.takes(method, currency))
    }

    fn window(&self, method: PaymentMethod) -> Duration {
        self.of(method).map_or(Duration::ZERO, |gateway| gateway.window(method))
    }

    async fn open(&self, request: &PaymentRequest) -> Result<GatewaySession, GatewayError> {
        self.configured(request.method)?.open(request).await
    }

    async fn status(&self, request: &StatusRequest) -> Result<Standing, GatewayError> {
        self.configured(request.method)?.status(request).await
    }

    async fn refund(&self, request: &RefundRequest) -> Result<Refunded, GatewayError> {
        self.configured(request.method)?.refund(request).await
    }
}

fn is_dong(currency: Currency) -> bool {
    currency.to_string() == VND
}

/// An amount for those who take dong only.
fn dong(amount: i64, currency: Currency) -> Result<i64, GatewayError> {
    if is_dong(currency) {
        return Ok(amount);
    }
    Err(GatewayError(format!("it takes {VND} only, not {currency}")))
}
