//! How long things take, for who wants to know: printed.

use std::time::Duration;

use seathold_adapters::MongoStore;
use seathold_core::{SeatLabel, SeatMap, SeatState, UserId};
use seathold_service::model::{Booking, Claim, Version};
use seathold_service::ports::{Bookings, Commit, CommitOutcome, Preparation, Prepared, Showtimes};
use seathold_testkit::placed;
use tokio::time::Instant;

use super::TestDatabase;
use super::records::{FIRST, booking, claim, commit, hall, held, showtime};

const ROUNDS: u32 = 20;
/// Seats of the holds that are committed together on a busy showtime.
const BATCH: usize = 128;
/// The largest hall, in rows and seats.
const STADIUM: (u32, u32) = (200, 300);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_claims_and_rows_cost() {
    let Some((store, _test)) = TestDatabase::migrated().await else { return };
    let mut n = 0;
    for batch in [1, 16, 64, 128] {
        let mut times = Vec::new();
        for _ in 0..ROUNDS {
            let holds = (n..n + batch).map(hold).collect();
            n += batch;
            let preparation = Preparation { holds, ..Preparation::default() };
            let begin = Instant::now();
            let prepared = store.prepare(&preparation).await.expect("the server answers");
            times.push(begin.elapsed());
            assert!(prepared.iter().all(|prepared| *prepared == Prepared::Opened));
        }
        println!("prepare {batch}: {}", spread(times));
    }
}

fn hold(n: u32) -> (Claim, Booking) {
    let user: UserId = format!("user-{n}").parse().expect("it is a user");
    let row = Booking { user_id: user, ..booking(n, "alice") };
    (claim(&row), row)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_seat_map_costs() {
    let Some((store, _test)) = TestDatabase::migrated().await else { return };
    for (n, (rows, seats)) in [(10, 20), (40, 50), STADIUM].into_iter().enumerate() {
        let showtime = showtime(n as u32);
        let map = hall(&showtime, rows, seats);
        let labels: Vec<_> = map.seats().map(|seat| seat.label).collect();
        store.insert_showtime(&showtime, &map).await.expect("the server answers");
        let all = labels.len();
        let mut version = FIRST;
        for seats in [1, BATCH, all] {
            let mut times = Vec::new();
            let rounds = if seats == all { 2 } else { ROUNDS };
            for round in 0..rounds as usize {
                // Spread over the hall, and others each time.
                let chosen = (0..seats).map(|i| labels[(i * all / seats + round) % all]);
                let hold = holding(&map, n as u32, version, chosen, round);
                version = hold.makes();
                times.push(applied(&store, &hold).await);
            }
            println!("commit {seats} of {all} seats: {}", spread(times));
        }
        let mut times = [const { Vec::new() }; 4];
        for _ in 0..ROUNDS {
            let begin = Instant::now();
            let stored = store.load(showtime.id).await.expect("it answers").expect("it is there");
            times[0].push(begin.elapsed());
            assert_eq!((stored.summary.version(), stored.map.seats().len()), (version, all));
            let begin = Instant::now();
            store.version(showtime.id).await.expect("the server answers");
            times[1].push(begin.elapsed());
            let begin = Instant::now();
            store.summary(showtime.id).await.expect("the server answers");
            times[2].push(begin.elapsed());
            let begin = Instant::now();
            store.seats_now(showtime.id, &labels[all - 10..]).await.expect("the server answers");
            times[3].push(begin.elapsed());
        }
        for (name, times) in ["load", "version", "summary", "ten seats"].iter().zip(times) {
            println!("{name} of {all} seats: {}", spread(times));
        }
    }
}

fn holding(
    map: &SeatMap,
    n: u32,
    at: Version,
    seats: impl Iterator<Item = SeatLabel>,
    round: usize,
) -> Commit {
    // Held, booked and free again: each has other fields.
    let state = |i: usize| match (i + round) % 4 {
        0 => SeatState::Available,
        _ => held(i as u32),
    };
    let seats = seats.enumerate().map(|(i, label)| placed(map, label.as_str(), state(i))).collect();
    Commit { seats, ..commit(n, at, &[]) }
}

async fn applied(store: &MongoStore, commit: &Commit) -> Duration {
    let begin = Instant::now();
    let outcome = store.commit(commit).await.expect("the server answers");
    assert_eq!(outcome, CommitOutcome::Applied);
    begin.elapsed()
}

fn spread(mut times: Vec<Duration>) -> String {
    times.sort();
    let (median, worst) = (times[times.len() / 2], times[times.len() - 1]);
    format!("median {median:?}, at most {worst:?}")
}
