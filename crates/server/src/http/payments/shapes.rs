use seathold_core::BookingId;
use seathold_service::model::PaymentMethod;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use crate::http::extract::{Shape, Text, given};
use crate::url::HttpUrl;

/// How to pay for a booking.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfirmBody {
    /// `momo`, `vnpay`, `zalopay` or `card`.
    #[validate(nested)]
    #[schema(value_type = String, pattern = "^(momo|vnpay|zalopay|card)$", example = "momo")]
    payment_method: Text<PaymentMethod>,
    /// Where the buyer goes afterwards: an absolute http or https URL. The
    /// server may have a default.
    #[validate(nested)]
    #[schema(value_type = Option<String>, format = "uri", example = "https://shop.example/payment/callback")]
    return_url: Option<Text<HttpUrl>>,
}

/// Which booking to pay for, and how.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateBody {
    /// Which booking.
    #[validate(nested)]
    #[schema(value_type = String, pattern = "^[0-9a-fA-F]{24}$", example = "64a7b2c4d5e6f7a8b9c0d1e8")]
    booking_id: Text<BookingId>,
    /// `momo`, `vnpay`, `zalopay` or `card`.
    #[validate(nested)]
    #[schema(value_type = String, pattern = "^(momo|vnpay|zalopay|card)$", example = "momo")]
    payment_method: Text<PaymentMethod>,
    /// Where the buyer goes afterwards: an absolute http or https URL. The
    /// server may have a default.
    #[validate(nested)]
    #[schema(value_type = Option<String>, format = "uri", example = "https://shop.example/payment/callback")]
    return_url: Option<Text<HttpUrl>>,
}

impl Shape for ConfirmBody {}
impl Shape for CreateBody {}

/// How a buyer wants to pay.
pub(super) struct Means {
    /// With whom.
    pub(super) method: PaymentMethod,
    /// Where to go afterwards, if the request says so.
    pub(super) return_url: Option<HttpUrl>,
}

impl ConfirmBody {
    pub(super) fn means(self) -> Means {
        Means { method: self.payment_method.value(), return_url: given(&self.return_url) }
    }
}

impl CreateBody {
    pub(super) fn parse(self) -> (BookingId, Means) {
        let return_url = given(&self.return_url);
        (self.booking_id.value(), Means { method: self.payment_method.value(), return_url })
    }
}
