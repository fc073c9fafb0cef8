//! `seathold verify`

use seathold_core::Timestamp;
use seathold_service::ports::{Commit, CommitOutcome};
use uuid::Uuid;

use crate::support::{Ended, Place, Program, Site};

async fn verify(place: &Place) -> Ended {
    let variables = place.variables();
    let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, &**value)).collect();
    Program::run(&["verify"], &variables).await
}

/// What a server did here: a showtime, and that server.
async fn use_it(place: &Place) -> (String, Program) {
    let server = Program::serve(place, &[]).await;
    let site: &Site = &server;
    let showtime = site.showtime().await;
    site.held("ann", &showtime, ["A1", "A2"]).await;
    site.bought("bob", &showtime, ["A3"]).await;
    (showtime, server)
}

#[tokio::test]
async fn a_sound_store_is_checked_and_found_clean() {
    let place = Place::new().await;
    let (_, server) = use_it(&place).await;
    assert!(server.stop().await.status.success());
    let ended = verify(&place).await;
    assert!(ended.status.success(), "{}", ended.stderr);
    assert_eq!(ended.stderr, "");
    for number in 1..=7 {
        let starts = |line: &&str| line.starts_with(&format!("{number}. "));
        let line = ended.stdout.lines().find(starts);
        let line = line.unwrap_or_else(|| panic!("no {number} in\n{}", ended.stdout));
        assert!(line.ends_with(" 0"), "{line}");
    }
    assert!(ended.stdout.contains("1 pending, 1 confirmed"), "{}", ended.stdout);
    let columns = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let ledger: Vec<_> = ended.stdout.lines().rev().take(3).map(columns).collect();
    let sums = "1: 100000 1: 100000 0: 0 0: 0";
    let title = "money charged = sold + refunded + refund pending";
    assert_eq!(ledger, [&format!("all VND {sums}"), &format!("momo VND {sums}"), title]);
    // Looking changes nothing: it may be repeated, and the server starts again.
    assert_eq!(verify(&place).await.stdout, ended.stdout);
    let server = Program::serve(&place, &[]).await;
    assert!(server.stop().await.status.success());
}

#[tokio::test]
async fn a_store_in_use_is_left_to_its_server() {
    let place = Place::embedded();
    let (_, server) = use_it(&place).await;
    let ended = verify(&place).await;
    let complaint = ended.complaint(1);
    assert!(complaint.starts_with("DATA_DIR="), "{complaint}");
    assert!(complaint.contains("in use") && complaint.contains("GET /api/admin/verify"));
    assert!(server.stop().await.status.success());
}

#[tokio::test]
async fn a_folder_without_a_store_is_named_and_stays_empty() {
    let place = Place::embedded();
    let complaint = verify(&place).await;
    let complaint = complaint.complaint(1);
    assert!(complaint.starts_with("DATA_DIR="), "{complaint}");
    assert_eq!(std::fs::read_dir(place.path()).expect("a folder").count(), 0);
}

#[tokio::test]
async fn a_damaged_store_is_found_out() {
    let place = Place::new().await;
    let (showtime, server) = use_it(&place).await;
    assert!(server.stop().await.status.success());
    damage(&place, &showtime).await;
    let ended = verify(&place).await;
    assert_eq!(ended.status.code(), Some(1), "{}", ended.stdout);
    let violation = format!("!  4. {showtime} has 25 seats available, 24 are stored");
    assert!(ended.stdout.contains(&violation), "{}", ended.stdout);
}

/// Stores a counter that is off by one.
async fn damage(place: &Place, showtime: &str) {
    let store = place.store().await;
    let stored = store.load(showtime.parse().expect("an id")).await.expect("a store");
    let stored = stored.expect("a showtime");
    let commit = Commit {
        showtime: stored.summary.showtime.id,
        id: Uuid::from_u128(1),
        at: stored.summary.version(),
        seats: Vec::new(),
        available: stored.summary.available - 1,
        next_expiry: stored.summary.next_expiry,
        cancelled_at: None,
        only_scheduled: false,
        not_before: None,
        deadline: Timestamp::from_millis(i64::MAX),
    };
    assert_eq!(store.commit(&commit).await.expect("a store"), CommitOutcome::Applied);
}

#[tokio::test]
async fn the_store_of_a_killed_server_is_clean() {
    let place = Place::new().await;
    let (_, server) = use_it(&place).await;
    server.kill().await;
    let ended = verify(&place).await;
    assert!(ended.status.success(), "{}{}", ended.stdout, ended.stderr);
}
