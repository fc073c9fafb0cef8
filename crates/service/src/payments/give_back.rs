use std::sync::Arc;

use seathold_core::{BookingId, PaymentId, RefundId, Refusal};

use crate::desk::Order;
use crate::limits::{PAGE, SETTLE_WAIT};
use crate::model::{
    Booking, BookingRefund, BookingStatus, Payment, PaymentStatus, RefundReason, Resource,
};
use crate::ports::PaymentMove;
use crate::{Error, GivenBack, RefundBooking, Reply, Service, Viewer};

impl Service {
    /// Gives a sold booking back: its seats are free, its money is on its way. For
    /// its owner until some time before the start, for an admin at any time.
    ///
    /// # Errors
    /// A refusal, busy, or the store failed.
    pub async fn refund_booking(self: &Arc<Self>, request: RefundBooking) -> Result<Reply, Error> {
        let row = self.store.booking(request.booking).await?;
        let known = row.and_then(|row| Some(row.refund?.id).or(Some(row.paid_by?.refund())));
        let fresh = || RefundId::from_uuid(self.env.uuid());
        let planned = Resource::Refund(known.unwrap_or_else(fresh));
        let (service, render) = (self.clone(), request.render);
        self.once(request.key, planned, move |this| async move {
            let Resource::Refund(id) = this.resource else { return Err(Error::Unknown) };
            let viewer = &request.viewer;
            let begun = service.begin(request.booking, viewer, id, this.resumed).await?;
            Ok(render(&service.finish_soon(begun).await?))
        })
        .await
    }

    /// The booking, with its refund decided.
    async fn begin(
        &self,
        id: BookingId,
        viewer: &Viewer,
        refund: RefundId,
        resumed: bool,
    ) -> Result<Booking, Error> {
        let booking = self.booking(id, viewer).await?;
        match (booking.status, booking.refund) {
            (BookingStatus::Confirmed, Some(_)) => Ok(booking),
            // By the first try, the answer of which was lost.
            (_, Some(_)) if resumed => Ok(booking),
            (BookingStatus::Confirmed, None) => {
                let reason = if viewer.admin { RefundReason::Admin } else { RefundReason::Owner };
                if !viewer.admin {
                    self.check_refund_window(&booking).await?;
                }
                self.decide_refund(&booking, refund, reason).await
            }
            _ => Err(Refusal::BookingNotConfirmed.into()),
        }
    }

    async fn check_refund_window(&self, booking: &Booking) -> Result<(), Error> {
        let summary = self.store.summary(booking.showtime_id).await?;
        let summary = summary.ok_or(Refusal::ShowtimeNotFound)?;
        let closes = summary.showtime.start_time.plus_millis(-self.rules.refund_closes_ms);
        // What does not play can be given back all the same.
        if summary.cancelled_at.is_none() && closes <= self.env.now() {
            return Err(Refusal::RefundWindowClosed.into());
        }
        Ok(())
    }

    /// Decides that a sold booking is given back: once, whoever decides. Its sale
    /// has to be finished.
    pub(super) async fn decide_refund(
        &self,
        booking: &Booking,
        fresh: RefundId,
        reason: RefundReason,
    ) -> Result<Booking, Error> {
        let id = match booking.paid_by {
            Some(paid_by) => {
                let payment = self.store.payment(paid_by).await?;
                let sold = payment.is_some_and(|it| it.status == PaymentStatus::Completed);
                if !sold {
                    // Decided by another since the booking was read, or not sold yet.
                    let row = self.store.booking(booking.id).await?;
                    return row.filter(|row| row.refund.is_some()).ok_or(Error::Busy);
                }
                paid_by.refund()
            }
            None if booking.final_amount == 0 => fresh,
            None => return Err(Error::Busy),
        };
        let refund = BookingRefund { id, reason, since: self.env.now(), done_at: None };
        let marked = self.store.mark_refund(booking.id, &refund).await?;
        marked.filter(|row| row.refund.is_some()).ok_or(Error::Busy)
    }

    /// Goes on with every booking whose refund was decided and whose seats may not
    /// be free yet; gives how many are now.
    ///
    /// # Errors
    /// The store failed.
    pub async fn settle_given_back(&self) -> Result<u64, Error> {
        let (mut freed, mut after) = (0, None);
        loop {
            let rows = self.store.refunding_bookings(after, PAGE).await?;
            let Some(last) = rows.last() else { return Ok(freed) };
            after = Some(last.id);
            for row in rows {
                match self.free(row).await {
                    Ok(_) => freed += 1,
                    Err(error) => tracing::warn!(?error, "a booking is not given back yet"),
                }
            }
        }
    }

    /// Frees the seats of a booking that is given back, unless that is done.
    pub(super) async fn free_refunded(&self, id: BookingId) -> Result<(), Error> {
        match self.store.booking(id).await? {
            Some(row) if row.is_refunding() => self.free(row).await.map(drop),
            _ => Ok(()),
        }
    }

    /// The steps between the decision and the gateway. Each is conditional: whoever
    /// comes second finds it done.
    pub(super) async fn free(&self, row: Booking) -> Result<Booking, Error> {
        let Some(refund) = row.refund else { return Ok(row) };
        if let Some(payment) = row.paid_by {
            let step = PaymentMove {
                refund_reason: Some(refund.reason),
                ..PaymentMove::new(
                    payment,
                    &[PaymentStatus::Completed],
                    PaymentStatus::RefundPending,
                    self.env.now(),
                )
            };
            self.store.move_payment(&step).await?;
        }
        match self.desks.order(row.showtime_id, Order::Refund { booking: row.id }).await {
            Ok(_) | Err(Error::Refused(Refusal::SeatsGone | Refusal::ShowtimeNotFound)) => {}
            Err(error) => return Err(error),
        }
        let now = self.env.now();
        if row.paid_by.is_none() {
            self.store.note_refunded(row.id, now).await?;
        }
        let cancelled = self.store.cancel_refunded(row.id, now).await?;
        tracing::info!(booking_id = %row.id, reason = refund.reason.as_str(), "given back");
        cancelled.ok_or(Error::Unknown)
    }

    /// Everything that follows from the decision. For the gateway it waits a while
    /// only: the cron goes on with it.
    async fn finish_soon(self: &Arc<Self>, row: Booking) -> Result<GivenBack, Error> {
        let row = self.free(row).await.map_err(Error::after_commit)?;
        let Some(refund) = row.refund else { return Err(Error::Unknown) };
        let Some(id) = row.paid_by else {
            return Ok(GivenBack { booking: row, refund, status: PaymentStatus::Refunded });
        };
        let service = self.clone();
        let work = self.env.detached(async move { service.refund_unless_done(id).await });
        let _ = tokio::time::timeout(SETTLE_WAIT, work).await;
        self.tell_soon();
        let payment = self.store.payment(id).await;
        let payment = payment.map_err(|error| Error::from(error).after_commit())?;
        let status = payment.map_or(PaymentStatus::RefundPending, |payment| payment.status);
        Ok(GivenBack { booking: row, refund, status })
    }

    async fn refund_unless_done(&self, id: PaymentId) {
        let open = |payment: &Payment| payment.status == PaymentStatus::RefundPending;
        if let Ok(Some(payment)) = self.store.payment(id).await
            && open(&payment)
        {
            self.refund(&payment).await;
        }
    }
}
