//! Kill -9 in the middle of a rush: the invariants hold, and the next start
//! needs no hand.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::rush::{Held, Money, Rush, Told};
use crate::support::{Place, Program, Site};

/// How long what follows by itself may take: far more than it does.
const SOON: Duration = Duration::from_secs(20);

/// A number of acknowledged holds, another each time, after which it ends.
fn some_holds() -> usize {
    let holds = 30 + usize::from(seathold_server::system_env().uuid().as_bytes()[0] % 64);
    println!("the server is killed after {holds} holds");
    holds
}

/// A rush on this server, which is killed in the middle of it.
async fn kill_in_a_rush(server: Program) -> (String, Told) {
    let rush = Rush::begin(&server).await;
    let showtime = rush.showtime.clone();
    rush.acknowledged(some_holds()).await;
    server.kill().await;
    let told = rush.told().await;
    assert!(told.is_cut_off(), "it was killed in the middle");
    (showtime, told)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_is_there_after_each_of_three_kills() {
    let place = Place::new().await;
    let mut server = Program::serve(&place, &[]).await;
    for _ in 0..3 {
        let (showtime, told) = kill_in_a_rush(server).await;
        server = Program::serve(&place, &[]).await;
        for held in &told.held {
            is_still_there(&server, &showtime, held).await;
        }
        is_clean(&server).await;
        for wish in &told.unanswered {
            let answer = wish.send(&server).await.expect("an answer");
            match (answer.status, answer.code()) {
                (201, _) | (409, "REQUEST_IN_PROGRESS") => {}
                (409, "SEAT_HELD_BY_ANOTHER" | "SEAT_ALREADY_BOOKED") => {
                    let map = server.seats(&showtime).await.granted(200);
                    for seat in answer.seats() {
                        let status = map.text(&format!("/seats/{seat}/status"));
                        assert_ne!(status, "available", "{}", answer.body);
                    }
                }
                _ => panic!("not a truthful answer: {}", answer.body),
            }
        }
        is_clean(&server).await;
    }
    assert!(server.stop().await.status.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_their_time_and_a_sweep_nothing_is_held_by_nobody() {
    let place = Place::new().await;
    let variables = [("HOLD_TTL_SECONDS", "3"), ("SWEEP_CRON", "* * * * * *")];
    let server = Program::serve(&place, &variables).await;
    let (showtime, told) = kill_in_a_rush(server).await;
    let server = Program::serve(&place, &variables).await;

    until("every seat is sold or free, and swept", async || {
        let map = server.seats(&showtime).await.granted(200);
        let seats = map.body["seats"].as_object().expect("seats");
        let settled = seats.values().all(|seat| seat["status"] != "held");
        settled && report(&server).await["unswept"] == 0
    })
    .await;
    let map = server.seats(&showtime).await.granted(200);
    for held in &told.held {
        let status = server.status(&held.booking).await;
        match held.money {
            Money::Paid => assert_eq!(status, "confirmed", "{held:?}"),
            Money::None => assert_eq!(status, "expired", "{held:?}"),
            Money::Unknown => assert_ne!(status, "pending", "{held:?}"),
        }
        let seat = if status == "confirmed" { "booked" } else { "available" };
        for label in &held.seats {
            assert_eq!(map.text(&format!("/seats/{label}/status")), seat, "{held:?}");
        }
    }
    is_clean(&server).await;
    assert!(server.stop().await.status.success());
}

/// The booking, with its seats, as it was acknowledged.
async fn is_still_there(site: &Site, showtime: &str, held: &Held) {
    if held.money == Money::Paid {
        until("what was paid is sold", async || site.status(&held.booking).await == "confirmed")
            .await;
    }
    let booking = site.booking(&held.user, &held.booking).await.granted(200);
    let seats = booking.body["seats"].as_array().expect("seats");
    let labels: Vec<_> = seats.iter().map(|seat| &seat["seat_id"]).collect();
    assert_eq!(labels, held.seats.iter().collect::<Vec<_>>());
    let expected = match booking.text("status") {
        "pending" => "held",
        "confirmed" if held.money != Money::None => "booked",
        other => panic!("{held:?} is {other}"),
    };
    let map = site.seats(showtime).await.granted(200);
    for label in &held.seats {
        assert_eq!(map.text(&format!("/seats/{label}/status")), expected, "{held:?}");
    }
}

async fn report(site: &Site) -> serde_json::Value {
    site.get("/api/admin/verify").by_admin().send().await.granted(200).body
}

async fn is_clean(site: &Site) {
    let report = report(site).await;
    assert_eq!(report["clean"], true, "{report:#}");
}

/// Waits for what happens by itself, in its own time.
async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + SOON;
    while !holds().await {
        assert!(Instant::now() < deadline, "never: {what}");
        sleep(Duration::from_millis(50)).await;
    }
}
