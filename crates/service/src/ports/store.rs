use async_trait::async_trait;

use super::{Bookings, Outboxes, Payments, Showtimes};

/// Why a store did not do what it was asked to.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// It could not be reached, or refused: nothing was written.
    #[error("store unavailable: {0}")]
    Unavailable(String),
    /// It was asked, and its answer was lost: the write may have happened, may
    /// not have, and may yet happen until the write's own deadline.
    #[error("store outcome unknown: {0}")]
    Unknown(String),
}

impl StoreError {
    /// What was wrong, in the store's own words.
    #[must_use]
    pub fn reason(&self) -> &str {
        match self {
            Self::Unavailable(reason) | Self::Unknown(reason) => reason,
        }
    }
}

/// One page of a longer list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// Entries to pass over.
    pub skip: u64,
    /// Entries to give at the most.
    pub limit: u32,
}

/// The entries of one page, and how many there are in all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The entries.
    pub data: Vec<T>,
    /// How many entries all pages have together.
    pub total: u64,
}

/// Everything that is kept.
#[async_trait]
pub trait Store: Showtimes + Bookings + Payments + Outboxes {
    /// What `/health` says of the store.
    async fn ping(&self) -> Result<(), StoreError>;
}
