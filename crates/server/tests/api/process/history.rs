//! `seathold check-history`

use std::fs;

use crate::support::{Ended, Program};

const RIGHT: &str = r#"{"event":"start","format":1,"tolerance_ms":10}
{"event":"invoke","op":1,"at":10,"call":"hold","user":"ann","key":"k1","showtime":"s1","seats":["A1"]}
{"event":"ok","op":1,"at":20,"booking":"b1","until":900,"amount":20,"body":"x"}
{"event":"invoke","op":2,"at":30,"call":"hold","user":"bob","key":"k2","showtime":"s1","seats":["A1"]}
"#;
const REFUSED: &str =
    r#"{"event":"refused","op":2,"at":40,"code":"SEAT_HELD_BY_ANOTHER","seats":["A1"]}"#;
const GRANTED: &str = r#"{"event":"ok","op":2,"at":40,"booking":"b2","until":930,"amount":20}"#;

async fn judge(history: &str, flags: &[&str]) -> Ended {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("history.jsonl");
    fs::write(&file, history).expect("a file");
    let file = file.to_str().expect("UTF-8").to_owned();
    let args: Vec<&str> =
        ["check-history", &file].into_iter().chain(flags.iter().copied()).collect();
    Program::run(&args, &[]).await
}

#[tokio::test]
async fn a_history_without_a_violation_is_counted() {
    let ended = judge(&format!("{RIGHT}{REFUSED}\n"), &["--seconds"]).await;
    assert!(ended.status.success(), "{}", ended.stderr);
    let columns = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let lines: Vec<_> = ended.stdout.lines().skip(1).map(columns).collect();
    let expected = [
        "hold SEAT_HELD_BY_ANOTHER 1",
        "hold ok 1",
        "1 bookings granted, 0 sold; goodput 2 per second over 1 s",
        "second ok refused busy unknown",
        "0 1 1 0 0",
        "0 violations",
    ];
    assert_eq!(lines, expected);
}

#[tokio::test]
async fn a_violation_is_told_with_its_lines_and_operations() {
    let ended = judge(&format!("{RIGHT}{GRANTED}\n"), &[]).await;
    assert_eq!(ended.status.code(), Some(1));
    let told = "VIOLATION one-owner: seat A1 of s1 belonged to b1 and b2 at one time \
                (lines 3, 5); operations 1, 2";
    assert!(ended.stdout.contains(told), "{}", ended.stdout);
    assert!(ended.stdout.ends_with("  1 violations\n"), "{}", ended.stdout);
}

#[tokio::test]
async fn the_tolerance_may_be_insisted_on() {
    let ended = judge(&format!("{RIGHT}{GRANTED}\n"), &["--tolerance-ms", "900"]).await;
    assert!(ended.status.success(), "{}", ended.stdout);
}

#[tokio::test]
async fn what_is_no_history_is_named() {
    let ended = judge(&format!("{RIGHT}no event\n"), &[]).await;
    assert!(ended.complaint(1).contains("line 5 is no event"));
    let ended = judge(&format!("{RIGHT}{RIGHT}"), &[]).await;
    assert!(ended.complaint(1).contains("line 5: start is not the first event"));
    let ended = Program::run(&["check-history"], &[]).await;
    assert_eq!(ended.status.code(), Some(2));
}
