use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use super::cluster::Sites;
use crate::support::{Answer, Site, fresh_key};

/// How long an answer may take: the time that a request has, and what a busy
/// machine adds.
const ANSWER_TIME: Duration = Duration::from_secs(13);

/// How long a wish may take to come true: as long as the claim of an owner that
/// crashed is leased, after a fault, with room for a busy machine.
const PATIENCE: Duration = Duration::from_secs(75);

/// How often a buyer asks at the most.
const TURNS_MAX: usize = 120;

/// How long a buyer waits before asking again: each time longer, up to a second.
const PAUSE: Duration = Duration::from_millis(100);
const LONGER_MAX: u32 = 10;

/// Seats that one buyer wants, and nobody else.
pub(super) struct Wish {
    user: String,
    key: String,
    showtime: String,
    seats: Vec<String>,
}

/// A hold that was acknowledged.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) user: String,
    pub(super) booking: String,
    pub(super) showtime: String,
    pub(super) seats: Vec<String>,
}

/// What buyers have met with so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// Holds acknowledged, by instance.
    pub(super) held: BTreeMap<usize, usize>,
    /// Answers that ask for a repeat, by code.
    pub(super) put_off: BTreeMap<String, usize>,
    /// Requests without an answer.
    pub(super) cut_off: usize,
    /// How long an answer took at the most, since this was last set back.
    pub(super) slowest: Duration,
}

impl Seen {
    pub(super) fn acknowledged(&self) -> usize {
        self.held.values().sum()
    }

    /// Requests that did not end in a hold, and not because too many wanted
    /// the same showtime either.
    pub(super) fn failures(&self) -> usize {
        let put_off: usize = self.put_off.values().sum();
        self.cut_off + put_off - self.put_off("BOOKING_LOCK_FAILED")
    }

    /// Answers with this code.
    pub(super) fn put_off(&self, code: &str) -> usize {
        self.put_off.get(code).copied().unwrap_or_default()
    }
}

impl Wish {
    pub(super) fn new(number: usize, showtime: &str, seats: Vec<String>) -> Self {
        let user = format!("buyer-{number}");
        Self { user, key: fresh_key(), showtime: showtime.to_owned(), seats }
    }

    /// Asks one instance after the other, with the same key, until it is granted.
    /// Any definite answer but that is wrong: nobody else wants these seats.
    pub(super) async fn pursue(
        self,
        sites: &Sites,
        first: usize,
        seen: &watch::Sender<Seen>,
    ) -> Held {
        let body = json!({ "showtime_id": self.showtime, "seats": self.seats });
        let (begin, mut pause) = (Instant::now(), Duration::ZERO);
        for turn in first..first + TURNS_MAX {
            let (number, site) = sites.at(turn);
            let asked = Instant::now();
            let answer = self.ask(&site, &body).await;
            let took = asked.elapsed();
            seen.send_modify(|seen| seen.slowest = seen.slowest.max(took));
            match answer {
                Ok(answer) if answer.status == 201 => {
                    seen.send_modify(|seen| *seen.held.entry(number).or_default() += 1);
                    return self.held(&answer);
                }
                Ok(answer) => {
                    is_put_off(&answer);
                    let count = |seen: &mut Seen| {
                        *seen.put_off.entry(answer.code().into()).or_default() += 1;
                    };
                    seen.send_modify(count);
                }
                Err(_) => seen.send_modify(|seen| seen.cut_off += 1),
            }
            assert!(begin.elapsed() < PATIENCE, "never held: {}, {body}", self.user);
            pause = (pause + PAUSE).min(PAUSE * LONGER_MAX);
            sleep(pause).await;
        }
        panic!("never held, however often: {}, {body}", self.user)
    }

    async fn ask(&self, site: &Site, body: &Value) -> Result<Answer, reqwest::Error> {
        let call = site.post("/api/bookings/hold").by(&self.user).key(&self.key).json(body);
        timeout(ANSWER_TIME, call.try_send()).await.expect("an answer in time")
    }

    fn held(self, answer: &Answer) -> Held {
        assert_eq!(answer.body["seats"], json!(self.seats), "{}", answer.body);
        let booking = answer.text("booking_id").to_owned();
        Held { user: self.user, booking, showtime: self.showtime, seats: self.seats }
    }
}

/// The answer says truly that it may be asked again.
#[track_caller]
fn is_put_off(answer: &Answer) {
    let known = matches!(
        (answer.status, answer.code()),
        (503, "SERVICE_UNAVAILABLE") | (409, "BOOKING_LOCK_FAILED" | "REQUEST_IN_PROGRESS")
    );
    assert!(known, "nobody else wants these seats: {}", answer.body);
    answer.is_problem();
    assert!(answer.is_retryable(), "{}", answer.body);
}
