//! `seathold simulate`

use crate::support::Program;

#[tokio::test]
async fn a_seed_is_run_and_its_history_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().to_str().expect("UTF-8");
    let args = ["simulate", "--seed", "17", "--seconds", "20", "--trace", "--out", out];
    let ended = Program::run(&args, &[]).await;
    assert!(ended.status.success(), "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.starts_with("seed 17 went well"), "{}", ended.stdout);
    let history = folder.path().join("seed-17.jsonl");
    let judged = Program::run(&["check-history", history.to_str().expect("UTF-8")], &[]).await;
    assert!(judged.status.success(), "{}{}", judged.stdout, judged.stderr);
}
