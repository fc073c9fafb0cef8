//! Rolls forward whatever a crash, a silent gateway or a lost message has left.

use std::sync::Arc;

use crate::limits::PAGE;
use crate::model::{BookingStatus, PaymentStatus};
use crate::payments::Scope;
use crate::{Checked, Error, Service, Swept, rule};

/// What was rolled forward, and what is still open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// Expired holds that were freed and written off.
    pub swept: Swept,
    /// Other bookings whose rows follow their seats now.
    pub bookings: u64,
    /// What the gateway was asked about payments.
    pub payments: Checked,
    /// Events from which everything has followed now.
    pub events: u64,
    /// Bookings that were given back: their seats are free now.
    pub given_back: u64,
    /// Refunds that the gateway has made now.
    pub refunds: u64,
    /// Events that are not done yet.
    pub events_open: u64,
    /// Refunds that the gateway has not made yet.
    pub refunds_open: u64,
}

impl Service {
    /// Rolls forward every unfinished chain, due or not. Each step is conditional:
    /// any instance may do it at any time, and repeat it.
    ///
    /// # Errors
    /// The store failed; a repeat goes on from there.
    pub async fn reconcile(self: &Arc<Self>) -> Result<Reconciled, Error> {
        let swept = self.sweep().await?;
        let bookings = self.settle_rows().await?;
        let mut events = self.drive_inbox(Scope::All).await?;
        let payments = self.settle_all_payments().await?;
        // Of what the gateway has just told.
        events += self.drive_inbox(Scope::All).await?;
        let given_back =
            self.settle_cancelled_showtimes().await? + self.settle_given_back().await?;
        let refunds = self.drive_refunds(Scope::All).await?;
        let (events_open, refunds_open) = (self.open_events().await?, self.open_refunds().await?);
        Ok(Reconciled {
            swept,
            bookings,
            payments,
            events,
            given_back,
            refunds,
            events_open,
            refunds_open,
        })
    }

    /// Writes down what has become of every row that is stored as pending; gives of
    /// how many.
    async fn settle_rows(&self) -> Result<u64, Error> {
        let (mut settled, mut after) = (0, None);
        loop {
            let mut rows = self.store.bookings_after(after, PAGE).await?;
            let Some(last) = rows.last() else { return Ok(settled) };
            after = Some(last.id);
            rows.retain(|row| row.status == BookingStatus::Pending);
            let done = rule::settle(&*self.store, rows, self.env.now()).await?;
            settled += done.written + done.extended + done.removed;
        }
    }

    async fn open_events(&self) -> Result<u64, Error> {
        let (mut open, mut after) = (0, None);
        loop {
            let rows = self.store.events_after(after.as_ref(), true, PAGE).await?;
            let Some(last) = rows.last() else { return Ok(open) };
            after = Some((&last.event).into());
            open += rows.len() as u64;
        }
    }

    async fn open_refunds(&self) -> Result<u64, Error> {
        let (mut open, mut after) = (0, None);
        loop {
            let status = PaymentStatus::RefundPending;
            let rows = self.store.payments_with_status(status, after, PAGE).await?;
            let Some(last) = rows.last() else { return Ok(open) };
            after = Some(last.id);
            open += rows.len() as u64;
        }
    }
}
