//! A server that is killed while a receiver does not take what it is told.

use std::time::Duration;

use crate::support::{Place, Program, Receiver, eventually, eventually_within};

/// Longer than the killed server may have kept a booking for itself: a minute.
const LEASE_TIME: Duration = Duration::from_secs(90);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_not_taken_is_told_by_the_next_server_in_order() {
    let (place, receiver) = (Place::new().await, Receiver::start().await);
    receiver.answers(500);
    let secret = Receiver::secret();
    let variables = [
        ("EVENTS_URLS", receiver.url.as_str()),
        ("EVENTS_SECRET", secret.as_str()),
        ("SWEEP_CRON", "* * * * * *"),
    ];
    let server = Program::serve(&place, &variables).await;
    let showtime = server.showtime().await;
    let mut bookings = Vec::new();
    for (user, seat) in [("ann", "A1"), ("bob", "A2"), ("carl", "A3")] {
        bookings.push(server.bought(user, &showtime, [seat]).await);
    }
    eventually(async || !receiver.all().is_empty()).await;
    server.kill().await;
    assert!(receiver.taken().is_empty());
    receiver.answers(204);
    let server = Program::serve(&place, &variables).await;
    for booking in &bookings {
        eventually_within(LEASE_TIME, async || receiver.taken_of(booking).len() >= 2).await;
        let mut taken = receiver.taken_of(booking);
        taken.dedup();
        assert_eq!(taken, ["booking.held", "booking.confirmed"]);
    }
    assert!(server.stop().await.status.success());
}
