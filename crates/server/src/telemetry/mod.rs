//! Logs and metrics.

mod json;
mod lines;

use std::fmt;
use std::io::{self, IsTerminal};
use std::str::FromStr;
use std::sync::OnceLock;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use seathold_core::BookingId;
use tracing::Span;
use tracing_subscriber::EnvFilter;

use json::{JsonFields, JsonLines};
pub use lines::LastLines;

/// Bounds of the latency histogram, in seconds: from a cached read to the
/// longest a request may take.
const LATENCY_BUCKETS: [f64; 14] =
    [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0];

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines: one JSON object per line.
    Json,
}

/// A text that names no log format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be text or json")]
pub struct InvalidLogFormat;

impl FromStr for LogFormat {
    type Err = InvalidLogFormat;

    fn from_str(text: &str) -> Result<Self, InvalidLogFormat> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(InvalidLogFormat),
        }
    }
}

impl fmt::Display for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Json => "json",
        })
    }
}

/// Starts logging to standard error, at the levels `RUST_LOG` names (default:
/// info). Without a format: text on a terminal, else JSON. A second call
/// changes nothing. What is logged is written by a thread of its own, many lines at
/// a time; the last of them when what this gives is dropped. Lines for which there
/// is no room, since nobody takes them, are lost: no sale waits for its log.
///
/// # Errors
/// The system has no thread for it.
pub fn start_logging(format: Option<LogFormat>) -> io::Result<LastLines> {
    let on_terminal = io::stderr().is_terminal();
    let format = format.unwrap_or(if on_terminal { LogFormat::Text } else { LogFormat::Json });
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("info,tokio_cron_scheduler=warn"));
    let (writer, last_lines) = lines::written_to(io::stderr())?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    // A subscriber that is there already stays.
    let _ = match format {
        LogFormat::Text => lines.with_ansi(on_terminal).with_target(false).try_init(),
        LogFormat::Json => lines.fmt_fields(JsonFields).event_format(JsonLines).try_init(),
    };
    Ok(last_lines)
}

/// The metrics of this process. The first call starts collecting them.
pub(crate) fn metrics() -> &'static PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(|| {
        let latency = Matcher::Suffix("_seconds".to_owned());
        let recorder = PrometheusBuilder::new()
            .set_buckets_for_metric(latency, &LATENCY_BUCKETS)
            .expect("the bounds are not empty")
            .build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("somebody else collects the metrics of this process");
        }
        handle
    })
}

/// The span of one request. The booking's id is filled in once it is known.
pub(crate) fn request_span(request_id: &str) -> Span {
    tracing::info_span!("request", request_id, booking_id = tracing::field::Empty)
}

/// Notes on every further log line of this request which booking it is about.
pub(crate) fn note_booking(id: BookingId) {
    Span::current().record("booking_id", tracing::field::display(id));
}
