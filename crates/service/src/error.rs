use seathold_core::Refusal;

use crate::ports::StoreError;

/// Why a use case did not do what it was asked to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The rules say no. Nothing was changed.
    Refused(Refusal),
    /// This showtime's queue is full, or its version rounds are exhausted.
    /// Nothing was changed; try again.
    Busy,
    /// A store is down, or the process is at its limit. Nothing was changed.
    Unavailable,
    /// It may have happened, or may not. A repeat with the same key finds out.
    Unknown,
    /// The payment gateway did not answer as it should. A repeat is safe.
    Gateway,
}

impl Error {
    /// The same, of a step that follows a commit: something was changed.
    pub(crate) fn after_commit(self) -> Self {
        match self {
            Self::Unavailable | Self::Busy => Self::Unknown,
            other => other,
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<StoreError> for Error {
    /// Logs what the caller must not see.
    fn from(error: StoreError) -> Self {
        tracing::warn!(%error, "the store failed");
        match error {
            StoreError::Unavailable(_) => Self::Unavailable,
            StoreError::Unknown(_) => Self::Unknown,
        }
    }
}
