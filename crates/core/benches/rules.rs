//! What the rules cost on a small map and on the largest.
//!
//!     cargo bench --package seathold-core
//!
//! In every map each second pair of seats is held, by one booking, and four of these are of
//! one user. The holds end one after the other.

use divan::{Bencher, black_box};
use seathold_core::{
    BookingId, Change, Command, Refusal, Schedule, Seat, SeatLabel, SeatMap, SeatState, SeatType,
    Timestamp, UserId, decide,
};

const SEATS: [usize; 2] = [200, 60_000];
const SEATS_OF_ROW: usize = 50;
const BOOKINGS_OF_USER: usize = 4;
const MAX_PER_USER: u32 = 10;

const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);
const HOLD_MS: i64 = 600_000;
const DAY_MS: i64 = 86_400_000;

fn main() {
    divan::main();
}

#[divan::bench(args = SEATS)]
fn build_a_map(bencher: Bencher<'_, '_>, seats: usize) {
    let schedule = schedule();
    bencher
        .with_inputs(|| half_held(seats))
        .bench_local_values(|seats| SeatMap::new(schedule, 1, seats));
}

#[divan::bench(args = SEATS)]
fn decide_hold_granted(bencher: Bencher<'_, '_>, seats: usize) {
    let (map, user) = (map(seats), user(0));
    let wanted = pair(seats / 4 + 1);
    bencher.bench_local(|| granted(&map, hold(&user, black_box(&wanted)), NOW));
}

#[divan::bench(args = SEATS)]
fn decide_hold_refused(bencher: Bencher<'_, '_>, seats: usize) {
    let (map, user) = (map(seats), user(0));
    let wanted = pair(seats / 4);
    bencher.bench_local(|| refused(&map, hold(&user, black_box(&wanted))));
}

#[divan::bench(args = SEATS)]
fn decide_sell(bencher: Bencher<'_, '_>, seats: usize) {
    let map = map(seats);
    let first = seats / 4;
    let (user, seats) = (user(first), pair(first));
    let sell =
        Command::Sell { booking: booking(first), user: &user, seats: &seats, take_back: true };
    bencher.bench_local(|| granted(&map, black_box(sell), NOW));
}

#[divan::bench(args = SEATS)]
fn decide_cancel(bencher: Bencher<'_, '_>, seats: usize) {
    let map = map(seats);
    let cancel = Command::Cancel { booking: booking(seats / 4) };
    bencher.bench_local(|| granted(&map, black_box(cancel), NOW));
}

/// Every second pair of seats of the map becomes free.
#[divan::bench(args = SEATS)]
fn decide_expire_all(bencher: Bencher<'_, '_>, seats: usize) {
    let map = map(seats);
    let now = NOW.plus_millis(DAY_MS);
    bencher.bench_local(|| granted(&map, Command::Expire { before: black_box(now) }, now));
}

#[divan::bench(args = SEATS)]
fn apply_and_revert_a_hold(bencher: Bencher<'_, '_>, seats: usize) {
    let (mut map, user) = (map(seats), user(0));
    let change = granted(&map, hold(&user, &pair(seats / 4 + 1)), NOW);
    bencher.bench_local(|| {
        map.apply(black_box(&change));
        map.revert(black_box(&change));
    });
}

#[divan::bench(args = SEATS)]
fn apply_and_revert_the_expiry_of_all(bencher: Bencher<'_, '_>, seats: usize) {
    let mut map = map(seats);
    let now = NOW.plus_millis(DAY_MS);
    let change = granted(&map, Command::Expire { before: now }, now);
    bencher.bench_local(|| {
        map.apply(black_box(&change));
        map.revert(black_box(&change));
    });
}

/// What is to be measured is what was meant to be measured.
fn granted(map: &SeatMap, command: Command<'_>, now: Timestamp) -> Change {
    let change = decide(map, command, now).expect("the command is allowed");
    assert!(!change.is_empty(), "there is something to do");
    change
}

fn refused(map: &SeatMap, command: Command<'_>) -> Refusal {
    decide(map, command, NOW).expect_err("the seats are held by another")
}

fn hold<'a>(user: &'a UserId, seats: &'a [SeatLabel]) -> Command<'a> {
    let until = NOW.plus_millis(HOLD_MS);
    Command::Hold { booking: booking(usize::MAX), user, seats, until, max_per_user: MAX_PER_USER }
}

fn map(seats: usize) -> SeatMap {
    SeatMap::new(schedule(), 1, half_held(seats)).expect("as many seats as a map may have")
}

const fn schedule() -> Schedule {
    Schedule {
        start: NOW.plus_millis(DAY_MS),
        end: NOW.plus_millis(2 * DAY_MS),
        cancelled_at: None,
    }
}

fn half_held(seats: usize) -> Vec<Seat> {
    let held = |pair: usize| SeatState::Held {
        booking: booking(pair),
        user: user(pair),
        until: NOW.plus_millis(HOLD_MS / 2 + pair as i64),
    };
    let state =
        |pair: usize| if pair.is_multiple_of(2) { held(pair) } else { SeatState::Available };
    (0..seats)
        .map(|at| Seat { label: label(at), seat_type: SeatType::Standard, state: state(at / 2) })
        .collect()
}

/// Both seats of a pair.
fn pair(pair: usize) -> [SeatLabel; 2] {
    [label(2 * pair), label(2 * pair + 1)]
}

fn label(at: usize) -> SeatLabel {
    let (row, seat) = (at / SEATS_OF_ROW, at % SEATS_OF_ROW + 1);
    format!("R{row}-{seat}").parse().expect("a short label")
}

/// The booking that holds a pair.
fn booking(pair: usize) -> BookingId {
    BookingId::from_parts(0, (pair as u64).to_be_bytes())
}

/// Whose booking that is.
fn user(pair: usize) -> UserId {
    format!("user-{}", pair / (2 * BOOKINGS_OF_USER)).parse().expect("a short id")
}
