use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder};
use seathold_history::{Call, Seen};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::time::{Instant, sleep};

use crate::Args;
use crate::pace::Pace;
use crate::record::Recorder;

/// How long a client waits before it repeats a request, at the most, whatever the answer
/// says: a run is short.
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// How long it waits at the least.
const PAUSE_MIN: Duration = Duration::from_millis(100);

/// Refusals after which the same request may be granted.
const AGAIN: [&str; 3] = ["BOOKING_LOCK_FAILED", "REQUEST_IN_PROGRESS", "RATE_LIMITED"];

/// The service, as clients reach it.
pub(crate) struct Shop {
    client: Client,
    base: String,
    sandbox: String,
    patience: Duration,
    pub(crate) recorder: Arc<Recorder>,
    pace: Pace,
}

/// A request to be sent, as often as needed.
pub(crate) struct Request {
    /// The operation that it is in the history, and its name.
    pub(crate) call: Call,
    pub(crate) name: &'static str,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) user: String,
    pub(crate) body: Option<Value>,
    /// What is seen in an answer; `None`: it does not tell what was asked.
    pub(crate) see: fn(&Value) -> Option<Seen>,
}

/// An answer.
enum Answer {
    Done { status: u16, body: Vec<u8>, json: Value },
    Refused { code: String, json: Value },
    Unknown(String),
}

impl Shop {
    pub(crate) fn new(
        base: &str,
        args: &Args,
        recorder: Arc<Recorder>,
        pace: Pace,
    ) -> reqwest::Result<Self> {
        let client = Client::builder()
            .timeout(Duration::from_millis(args.timeout_ms))
            .connect_timeout(Duration::from_secs(1))
            .no_proxy()
            .build()?;
        let (base, sandbox) = (base.trim_end_matches('/'), args.sandbox_url.as_deref());
        let sandbox = sandbox.map_or(base, |url| url.trim_end_matches('/'));
        let patience = Duration::from_millis(args.patience_ms);
        let (base, sandbox) = (base.to_owned(), sandbox.to_owned());
        Ok(Self { client, base, sandbox, patience, recorder, pace })
    }

    /// Sends a request until its outcome is known, or patience ends; each time is an
    /// operation of its own. What was seen, if it was done.
    pub(crate) async fn ask(&self, request: &Request) -> Option<(Seen, Value)> {
        let (until, mut open) = (Instant::now() + self.patience, false);
        loop {
            let pause = match self.once(request, &mut open).await {
                Ok(done) => return done,
                Err(pause) => pause,
            };
            if Instant::now() + pause >= until {
                return None;
            }
            sleep(pause).await;
        }
    }

    /// Sends it once. `Err`: its outcome is open, and after so long it may be sent again.
    /// `open` is whether a try before it may have taken effect.
    async fn once(
        &self,
        request: &Request,
        open: &mut bool,
    ) -> Result<Option<(Seen, Value)>, Duration> {
        self.pace.turn().await;
        let (recorder, name) = (&self.recorder, request.name);
        let op = recorder.invoke(request.call.clone());
        match self.send(self.builder(request)).await {
            Answer::Done { status, body, json } => match (request.see)(&json) {
                Some(mut seen) => {
                    let hash = Sha256::new().chain_update(status.to_be_bytes()).chain_update(body);
                    let hash = hash.finalize();
                    seen.body = key_of(&request.call)
                        .map(|_| hash[..8].iter().map(|byte| format!("{byte:02x}")).collect());
                    recorder.ok(op, name, seen.clone());
                    Ok(Some((seen, json)))
                }
                None => {
                    *open = true;
                    recorder.unknown(op, name, format!("{status}, not as described"));
                    Err(PAUSE_MAX)
                }
            },
            // Nobody else has this key: a balancer has sent this very request twice, and what
            // the first time has done is not known.
            Answer::Refused { code, .. } if code == "REQUEST_IN_PROGRESS" && !*open => {
                *open = true;
                recorder.unknown(op, name, format!("409 {code}"));
                Err(PAUSE_MIN)
            }
            Answer::Refused { code, json } => {
                let text = |value: &Value| value.as_str().map(str::to_owned);
                let seats = json["seats"].as_array().into_iter().flatten();
                let seats = seats.filter_map(text).collect();
                let again = AGAIN.contains(&code.as_str());
                recorder.refused(op, name, &code, seats, text(&json["booking_id"]));
                if again { Err(PAUSE_MIN) } else { Ok(None) }
            }
            Answer::Unknown(why) => {
                *open = true;
                recorder.unknown(op, name, why);
                Err(PAUSE_MIN * 3)
            }
        }
    }

