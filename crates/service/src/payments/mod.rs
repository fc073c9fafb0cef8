//! Money: starting a payment, hearing of it, and what follows.

mod cancelled;
mod checks;
mod give_back;
mod inbox;
mod refunds;
mod sale;
mod start;

pub use checks::Checked;
use seathold_core::Timestamp;

/// Which of what is unfinished a round takes up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// What is due.
    Due,
    /// All of it.
    All,
}

impl Scope {
    /// Whether it takes up what is planned for then; what is not planned is due.
    pub(crate) fn takes(self, planned: Option<Timestamp>, now: Timestamp) -> bool {
        self == Self::All || planned.is_none_or(|at| at <= now)
    }
}
