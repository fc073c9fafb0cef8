use seathold_core::{
    BookingId, PriceTable, Schedule, Seat, SeatChange, SeatMap, SeatState, SeatType, ShowtimeId,
    Timestamp,
};
use tokio::time::{Duration, Instant, advance};
use uuid::Uuid;

use super::slot::Slot;
use crate::model::{Showtime, ShowtimeSummary, StoredShowtime, Version};
use crate::ports::News;

const AT: Timestamp = Timestamp::from_millis(1_705_314_600_000);
const ID: ShowtimeId = ShowtimeId::from_bytes([7; 12]);

/// A showtime of A1 and A2 at this version.
fn stored(version: Version) -> StoredShowtime {
    let seat = |label: &str| Seat {
        label: label.parse().expect("a label"),
        seat_type: SeatType::Standard,
        state: SeatState::Available,
    };
    let schedule = Schedule { start: AT, end: AT, cancelled_at: None };
    let map = SeatMap::new(schedule, version.number, vec![seat("A1"), seat("A2")]);
    let showtime = Showtime {
        id: ID,
        title: "Title".to_owned(),
        movie_id: "movie".to_owned(),
        cinema_id: "cinema".to_owned(),
        screen_id: "screen".to_owned(),
        start_time: AT,
        end_time: AT,
        currency: "VND".parse().expect("a currency"),
        price: PriceTable::new(1, 2, 3).expect("prices"),
        total_seats: 2,
        created_at: AT,
    };
    let summary = ShowtimeSummary {
        showtime,
        cancelled_at: None,
        available: 2,
        next_expiry: None,
        version: version.number,
        commit_id: version.made_by,
    };
    StoredShowtime { summary, map: map.expect("a map") }
}

fn version(number: u64) -> Version {
    Version { number, made_by: Some(Uuid::from_u64_pair(1, number)) }
}

fn booked() -> SeatState {
    SeatState::Booked {
        booking: BookingId::from_bytes([1; 12]),
        user: "ann".parse().expect("a user"),
    }
}

/// The sale of A1 on this version, as another instance tells of it.
fn news(at: Version) -> News {
    News {
        showtime: ID,
        id: version(at.number + 1).made_by.expect("it has one"),
        at,
        seats: vec![("A1".parse().expect("a label"), booked())],
        available: 1,
        cancelled_at: None,
    }
}

/// A slot that knows this version since now; time goes on.
async fn knowing(version: Version) -> Slot {
    let slot = Slot::new(ID);
    slot.install(stored(version), Instant::now());
    tick().await;
    slot
}

async fn tick() {
    advance(Duration::from_millis(1)).await;
}

#[tokio::test(start_paused = true)]
async fn a_map_that_was_asked_for_before_another_was_forgotten_is_not_believed() {
    let slot = knowing(version(1)).await;
    let asked = Instant::now();
    tick().await;
    slot.forget();
    slot.install(stored(version(1)), asked);
    assert_eq!(slot.version(), None);
    tick().await;
    slot.install(stored(version(2)), Instant::now());
    assert_eq!(slot.version(), Some(version(2)));
}

#[tokio::test(start_paused = true)]
async fn an_older_map_replaces_a_newer_one_only_when_it_was_asked_for_later() {
    let slot = Slot::new(ID);
    let asked = Instant::now();
    tick().await;
    slot.install(stored(version(5)), Instant::now());
    slot.install(stored(version(4)), asked);
    assert_eq!(slot.version(), Some(version(5)));
    tick().await;
    // A backup was brought back.
    slot.install(stored(version(4)), Instant::now());
    assert_eq!(slot.version(), Some(version(4)));
}

#[tokio::test(start_paused = true)]
async fn what_is_known_is_the_present_map_by_its_number_and_its_commit() {
    let slot = knowing(version(5)).await;
    let now = Instant::now();
    assert!(slot.saw(version(5), now));
    assert!(!slot.saw(version(6), now), "it is behind");
    assert!(!slot.saw(Version::first(5), now), "of another history");
    assert!(!slot.saw(version(4), now), "a backup was brought back");
    let before = now - Duration::from_millis(1);
    assert!(slot.saw(version(4), before), "it has gone on since");
}

#[tokio::test(start_paused = true)]
async fn an_own_commit_shows_at_once_or_the_map_is_forgotten() {
    let change = seathold_core::Change {
        seats: vec![SeatChange {
            label: "A1".parse().expect("a label"),
            from: SeatState::Available,
            to: booked(),
        }],
        ..Default::default()
    };
    let commit = |slot: &Slot| {
        let id = version(6).made_by.expect("it has one");
        slot.committed(version(5), id, std::iter::once(&change), Instant::now());
        slot.version()
    };
    assert_eq!(commit(&knowing(version(5)).await), Some(version(6)));
    assert_eq!(commit(&knowing(version(4)).await), None);
    assert_eq!(commit(&knowing(version(7)).await), Some(version(7)), "a reader has loaded it");
    let empty = Slot::new(ID);
    let asked = Instant::now();
    tick().await;
    assert_eq!(commit(&empty), None);
    empty.install(stored(version(5)), asked);
    assert_eq!(empty.version(), None, "it was asked for before the commit");
}

#[tokio::test(start_paused = true)]
async fn commits_of_others_are_followed_one_by_one() {
    let slot = knowing(version(5)).await;
    slot.follow(&[news(version(4)), news(version(5)), news(version(6))]);
    assert_eq!(slot.version(), Some(version(7)));
    let sold = slot.with(|known| known.expect("a map").map.available());
    assert_eq!(sold, 1);
}

#[tokio::test(start_paused = true)]
async fn news_with_a_gap_of_another_history_or_that_do_not_add_up_are_not_followed() {
    let unknown = vec![("B9".parse().expect("a label"), booked())];
    for wrong in [
        news(version(6)),
        news(Version::first(5)),
        News { available: 2, ..news(version(5)) },
        News { seats: unknown, ..news(version(5)) },
    ] {
        let slot = knowing(version(5)).await;
        slot.follow(&[wrong]);
        assert_eq!(slot.version(), None);
    }
}
