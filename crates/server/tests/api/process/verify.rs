//! `seathold verify`

use std::path::Path;
use std::sync::Arc;

use seathold_adapters::{EmbeddedStore, SystemClock};
use seathold_core::Timestamp;
use seathold_service::ports::{Commit, CommitOutcome, Showtimes};
use tempfile::TempDir;

use crate::support::{Ended, Program, Site};

async fn verify(folder: &Path) -> Ended {
    let path = folder.to_str().expect("a path of plain text");
    Program::run(&["verify", "--data-dir", path], &[]).await
}

/// A folder that a server has used, a showtime in it, and that server.
async fn used() -> (TempDir, String, Program) {
    let folder = TempDir::new().expect("a temporary folder");
    let server = Program::serve(folder.path(), &[]).await;
    let site: &Site = &server;
    let showtime = site.showtime().await;
    site.held("ann", &showtime, ["A1", "A2"]).await;
    site.bought("bob", &showtime, ["A3"]).await;
    (folder, showtime, server)
}

#[tokio::test]
async fn a_sound_store_is_checked_and_found_clean() {
    let (folder, _, server) = used().await;
    assert!(server.stop().await.status.success());
    let ended = verify(folder.path()).await;
    assert!(ended.status.success(), "{}", ended.stderr);
    assert_eq!(ended.stderr, "");
    for number in 1..=7 {
        let starts = |line: &&str| line.starts_with(&format!("{number}. "));
        let line = ended.stdout.lines().find(starts);
        let line = line.unwrap_or_else(|| panic!("no {number} in\n{}", ended.stdout));
        assert!(line.ends_with(" 0"), "{line}");
    }
    assert!(ended.stdout.contains("1 pending, 1 confirmed"), "{}", ended.stdout);
    assert!(ended.stdout.contains("VND: charged 100000 = sold 100000"), "{}", ended.stdout);
    // Looking changes nothing: it may be repeated, and the server starts again.
    assert_eq!(verify(folder.path()).await.stdout, ended.stdout);
    let server = Program::serve(folder.path(), &[]).await;
    assert!(server.stop().await.status.success());
}

#[tokio::test]
async fn a_store_in_use_is_left_to_its_server() {
    let (folder, _, server) = used().await;
    let ended = verify(folder.path()).await;
    let complaint = ended.complaint(1);
    assert!(complaint.starts_with("DATA_DIR="), "{complaint}");
    assert!(complaint.contains("in use") && complaint.contains("GET /api/admin/verify"));
    assert!(server.stop().await.status.success());
}

#[tokio::test]
async fn a_folder_without_a_store_is_named_and_stays_empty() {
    let folder = TempDir::new().expect("a temporary folder");
    let complaint = verify(folder.path()).await;
    let complaint = complaint.complaint(1);
    assert!(complaint.starts_with("DATA_DIR="), "{complaint}");
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
}

#[tokio::test]
async fn a_damaged_store_is_found_out() {
    let (folder, showtime, server) = used().await;
    assert!(server.stop().await.status.success());
    damage(folder.path(), &showtime).await;
    let ended = verify(folder.path()).await;
    assert_eq!(ended.status.code(), Some(1), "{}", ended.stdout);
    let violation = format!("!  4. {showtime} has 25 seats available, 24 are stored");
    assert!(ended.stdout.contains(&violation), "{}", ended.stdout);
}

/// Stores a counter that is off by one.
async fn damage(folder: &Path, showtime: &str) {
    let store = EmbeddedStore::open(folder, Arc::new(SystemClock)).expect("a store");
    let stored = store.load(showtime.parse().expect("an id")).await.expect("a store");
    let stored = stored.expect("a showtime");
    let commit = Commit {
        showtime: stored.summary.showtime.id,
        at_version: stored.map.version(),
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
    let (folder, _, server) = used().await;
    server.kill().await;
    let ended = verify(folder.path()).await;
    assert!(ended.status.success(), "{}{}", ended.stdout, ended.stderr);
}
