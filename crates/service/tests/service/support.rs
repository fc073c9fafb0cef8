use std::sync::Arc;

use seathold_core::{BookingId, SeatState, ShowtimeId};
use seathold_service::model::{Booking, ClaimKey};
use seathold_service::{Error, Reply, Service, Viewer};
use seathold_testkit::World;
use seathold_testkit::world::{hold, labels, ten_seats, user_id};

/// A world with one process and a showtime of the seats A1 to A10.
pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) service: Arc<Service>,
    pub(crate) showtime: ShowtimeId,
}

impl Stage {
    pub(crate) async fn new() -> Self {
        let world = World::new(7).await;
        let service = world.process(world.store.clone());
        let made = service.create_showtime(ten_seats(service.now())).await.expect("a showtime");
        Self { showtime: made.summary.showtime.id, world, service }
    }

    /// The process crashes, and another takes its place.
    pub(crate) fn restart(&mut self) {
        self.service = self.world.process(self.world.store.clone());
    }

    pub(crate) async fn hold(&self, seats: &[&str], key: &ClaimKey) -> Result<Reply, Error> {
        self.service.hold(hold(self.showtime, seats, key)).await
    }

    pub(crate) async fn booking(&self, id: BookingId) -> Booking {
        let anybody = Viewer { user: user_id("auditor"), admin: true };
        self.service.booking(id, &anybody).await.expect("a booking")
    }

    pub(crate) async fn seats(&self, seats: &[&str]) -> Vec<SeatState> {
        let seats = labels(seats);
        let now = self.world.store.seats_now(self.showtime, &seats).await.expect("a store");
        now.expect("a showtime").states
    }

    /// The owners of these seats, live or not.
    pub(crate) async fn owners(&self, seats: &[&str]) -> Vec<Option<BookingId>> {
        self.seats(seats).await.iter().map(SeatState::booking).collect()
    }

    pub(crate) async fn free_seats(&self) -> u32 {
        self.service.showtime(self.showtime).await.expect("a showtime").available
    }

    /// Every invariant holds.
    pub(crate) async fn audit(&self) {
        let report = self.service.verify().await.expect("a report");
        assert!(report.is_clean(), "{report:#?}");
    }
}
