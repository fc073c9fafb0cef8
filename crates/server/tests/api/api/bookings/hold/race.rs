use std::collections::BTreeMap;

use futures_util::future::join_all;

use crate::support::{Answer, TestApp, fresh_key};

/// How often each outcome came, by status and code.
fn tally(answers: &[Answer]) -> BTreeMap<(u16, String), usize> {
    let mut tally = BTreeMap::new();
    for answer in answers {
        *tally.entry((answer.status, answer.code().to_owned())).or_default() += 1;
    }
    tally
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_buyers_race_for_one_seat_and_exactly_one_gets_it() {
    // Two files for each connection: both its ends are here.
    rlimit::increase_nofile_limit(8_192).expect("a limit");
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let buyers: Vec<String> = (0..1_000).map(|n| format!("buyer-{n}")).collect();
    let answers = join_all(buyers.iter().map(|user| app.hold(user, &showtime, ["A1"]))).await;

    let lost = (409, "SEAT_HELD_BY_ANOTHER".to_owned());
    let expected = BTreeMap::from([((201, String::new()), 1), (lost, 999)]);
    assert_eq!(tally(&answers), expected);
    answers.iter().filter(|answer| answer.status == 409).for_each(Answer::is_problem);

    let won = answers.iter().position(|answer| answer.status == 201).expect("a winner");
    let booking = app.booking(&buyers[won], answers[won].text("booking_id")).await.granted(200);
    assert_eq!((booking.text("status"), booking.text("user_id")), ("pending", &*buyers[won]));
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_key_two_hundred_times_at_once_makes_one_booking() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let key = fresh_key();
    let holds = (0..200).map(|_| app.hold_with(&key, "ann", &showtime, ["A1", "A2"]));
    let answers = join_all(holds).await;

    let (granted, rest): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|answer| answer.status == 201);
    for answer in rest {
        assert!(answer.refused(409, "REQUEST_IN_PROGRESS").is_retryable());
    }
    let first = granted.iter().find(|answer| !answer.is_replayed()).expect("one execution");
    assert_eq!(granted.iter().filter(|answer| !answer.is_replayed()).count(), 1);
    for answer in &granted {
        assert_eq!(answer.bytes, first.bytes, "byte for byte");
        assert_eq!(answer.header("location"), first.header("location"));
    }
    assert_eq!(app.bookings("ann", "").await.body["total"], 1);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn overlapping_wishes_are_granted_whole_or_not_at_all() {
    let app = TestApp::start().await;
    let showtime = app.showtime().await;
    let wishes = [["A1", "A2"], ["A2", "A3"], ["A3", "A4"], ["A4", "A1"]];
    let users: Vec<String> = (0..80).map(|n| format!("buyer-{n}")).collect();
    let holds = users.iter().zip(wishes.iter().cycle());
    let answers = join_all(holds.map(|(user, wish)| app.hold(user, &showtime, wish))).await;

    let granted: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
    let mut seats: Vec<_> =
        granted.iter().flat_map(|answer| answer.body["seats"].as_array().expect("seats")).collect();
    let held = seats.len();
    seats.sort_unstable_by_key(|seat| seat.to_string());
    seats.dedup();
    assert_eq!(seats.len(), held, "no seat twice");
    assert_eq!(app.free_seats(&showtime).await, 28 - held as u64);
    for answer in answers.into_iter().filter(|answer| answer.status != 201) {
        answer.refused(409, "SEAT_HELD_BY_ANOTHER");
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_gets_more_than_the_limit_by_asking_all_at_once() {
    let app = TestApp::with(|config| config.max_seats_per_user = 5).await;
    let showtime = app.showtime().await;
    let labels = ["A1", "A2", "A3", "A4", "A5", "A6", "A7", "A8", "A9", "A10", "A11", "A12"];
    let answers = join_all(labels.map(|seat| app.hold("ann", &showtime, [seat]))).await;
    let limit = (409, "SEAT_LIMIT_REACHED".to_owned());
    assert_eq!(tally(&answers), BTreeMap::from([((201, String::new()), 5), (limit, 7)]));
    app.finish().await;
}
