use std::sync::Arc;

use seathold_core::{
    BookingId, Refusal, Schedule, Seat, SeatMap, SeatState, ShowtimeId, Timestamp,
};

use crate::desk::Order;
use crate::limits::SETTLE_WAIT;
use crate::maps::Known;
use crate::model::{Showtime, ShowtimeStatus, ShowtimeSummary};
use crate::ports::{Page, ShowtimeFilter};
use crate::{Error, NewShowtime, RenderedMap, SeatMapView, Service, ShowtimeView, rule};

impl Service {
    /// Makes a showtime, all its seats available.
    ///
    /// # Errors
    /// The seats do not make a map, or the store failed.
    pub async fn create_showtime(&self, new: NewShowtime) -> Result<ShowtimeView, Error> {
        let now = self.env.now();
        let schedule = Schedule { start: new.start_time, end: new.end_time, cancelled_at: None };
        let seats = new.seats.iter().map(|(label, seat_type)| Seat {
            label: *label,
            seat_type: *seat_type,
            state: SeatState::Available,
        });
        let map = SeatMap::new(schedule, 1, seats.collect()).map_err(Refusal::InvalidSeatMap)?;
        let showtime = Showtime {
            id: self.env.showtime_id(),
            title: new.title,
            movie_id: new.movie_id,
            cinema_id: new.cinema_id,
            screen_id: new.screen_id,
            start_time: new.start_time,
            end_time: new.end_time,
            currency: new.currency,
            price: new.price,
            total_seats: map.available(),
            created_at: now,
        };
        self.store.insert_showtime(&showtime, &map).await?;
        self.showtime(showtime.id).await
    }

    /// A showtime as it is now.
    ///
    /// # Errors
    /// There is none, or the store failed.
    pub async fn showtime(&self, id: ShowtimeId) -> Result<ShowtimeView, Error> {
        let summary = self.store.summary(id).await?.ok_or(Refusal::ShowtimeNotFound)?;
        self.view(summary, self.env.now()).await
    }

    /// A page of showtimes as they are now.
    ///
    /// # Errors
    /// The store failed.
    pub async fn showtimes(&self, filter: &ShowtimeFilter) -> Result<Page<ShowtimeView>, Error> {
        let page = self.store.list_showtimes(filter).await?;
        let now = self.env.now();
        let mut data = Vec::with_capacity(page.data.len());
        for summary in page.data {
            data.push(self.view(summary, now).await?);
        }
        Ok(Page { data, total: page.total })
    }

    /// A showtime's seats as they are now, rendered once per change; by other
    /// instances, as they were [`crate::limits::READ_FRESH`] ago.
    ///
    /// # Errors
    /// There is no such showtime, or the store failed.
    pub async fn seat_map(
        &self,
        id: ShowtimeId,
        render: fn(&SeatMapView<'_>) -> Vec<u8>,
    ) -> Result<Arc<RenderedMap>, Error> {
        let look = |known: &mut Known| known.page(known.tells_of(self.env.now()), render);
        let page = self.maps.read(id, look).await?;
        Ok(page.ok_or(Refusal::ShowtimeNotFound)?)
    }

    /// Cancels a showtime and every pending hold on it; what was sold is given
    /// back, here or by the cron. Repeating it is harmless.
    ///
    /// # Errors
    /// There is no such showtime, busy, or the store failed.
    pub async fn cancel_showtime(self: &Arc<Self>, id: ShowtimeId) -> Result<ShowtimeView, Error> {
        let changed = self.desks.order(id, Order::CancelShowtime).await?;
        // The seats have decided; the rows follow, here or with the sweep.
        self.write_off(&changed.displaced).await.map_err(Error::after_commit)?;
        let service = self.clone();
        let work = self.env.detached(async move {
            if let Ok(1..) = service.give_back_all(id).await {
                // Not made: the cron asks again.
                let _ = service.settle_refunds().await;
            }
        });
        let _ = tokio::time::timeout(SETTLE_WAIT, work).await;
        self.showtime(id).await.map_err(Error::after_commit)
    }

    async fn write_off(&self, bookings: &[BookingId]) -> Result<(), Error> {
        let rows = self.store.bookings(bookings).await?;
        rule::settle(&*self.store, rows, self.env.now()).await?;
        Ok(())
    }

    /// Counts expired holds as available. The stored counter knows only what
    /// was committed, so the map is read once one of its holds is over.
    async fn view(&self, summary: ShowtimeSummary, now: Timestamp) -> Result<ShowtimeView, Error> {
        let status = ShowtimeStatus::of(&summary.schedule(), now);
        let over = summary.next_expiry.is_some_and(|until| until <= now);
        let id = summary.showtime.id;
        let free =
            if over { self.maps.read(id, |it| it.map.available_at(now)).await? } else { None };
        Ok(ShowtimeView { available: free.unwrap_or(summary.available), summary, status })
    }
}