    fn builder(&self, request: &Request) -> RequestBuilder {
        let base = match request.call {
            Call::Pay { .. } => &self.sandbox,
            _ => &self.base,
        };
        let url = format!("{base}{}", request.path);
        let builder = self.client.request(request.method.clone(), url);
        let builder = builder.header("X-User-Id", &request.user);
        let builder = match key_of(&request.call) {
            Some(key) => builder.header("X-Idempotency-Key", key),
            None => builder,
        };
        let builder = match request.call {
            Call::CancelShowtime { .. } => builder.header("X-User-Role", "admin"),
            _ => builder,
        };
        match &request.body {
            Some(body) => builder.json(body),
            None => builder,
        }
    }

    async fn send(&self, builder: RequestBuilder) -> Answer {
        let response = match builder.send().await {
            Ok(response) => response,
            Err(error) => return Answer::Unknown(why(&error)),
        };
        let status = response.status();
        let body = match response.bytes().await {
            Ok(body) => body.to_vec(),
            Err(error) => return Answer::Unknown(why(&error)),
        };
        let json: Value = serde_json::from_slice(&body).unwrap_or_default();
        match json["code"].as_str() {
            _ if status.is_success() => Answer::Done { status: status.as_u16(), body, json },
            Some(code) if status.is_client_error() => {
                Answer::Refused { code: code.to_owned(), json }
            }
            code => Answer::Unknown(
                format!("{} {}", status.as_u16(), code.unwrap_or("")).trim().to_owned(),
            ),
        }
    }

    /// Makes a showtime, once; its id, or why there is none, or none that is known.
    pub(crate) async fn make_showtime(&self, showtime: &Value) -> Result<String, String> {
        let url = format!("{}/api/admin/showtimes", self.base);
        let builder = self.client.post(url).header("X-User-Id", "the-admin");
        match self.send(builder.header("X-User-Role", "admin").json(showtime)).await {
            Answer::Done { json, .. } => match json["id"].as_str() {
                Some(id) => Ok(id.to_owned()),
                None => Err(format!("not as described: {json}")),
            },
            Answer::Refused { code, json } => Err(format!("{code}: {json}")),
            Answer::Unknown(why) => Err(why),
        }
    }

    /// Something that is no part of the history, as an admin or for one user, until it is
    /// answered with success, or with a refusal, or until then.
    pub(crate) async fn manage(
        &self,
        method: Method,
        path: &str,
        user: Option<&str>,
        body: Option<&Value>,
        until: Instant,
    ) -> Option<Value> {
        let base = if path.starts_with("/sandbox") { &self.sandbox } else { &self.base };
        loop {
            let mut builder = self.client.request(method.clone(), format!("{base}{path}"));
            // Reading everything takes longer than a buyer waits.
            builder = builder.timeout(Duration::from_secs(15));
            builder = builder.header("X-User-Id", user.unwrap_or("the-admin"));
            if user.is_none() {
                builder = builder.header("X-User-Role", "admin");
            }
            if let Some(body) = body {
                builder = builder.json(body);
            }
            match self.send(builder).await {
                Answer::Done { json, .. } => return Some(json),
                Answer::Refused { code, json } if !AGAIN.contains(&code.as_str()) => {
                    return Some(json);
                }
                Answer::Refused { .. } | Answer::Unknown(_) => {}
            }
            if Instant::now() + PAUSE_MAX >= until {
                return None;
            }
            sleep(PAUSE_MIN * 3).await;
        }
    }
}

/// The key of a call that has one.
fn key_of(call: &Call) -> Option<&str> {
    match call {
        Call::Hold { key, .. } | Call::Confirm { key, .. } | Call::Refund { key, .. } => Some(key),
        _ => None,
    }
}

/// Why there is no answer, in a word.
fn why(error: &reqwest::Error) -> String {
    let word = match error {
        error if error.is_timeout() => "no answer in time",
        error if error.is_connect() => "no connection",
        _ => "cut off",
    };
    word.to_owned()
}
