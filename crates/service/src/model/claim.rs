use std::sync::Arc;

use seathold_core::{BookingId, IdempotencyKey, PaymentId, RefundId, Timestamp, UserId};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Whose key it is. Two users may use the same key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClaimKey {
    /// The user.
    pub user: UserId,
    /// The user's key.
    pub key: IdempotencyKey,
}

/// What a key is bound to at its first use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// Method and path, e.g. `POST /api/bookings/hold`.
    pub route: String,
    /// SHA-256 of the canonical JSON of the body.
    pub body_hash: [u8; 32],
}

impl Fingerprint {
    /// The fingerprint of a request with this body in canonical JSON.
    #[must_use]
    pub fn of(route: String, canonical_body: &[u8]) -> Self {
        Self { route, body_hash: Sha256::digest(canonical_body).into() }
    }
}

/// What the request that owns a key brings about. A resumed request brings
/// about the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// A hold, or its cancellation.
    Booking(BookingId),
    /// A payment.
    Payment(PaymentId),
    /// The refund of a sold booking.
    Refund(RefundId),
}

/// Where the request that owns a key stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimStatus {
    /// It runs, or its owner crashed: the lease tells. The claim of a hold
    /// stays so for good: its seats tell that it is finished.
    Processing,
    /// It is finished: `response` is what it was answered.
    Completed,
    /// It ended without an outcome to remember; a repeat takes it over at once.
    Failed,
}

impl ClaimStatus {
    /// The status's name in stores.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Processing => "processing",
            Self::Completed => "completed",
            Self::Failed => "failed",
        }
    }
}

/// An idempotency key in use: one key, one execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Whose key.
    pub key: ClaimKey,
    /// What it is bound to.
    pub fingerprint: Fingerprint,
    /// What it brings about.
    pub resource: Resource,
    /// Who executes it: a fresh id at each take-over.
    pub owner: Uuid,
    /// Until when the owner is presumed alive.
    pub lease_until: Timestamp,
    /// Where it stands.
    pub status: ClaimStatus,
    /// What it is answered. A hold's is there from the start.
    pub response: Option<Answer>,
    /// When the key may be forgotten.
    pub expires_at: Timestamp,
}

/// A response as the client sees it, kept to be replayed byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The body.
    pub body: Arc<[u8]>,
}
