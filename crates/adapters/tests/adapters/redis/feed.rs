//! What instances tell each other of their commits.

use std::time::Duration;

use redis::AsyncCommands;
use seathold_adapters::RedisFeed;
use seathold_core::{BookingId, SeatState, ShowtimeId, Timestamp};
use seathold_service::model::Version;
use seathold_service::ports::{Feed, Leases, News};
use tokio::time::{Instant, sleep};

use super::{connect, instance, redis_url, some_showtime, some_token};

/// How long an instance may take to forget what is no more.
const SOON: Duration = Duration::from_secs(5);

fn news(showtime: ShowtimeId, at: Version) -> News {
    let (booking, user) = (BookingId::from_bytes([3; 12]), "an, \"n\"".parse().expect("a user"));
    let until = Timestamp::from_millis(1_705_314_600_000);
    let states = [
        ("A1", SeatState::Available),
        ("A2", SeatState::Held { booking, user, until }),
        ("A3", SeatState::Booked { booking, user: "bob".parse().expect("a user") }),
    ];
    let seats = states.map(|(label, state)| (label.parse().expect("a label"), state));
    let (seats, cancelled_at) = (seats.into(), Some(until));
    News { showtime, id: some_token(), at, seats, available: 7, cancelled_at }
}

/// An instance that is connected: what it tells then comes before what it asks.
async fn connected(url: &str) -> RedisFeed {
    let leases = instance(url);
    leases.ping().await.expect("Redis answers");
    leases.feed()
}

fn makes(news: &News) -> Version {
    Version { number: news.at.number + 1, made_by: Some(news.id) }
}

#[tokio::test]
async fn what_one_instance_tells_the_other_hears_in_order_from_where_it_stands() {
    let Some(url) = redis_url() else { return };
    let (one, other) = (connected(&url).await, connected(&url).await);
    let showtime = some_showtime();
    let first = news(showtime, Version::first(9));
    let second = News { cancelled_at: None, ..news(showtime, makes(&first)) };
    one.publish(first.clone());
    one.publish(second.clone());
    // Over the same connection, so it comes after what was told.
    assert_eq!(one.since(showtime, 9).await, [first.clone(), second.clone()]);
    assert_eq!(other.since(showtime, 9).await, [first, second.clone()]);
    assert_eq!(other.since(showtime, 10).await, [second]);
    assert_eq!(other.since(showtime, 11).await, []);
    assert_eq!(other.since(some_showtime(), 0).await, []);
}

#[tokio::test]
async fn of_a_large_commit_and_after_a_while_nothing_is_told() {
    let Some(url) = redis_url() else { return };
    let (feed, showtime) = (connected(&url).await, some_showtime());
    let small = news(showtime, Version::first(1));
    let seats =
        (0..4_097).map(|n| (format!("S{n}").parse().expect("a label"), small.seats[0].1.clone()));
    feed.publish(News { seats: seats.collect(), ..small.clone() });
    assert_eq!(feed.since(showtime, 1).await, []);
    feed.publish(small.clone());
    assert_eq!(feed.since(showtime, 1).await, [small]);
    let mut connection = connect(&url).await;
    let left: i64 = connection
        .pttl(format!("feed:booking:showtime:{{{showtime}}}"))
        .await
        .expect("it is there");
    assert!((1..=10_000).contains(&left), "{left}");
}

#[tokio::test]
async fn news_of_a_history_that_is_no_more_are_forgotten() {
    let Some(url) = redis_url() else { return };
    let (feed, showtime) = (connected(&url).await, some_showtime());
    feed.publish(news(showtime, Version::first(50)));
    assert_eq!(feed.since(showtime, 50).await.len(), 1);
    // A backup was brought back: the numbers come again.
    feed.publish(news(showtime, Version::first(20)));
    let begun = Instant::now();
    while !feed.since(showtime, 0).await.is_empty() {
        assert!(begun.elapsed() < SOON, "it is still told");
        sleep(Duration::from_millis(1)).await;
    }
    let next = news(showtime, Version::first(21));
    feed.publish(next.clone());
    assert_eq!(feed.since(showtime, 0).await, [next]);
}
