use serde::Serialize;

/// What the sandbox has done to callbacks and payments, counted as it was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Tally {
    /// Callbacks that should be sent once each, at once.
    pub(super) due: u64,
    /// Of these, those that were not sent.
    pub(super) dropped: u64,
    /// Those that were sent twice.
    pub(super) duplicated: u64,
    /// Those that another one has overtaken.
    pub(super) reordered: u64,
    /// Those that were sent after a delay.
    pub(super) delayed: u64,
    /// Those that named another amount.
    pub(super) wrong_amount: u64,
    /// Messages that went out, each time.
    pub(super) sent: u64,
    /// Of these, those that the shop took.
    pub(super) taken: u64,
    /// Payments that were made late.
    pub(super) late_payments: u64,
    /// Buyers and callbacks whose time has not come yet.
    pub(super) waiting: u64,
}
