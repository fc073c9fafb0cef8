use std::fmt;
use std::str::FromStr;

use seathold_core::{BookingId, Currency, PaymentId, Timestamp, UserId};
use sha2::{Digest, Sha256};

/// How a buyer pays; also the name of the provider behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PaymentMethod {
    /// MoMo.
    Momo,
    /// VNPay.
    Vnpay,
    /// ZaloPay.
    Zalopay,
    /// A card.
    Card,
}

impl PaymentMethod {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Momo, Self::Vnpay, Self::Zalopay, Self::Card];

    /// The method's name for clients, stores and gateways.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Momo => "momo",
            Self::Vnpay => "vnpay",
            Self::Zalopay => "zalopay",
            Self::Card => "card",
        }
    }
}

/// A text that names no payment method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownMethod;

impl fmt::Display for UnknownMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("must be momo, vnpay, zalopay or card")
    }
}

impl std::error::Error for UnknownMethod {}

impl FromStr for PaymentMethod {
    type Err = UnknownMethod;

    fn from_str(text: &str) -> Result<Self, UnknownMethod> {
        Self::ALL.into_iter().find(|method| method.as_str() == text).ok_or(UnknownMethod)
    }
}

/// One attempt to pay for a booking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// Its id: the merchant reference at the gateway.
    pub id: PaymentId,
    /// What is paid for.
    pub booking_id: BookingId,
    /// Who pays.
    pub user_id: UserId,
    /// With whom.
    pub provider: PaymentMethod,
    /// The gateway's own reference, once the gateway has answered.
    pub transaction_id: Option<String>,
    /// What is to be paid, in minor units.
    pub amount: i64,
    /// The currency of the amount.
    pub currency: Currency,
    /// Where it stands.
    pub status: PaymentStatus,
    /// Where the buyer pays, once the gateway has answered.
    pub payment_url: Option<String>,
    /// Where the buyer goes afterwards.
    pub return_url: Option<String>,
    /// Until when the buyer should pay: the end of the hold.
    pub expires_at: Timestamp,
    /// When the money was taken.
    pub paid_at: Option<Timestamp>,
    /// Why the money goes back, once it does.
    pub refund_reason: Option<RefundReason>,
    /// The payment of which this is a second charge, found out by the gateway's
    /// word; it goes back.
    pub again_of: Option<PaymentId>,
    /// When the gateway is to be asked next: whether it was paid, or to take the
    /// refund.
    pub next_check: Option<Timestamp>,
    /// How often it was asked since the status changed.
    pub checks: u32,
    /// Until when somebody is deciding what becomes of its money.
    pub lease_until: Option<Timestamp>,
    /// When the row was made.
    pub created_at: Timestamp,
    /// When the row last changed.
    pub updated_at: Timestamp,
}

impl Payment {
    /// What the gateway knows it by.
    #[must_use]
    pub fn reference(&self) -> PaymentId {
        self.again_of.unwrap_or(self.id)
    }

    /// A further charge of this payment, known by a reference of its own: the
    /// same row however often it is told, to be given back.
    #[must_use]
    pub fn charged_again(&self, event: &GatewayEvent, at: Timestamp) -> Self {
        let told = format!("{} {} {}", self.id, event.provider.as_str(), event.transaction_id);
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&Sha256::digest(told)[..16]);
        Self {
            id: PaymentId::from_uuid(uuid::Builder::from_custom_bytes(bytes).into_uuid()),
            transaction_id: Some(event.transaction_id.clone()),
            amount: event.amount,
            status: PaymentStatus::RefundPending,
            payment_url: None,
            paid_at: Some(event.paid_at.unwrap_or(at)),
            refund_reason: Some(RefundReason::PaidTwice),
            again_of: Some(self.id),
            next_check: None,
            checks: 0,
            lease_until: None,
            updated_at: at,
            ..self.clone()
        }
    }
}

/// Why money goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundReason {
    /// The seats were gone, or sold for another payment.
    NotSold,
    /// The gateway took it twice.
    PaidTwice,
    /// The owner gave the booking back.
    Owner,
    /// An admin gave the booking back.
    Admin,
    /// The showtime was cancelled.
    ShowtimeCancelled,
}

impl RefundReason {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::NotSold, Self::PaidTwice, Self::Owner, Self::Admin, Self::ShowtimeCancelled];

    /// Whether a sold booking is given back, and not only money.
    #[must_use]
    pub const fn is_of_booking(self) -> bool {
        matches!(self, Self::Owner | Self::Admin | Self::ShowtimeCancelled)
    }

    /// The reason's name for stores.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotSold => "not_sold",
            Self::PaidTwice => "paid_twice",
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::ShowtimeCancelled => "showtime_cancelled",
        }
    }
}

/// The life of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PaymentStatus {
    /// Waiting for the buyer.
    Pending,
    /// Paid, and the seats are sold for it.
    Completed,
    /// The gateway said no, or another method was chosen.
    Failed,
    /// Nobody paid in time. Only ever read, never stored: money that comes
    /// later still counts.
    Expired,
    /// Paid for nothing, or for what was given back; the money is on its way.
    RefundPending,
    /// The money was given back.
    Refunded,
}

impl PaymentStatus {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Pending,
        Self::Completed,
        Self::Failed,
        Self::Expired,
        Self::RefundPending,
        Self::Refunded,
    ];

    /// Whether the gateway has taken the money, whatever became of it.
    #[must_use]
    pub const fn is_charged(self) -> bool {
        matches!(self, Self::Completed | Self::RefundPending | Self::Refunded)
    }

    /// The status's name for clients and stores.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Expired => "expired",
            Self::RefundPending => "refund_pending",
            Self::Refunded => "refunded",
        }
    }
}

/// What a gateway says has happened, authentic and parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayEvent {
    /// The provider that says it.
    pub provider: PaymentMethod,
    /// The gateway's reference.
    pub transaction_id: String,
    /// Ours, if it was sent along.
    pub payment_id: Option<PaymentId>,
    /// Paid or not.
    pub outcome: Outcome,
    /// How much, in minor units.
    pub amount: i64,
    /// Of which currency, if it was said.
    pub currency: Option<Currency>,
    /// When, if it was said.
    pub paid_at: Option<Timestamp>,
}

/// Paid or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// The money was taken.
    Success,
    /// It was not.
    Failed,
}

impl Outcome {
    /// The outcome's name for stores and gateways.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failed => "failed",
        }
    }
}

/// A row of the inbox; unique by provider, transaction and outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedEvent {
    /// What was said.
    pub event: GatewayEvent,
    /// When it first came.
    pub received_at: Timestamp,
    /// How many rounds have tried in vain to do what follows from it.
    pub tries: u32,
    /// Before then, no round tries again.
    pub next_try: Option<Timestamp>,
    /// Whether everything that follows from it is done.
    pub done: bool,
}

impl ReceivedEvent {
    /// One that has just come.
    #[must_use]
    pub const fn new(event: GatewayEvent, received_at: Timestamp) -> Self {
        Self { event, received_at, tries: 0, next_try: None, done: false }
    }
}
