//! The records: what a store keeps, in the service's own words.

mod booking;
mod claim;
mod outbox;
mod payment;
mod showtime;

pub use booking::{BookedSeat, Booking, BookingRefund, BookingStatus, Extension, Settlement};
pub use claim::{Answer, Claim, ClaimKey, ClaimStatus, Fingerprint, Resource};
pub use outbox::{
    BookingEvent, BookingEventId, Delivery, DeliveryState, InvalidEventId, Outbox, ReceiverId,
};
pub use payment::{
    GatewayEvent, Outcome, Payment, PaymentMethod, PaymentStatus, ReceivedEvent, RefundReason,
    UnknownMethod,
};
pub use showtime::{Showtime, ShowtimeStatus, ShowtimeSummary, StoredShowtime, Version};
