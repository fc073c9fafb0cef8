use axum::http::StatusCode;
use seathold_service::Session;
use seathold_service::model::{Answer, BookingStatus, Payment};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::bookings::views::answer;
use crate::http::extract::Time;

/// Where the buyer of a booking pays.
#[derive(Serialize, ToSchema)]
pub(crate) struct Confirmed {
    /// The booking's id.
    booking_id: String,
    /// The code for people.
    #[schema(example = "BK-ABC12345")]
    booking_code: String,
    /// The payment's id; null when there is nothing to pay.
    #[schema(example = "PAY_550e8400-e29b-41d4-a716-446655440000")]
    payment_id: Option<String>,
    /// Where to send the buyer; null when there is nothing to pay.
    #[schema(example = "https://payment.example.com/momo/pay/TXN_MOMO_abc123")]
    payment_url: Option<String>,
    /// Until when the buyer should pay.
    expires_at: Time,
    /// `confirmed`, only when there was nothing to pay.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "confirmed")]
    status: Option<&'static str>,
}

impl Confirmed {
    /// The answer to a confirmation.
    pub(super) fn answer(session: &Session) -> Answer {
        let Session { booking, payment } = session;
        let status = match payment {
            Some(_) => None,
            None => Some(BookingStatus::Confirmed.as_str()),
        };
        let view = Self {
            booking_id: booking.id.to_string(),
            booking_code: booking.code.clone(),
            payment_id: payment.as_ref().map(|payment| payment.id.to_string()),
            payment_url: payment.as_ref().and_then(|payment| payment.payment_url.clone()),
            expires_at: expiry(session),
            status,
        };
        answer(StatusCode::OK, &view)
    }
}

/// A payment that was started.
#[derive(Serialize, ToSchema)]
pub(crate) struct Created {
    /// `true`
    success: bool,
    /// The payment's id; null when there is nothing to pay.
    #[schema(example = "PAY_550e8400-e29b-41d4-a716-446655440000")]
    payment_id: Option<String>,
    /// Where to send the buyer; null when there is nothing to pay.
    payment_url: Option<String>,
    /// Until when the buyer should pay.
    expires_at: Time,
    /// What to do next, for people.
    #[schema(example = "Send the buyer to payment_url.")]
    message: &'static str,
}

impl Created {
    /// The answer to the start of a payment.
    pub(super) fn answer(session: &Session) -> Answer {
        let payment = session.payment.as_ref();
        let view = Self {
            success: true,
            payment_id: payment.map(|payment| payment.id.to_string()),
            payment_url: payment.and_then(|payment| payment.payment_url.clone()),
            expires_at: expiry(session),
            message: match payment {
                Some(_) => "Send the buyer to payment_url.",
                None => "There is nothing to pay: the booking is confirmed.",
            },
        };
        answer(StatusCode::CREATED, &view)
    }
}

fn expiry(Session { booking, payment }: &Session) -> Time {
    Time(payment.as_ref().map_or(booking.hold_expires_at, |payment| payment.expires_at))
}

/// A payment, in its wrapper.
#[derive(Serialize, ToSchema)]
pub(crate) struct PaymentEnvelope {
    /// `true`
    success: bool,
    /// The payment.
    data: PaymentView,
}

/// A payment.
#[derive(Serialize, ToSchema)]
#[schema(as = Payment)]
struct PaymentView {
    /// Its id.
    #[schema(example = "PAY_550e8400-e29b-41d4-a716-446655440000")]
    id: String,
    /// What is paid for.
    booking_id: String,
    /// How much, in minor units.
    #[schema(example = 300_000)]
    amount: i64,
    /// The currency of the amount (ISO 4217).
    #[schema(example = "VND")]
    currency: String,
    /// `momo`, `vnpay`, `zalopay` or `card`.
    #[schema(example = "momo")]
    payment_method: &'static str,
    /// `pending`, `completed`, `failed`, `expired`, `refund_pending` or
    /// `refunded`; true at the moment of the read.
    #[schema(example = "pending")]
    status: &'static str,
    /// Where the buyer pays.
    payment_url: Option<String>,
    /// The gateway's reference.
    transaction_id: Option<String>,
    /// When the money was taken.
    paid_at: Option<Time>,
    /// Until when the buyer should pay.
    expires_at: Time,
    /// When it was made.
    created_at: Time,
}

impl PaymentEnvelope {
    pub(super) fn of(payment: &Payment) -> Self {
        let data = PaymentView {
            id: payment.id.to_string(),
            booking_id: payment.booking_id.to_string(),
            amount: payment.amount,
            currency: payment.currency.to_string(),
            payment_method: payment.provider.as_str(),
            status: payment.status.as_str(),
            payment_url: payment.payment_url.clone(),
            transaction_id: payment.transaction_id.clone(),
            paid_at: payment.paid_at.map(Time),
            expires_at: Time(payment.expires_at),
            created_at: Time(payment.created_at),
        };
        Self { success: true, data }
    }
}
