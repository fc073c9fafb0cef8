//! Once faults are over: everything that was begun comes to its end, and is read.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use seathold_core::UserId;
use seathold_history::{Event, Final};
use seathold_service::model::{Booking, PaymentStatus};
use seathold_service::ports::Clock;
use seathold_service::verify::Report;
use seathold_service::{Error, Received, Reconciled, Service, Viewer};
use tokio::time::sleep;

use crate::books::Charge;
use crate::heard::Heard;
use crate::pages;
use crate::world::World;

/// As long as whatever was begun may be presumed to go on: leases of keys and payments,
/// writes that come late, pauses.
const DUST: Duration = Duration::from_secs(120);

/// Rounds of reconciliation after which nothing may be left undone.
const ROUNDS: u32 = 5;

/// Between two of them: longer than a lease on a payment.
const BETWEEN: Duration = Duration::from_secs(70);

/// What was found in the end.
pub(crate) struct Settled {
    pub(crate) report: Report,
    pub(crate) last: Reconciled,
}

impl World {
    /// Ends all faults, and goes on until nothing is left to do.
    pub(crate) async fn settle(&self) -> Result<Settled, String> {
        let around = &self.outside.around;
        around.calm_down();
        self.outside.cluster.mend();
        self.outside.books.mend();
        sleep(DUST).await;
        let service = self.service()?;
        self.tell_the_rest().await?;
        let mut last = Reconciled::default();
        for round in 0..ROUNDS {
            last = service.reconcile().await.map_err(failed("reconcile"))?;
            around.note(|| format!("round {round}: {last:?}"));
            sleep(BETWEEN).await;
        }
        self.read_finals(&service).await.map_err(failed("the last look"))?;
        let report = service.verify().await.map_err(failed("verify"))?;
        Ok(Settled { report, last })
    }

    fn service(&self) -> Result<Arc<Service>, String> {
        let instances = self.instances();
        let any = instances.values().next().ok_or("no instance runs although nothing is wrong")?;
        Ok(any.service.clone())
    }

    /// The gateway tells what it cannot be asked about, and was not believed yet.
    async fn tell_the_rest(&self) -> Result<(), String> {
        for charge in self.outside.books.charges() {
            if charge.is_told || !charge.is_only_told {
                continue;
            }
            let heard = self.tell_once(&charge.event).await;
            if !matches!(heard, Some(Heard::Answer(Received::Taken | Received::Repeated))) {
                return Err(format!("nobody takes in {:?}", charge.event));
            }
        }
        Ok(())
    }

    async fn read_finals(&self, service: &Arc<Service>) -> Result<(), Error> {
        let around = &self.outside.around;
        let last = |what| around.saw(Event::Final { at: around.time.now().as_millis(), what });
        for showtime in &self.showtimes {
            let page = service.seat_map(*showtime, pages::map).await?;
            if let Some(map) = pages::parse_map(&page.body) {
                last(Final::Map { showtime: showtime.to_string(), map });
            }
        }
        let mut users = BTreeSet::new();
        for row in self.rows() {
            let viewer = Viewer { user: row.user_id.clone(), admin: true };
            let booking = service.booking(row.id, &viewer).await?;
            users.insert((row.user_id, row.showtime_id.to_string()));
            last(final_booking(&booking));
        }
        for (user, showtime) in self.everybody(&users) {
            last(Final::BookingsOf { user: user.to_string(), showtime });
        }
        for (payment, sums) in self.outside.books.sums() {
            let booking = Some(sums.booking.to_string());
            let (payment, charged, refunded) = (payment.to_string(), sums.charged, sums.refunded);
            last(Final::Payment { payment, booking, charged, refunded });
        }
        Ok(())
    }

    /// Every user with every showtime.
    fn everybody(&self, known: &BTreeSet<(UserId, String)>) -> BTreeSet<(UserId, String)> {
        let users: BTreeSet<UserId> = known.iter().map(|(user, _)| user.clone()).collect();
        let of = |user: &UserId| {
            let user = user.clone();
            self.showtimes.iter().map(move |showtime| (user.clone(), showtime.to_string()))
        };
        users.iter().flat_map(of).chain(known.iter().cloned()).collect()
    }

    /// All rows, as the store has them.
    pub(crate) fn rows(&self) -> Vec<Booking> {
        let all = self.outside.cluster.read(|state| state.bookings_after(None, u32::MAX));
        all.unwrap_or_default()
    }

    /// What became of a charge by the payments' rows.
    pub(crate) fn status_of(&self, charge: &Charge) -> Option<PaymentStatus> {
        let event = &charge.event;
        let payment = self
            .outside
            .cluster
            .read(|state| state.payment_of_transaction(event.provider, &event.transaction_id));
        Some(payment.ok()??.status)
    }
}

fn final_booking(booking: &Booking) -> Final {
    Final::Booking {
        booking: booking.id.to_string(),
        user: booking.user_id.to_string(),
        showtime: booking.showtime_id.to_string(),
        amount: booking.final_amount,
        read: pages::read_of(booking),
    }
}

fn failed(what: &'static str) -> impl Fn(Error) -> String {
    move |error| format!("{what} fails although nothing is wrong: {error:?}")
}
