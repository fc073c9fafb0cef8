use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, interval_at};

use crate::record::Recorder;

/// Refusals that say only that the service was busy.
const BUSY: [&str; 3] = ["BOOKING_LOCK_FAILED", "REQUEST_IN_PROGRESS", "RATE_LIMITED"];

/// Answers, by what they are worth.
#[derive(Clone, Copy, Default)]
struct Tally {
    ok: u64,
    refused: u64,
    busy: u64,
    unknown: u64,
}

impl Tally {
    fn of(counts: &BTreeMap<(&'static str, String), u64>) -> Self {
        let mut tally = Self::default();
        for ((_, outcome), count) in counts {
            let part = match outcome.as_str() {
                "ok" => &mut tally.ok,
                code if BUSY.contains(&code) => &mut tally.busy,
                why if why.starts_with("unknown") => &mut tally.unknown,
                _ => &mut tally.refused,
            };
            *part += count;
        }
        tally
    }
}

/// Says each second what was answered in it.
/// Goodput is what was answered as it should be: done, or refused for a reason.
pub(crate) async fn every_second(recorder: Arc<Recorder>) {
    let second = Duration::from_secs(1);
    let (mut ticks, mut before) = (interval_at(Instant::now() + second, second), Tally::default());
    for n in 1.. {
        ticks.tick().await;
        let now = Tally::of(&recorder.counts());
        let (ok, refused) = (now.ok - before.ok, now.refused - before.refused);
        let (busy, unknown) = (now.busy - before.busy, now.unknown - before.unknown);
        println!(
            "{n:>4} s  goodput {:>5}  ok {ok:>5}  refused {refused:>5}  busy {busy:>4}  unknown {unknown:>4}",
            ok + refused
        );
        before = now;
    }
}

/// What came of all requests.
pub(crate) fn summary(recorder: &Recorder) -> String {
    let mut text = String::new();
    for ((call, outcome), count) in recorder.counts() {
        let _ = writeln!(text, "{call:<16} {outcome:<40} {count:>8}");
    }
    text
}
