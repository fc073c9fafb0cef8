//! Asked to stop, the server finishes what it has begun.

use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::Instant;

use super::rush::Rush;
use crate::support::{Gate, GatedTasks, Place, Program, TestApp, fresh_key};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_hold_takes_effect_without_being_answered() {
    let place = Place::new().await;
    let mut server = Program::serve(&place, &[]).await;
    let rush = Rush::begin(&server).await;
    rush.acknowledged(40).await;
    server.ask_to_stop();
    let told = rush.told().await;
    let ended = server.ended().await;
    assert!(ended.status.success(), "{}", ended.status);
    let last = ended.log().pop().expect("a log");
    assert_eq!(last["message"], "stopped");

    let server = Program::serve(&place, &[]).await;
    for held in &told.held {
        let booking = server.booking(&held.user, &held.booking).await.granted(200);
        assert_ne!(booking.text("status"), "expired");
    }
    for wish in &told.unanswered {
        let answer = wish.send(&server).await.expect("an answer");
        assert!(!answer.is_replayed(), "done, but not answered: {}", answer.body);
        assert_ne!(answer.code(), "REQUEST_IN_PROGRESS");
    }
    let report = server.get("/api/admin/verify").by_admin().send().await.granted(200);
    assert_eq!(report.body["clean"], true);
    assert!(server.stop().await.status.success());
}

#[tokio::test]
async fn a_hold_under_way_is_answered_while_the_server_stops() {
    let gate = Gate::opened();
    let app = TestApp::with_tasks(GatedTasks(gate.clone())).await;
    let (showtime, site) = (app.showtime().await, app.site().clone());
    let address = site.base.strip_prefix("http://").expect("an address").to_owned();
    let (key, before) = (fresh_key(), gate.count());
    gate.shut();
    let stopping = async {
        gate.arrival_after(before).await;
        tokio::join!(app.finish(), async {
            // It has begun to stop once it takes no more connections.
            while TcpStream::connect(&address).await.is_ok() {
                tokio::task::yield_now().await;
            }
            gate.open();
        })
    };
    let (answer, _) = tokio::join!(site.hold_with(&key, "ann", &showtime, ["A1"]), stopping);
    answer.granted(201);
}

#[tokio::test]
async fn until_load_balancers_have_seen_that_it_stops_it_serves_on() {
    let place = Place::new().await;
    let mut server = Program::serve(&place, &[("DRAIN_MS", "5000")]).await;
    let showtime = server.showtime().await;
    server.get("/health/ready").send().await.granted(200);
    let asked = Instant::now();
    server.ask_to_stop();
    while server.get("/health/ready").send().await.status == 200 {
        assert!(asked.elapsed() < Duration::from_secs(5), "it does not say that it stops");
    }
    server.get("/health/ready").send().await.refused(503, "SERVICE_UNAVAILABLE");
    server.get("/health/live").send().await.granted(200);
    // On a connection of its own.
    let fresh = server.anew();
    let booking = fresh.held("ann", &showtime, ["A1"]).await;
    assert_eq!(fresh.status(&booking).await, "pending");
    assert!(server.ended().await.status.success());
    assert!(asked.elapsed() >= Duration::from_secs(5), "{:?}", asked.elapsed());
}

#[tokio::test]
async fn an_idle_server_stops_at_once_and_starts_where_it_was() {
    let place = Place::new().await;
    let server = Program::serve(&place, &[]).await;
    let showtime = server.showtime().await;
    let key = fresh_key();
    let first = server.hold_with(&key, "ann", &showtime, ["A1"]).await.granted(201);
    let bought = server.bought("bob", &showtime, ["A2"]).await;
    assert!(server.stop().await.status.success());

    let server = Program::serve(&place, &[]).await;
    let again = server.hold_with(&key, "ann", &showtime, ["A1"]).await.granted(201);
    assert!(again.is_replayed());
    assert_eq!(again.bytes, first.bytes);
    assert_eq!(server.status(first.text("booking_id")).await, "pending");
    assert_eq!(server.status(&bought).await, "confirmed");
    server.hold("carl", &showtime, ["A1"]).await.refused(409, "SEAT_HELD_BY_ANOTHER");
    assert!(server.stop().await.status.success());
}

#[tokio::test]
async fn a_second_server_on_the_same_folder_says_so_and_leaves_the_first_alone() {
    let place = Place::embedded();
    let server = Program::serve(&place, &[]).await;
    let path = place.path().to_str().expect("a path of plain text");
    let arguments = ["serve", "--dev", "--port", "0", "--data-dir", path];
    let second = Program::run(&arguments, &[]).await;
    let complaint = second.complaint(1);
    assert!(complaint.starts_with("DATA_DIR"), "{complaint}");
    assert!(complaint.contains(path) && complaint.contains("in use"), "{complaint}");
    server.get("/health").send().await.granted(200);
    assert!(server.stop().await.status.success());
}
