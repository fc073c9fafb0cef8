use std::sync::Arc;

use seathold_core::{BookingId, Refusal};

use crate::desk::Order;
use crate::model::{Booking, BookingStatus, Resource, Settlement};
use crate::ports::{BookingFilter, Page, PendingFilter};
use crate::{CancelRequest, Error, HoldRequest, Reply, Service, Viewer, limits, rule};

impl Service {
    /// Sets seats aside for the caller: all of them, or none.
    ///
    /// # Errors
    /// A refusal, busy, or the store failed.
    pub async fn hold(self: &Arc<Self>, request: HoldRequest) -> Result<Reply, Error> {
        let reply = self.desks.hold(request).await?;
        self.tell_soon();
        Ok(reply)
    }

    /// A booking as it is now, for its owner or an admin.
    ///
    /// # Errors
    /// There is none, it is somebody else's, or the store failed.
    pub async fn booking(&self, id: BookingId, viewer: &Viewer) -> Result<Booking, Error> {
        let booking = self.current(id).await?;
        if booking.user_id != viewer.user && !viewer.admin {
            return Err(Refusal::BookingNotOwned.into());
        }
        Ok(booking)
    }

    /// A page of the user's bookings as they are now, newest first.
    ///
    /// # Errors
    /// The store failed.
    pub async fn bookings(&self, filter: &BookingFilter) -> Result<Page<Booking>, Error> {
        let now = self.env.now();
        // What has ended is written down first, so that the store can select by status.
        let ended = PendingFilter::OfUser(filter.user.clone());
        let rows = self.store.pending_bookings(&ended, limits::PAGE).await?;
        let unswept = rule::settle(&*self.store, rows, now).await?.unswept;
        if !unswept.is_empty() {
            for showtime in unswept {
                // The sweep, for these only. One that is busy is listed as pending.
                let _ = self.desks.order(showtime, Order::Expire { before: now }).await;
            }
            let rows = self.store.pending_bookings(&ended, limits::PAGE).await?;
            rule::settle(&*self.store, rows, now).await?;
        }

        let mut page = self.store.list_bookings(filter).await?;
        let listed = page.data.len() as u64;
        page.data = rule::settle(&*self.store, page.data, now).await?.rows;
        page.data.retain(|row| filter.status.is_none_or(|status| row.status == status));
        page.total -= listed - page.data.len() as u64;
        Ok(page)
    }

    /// Gives a pending booking back and frees its seats. Repeating it gives the
    /// same answer.
    ///
    /// # Errors
    /// A refusal, busy, or the store failed.
    pub async fn cancel(self: &Arc<Self>, request: CancelRequest) -> Result<Reply, Error> {
        let CancelRequest { booking, user, key, render } = request;
        let (service, resource) = (self.clone(), Resource::Booking(booking));
        let work = async move {
            let viewer = Viewer { user, admin: false };
            Ok(render(&service.cancel_now(booking, &viewer).await?))
        };
        let reply = match key {
            Some(keyed) => self.once(keyed, resource, |_| work).await?,
            None => {
                let answer = self.env.detached(work).await.unwrap_or(Err(Error::Unknown))?;
                Reply { answer, resource, replayed: false }
            }
        };
        self.tell_soon();
        Ok(reply)
    }

    async fn cancel_now(&self, id: BookingId, viewer: &Viewer) -> Result<Booking, Error> {
        let booking = self.booking(id, viewer).await?;
        match booking.status {
            BookingStatus::Cancelled => return self.cancelled_for_good(booking).await,
            BookingStatus::Confirmed | BookingStatus::Expired => {
                return Err(Refusal::BookingNotPending.into());
            }
            BookingStatus::Pending => {}
        }
        match self.desks.order(booking.showtime_id, Order::Cancel { booking: id }).await {
            Ok(changed) => {
                let settlement = Settlement {
                    booking: id,
                    seen_held_at: booking.held_at,
                    status: BookingStatus::Cancelled,
                    at: booking.cancelled_at.unwrap_or(changed.at),
                };
                let settled = self.store.settle_bookings(&[settlement]).await;
                settled.map_err(|error| Error::from(error).after_commit())?;
                self.current(id).await.map_err(Error::after_commit)
            }
            Err(Error::Refused(_)) => {
                // Somebody was faster: another cancel, a payment, the clock.
                let booking = self.current(id).await?;
                match booking.status {
                    BookingStatus::Cancelled => self.cancelled_for_good(booking).await,
                    _ => Err(Refusal::BookingNotPending.into()),
                }
            }
            Err(error) => Err(error),
        }
    }

    /// Makes sure of a booking that reads as cancelled. As long as seats of its
    /// expired hold stand, that is a mark alone, and whoever set it may give up.
    async fn cancelled_for_good(&self, booking: Booking) -> Result<Booking, Error> {
        let stored = self.store.booking(booking.id).await?;
        if stored.is_some_and(|row| row.status == BookingStatus::Cancelled) {
            return Ok(booking);
        }
        let before = self.env.now();
        self.desks.order(booking.showtime_id, Order::Expire { before }).await?;
        match self.current(booking.id).await? {
            booking if booking.status == BookingStatus::Cancelled => Ok(booking),
            _ => Err(Refusal::BookingNotPending.into()),
        }
    }

    /// A booking as it is now. One that is still on its way is not there yet.
    pub(crate) async fn current(&self, id: BookingId) -> Result<Booking, Error> {
        let row = self.store.booking(id).await?;
        let settled = rule::settle(&*self.store, row.into_iter().collect(), self.env.now()).await?;
        Ok(settled.rows.into_iter().next().ok_or(Refusal::BookingNotFound)?)
    }
}
