//! `seathold demo`

use crate::support::Program;

#[tokio::test]
async fn the_demo_ends_well() {
    let arguments = ["demo", "--exit", "--port", "0", "--racers", "200", "--buyers", "40"];
    let ended = Program::run(&arguments, &[]).await;
    assert!(ended.status.success(), "{}\n{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("200 buyers, one seat"), "{}", ended.stdout);
    for number in 1..=7 {
        assert!(ended.stdout.contains(&format!("\n{number}. ")), "{}", ended.stdout);
    }
}
