//! The connection to Redis: one for all, made anew when lost, and elsewhere when
//! another Redis has become the primary.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use redis::aio::{AsyncPushSender, ConnectionManager, ConnectionManagerConfig};
use redis::{ErrorKind, RedisError, RedisResult, ServerErrorKind};
use seathold_service::ports::LeaseError;
use tokio::time::{Instant, timeout};

use super::breaker::{Advice, Breaker};
use super::source::Source;

/// How long a call may take, a new connection included. Far above any answer of
/// a Redis in health, and short beside what a client waits.
pub(super) const CALL_TIMEOUT: Duration = Duration::from_millis(500);

/// Calls that may wait to be sent: as many as there can be busy showtimes.
const SENDING_MAX: usize = 4_096;

/// Calls to Redis, each bounded in time, and none while it is away.
pub(super) struct Line {
    source: Source,
    breaker: Breaker,
}

impl Line {
    /// Connects with the first call. What Redis says unasked goes to `listener`.
    pub(super) fn open(url: &str, listener: impl AsyncPushSender) -> RedisResult<Self> {
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(CALL_TIMEOUT))
            .set_response_timeout(Some(CALL_TIMEOUT))
            // The next call tries again.
            .set_number_of_retries(0)
            .set_pipeline_buffer_size(SENDING_MAX)
            .set_push_sender(listener)
            .set_automatic_resubscription();
        Ok(Self { source: Source::open(url, config)?, breaker: Breaker::default() })
    }

    /// Whether a call may be made now.
    ///
    /// # Errors
    /// Redis is taken to be away. Whether it is back is looked at beside.
    pub(super) fn admit(self: &Arc<Self>) -> Result<(), LeaseError> {
        match self.breaker.advice(Instant::now()) {
            Advice::Call => return Ok(()),
            Advice::Spare => {}
            Advice::Probe => {
                let line = Arc::clone(self);
                // What it finds, the breaker has heard.
                tokio::spawn(async move { drop(line.call(ping).await) });
            }
        }
        Err(LeaseError("spared: it did not answer lately".to_owned()))
    }

    /// Makes a call that was admitted, or must be made all the same. It may be
    /// made twice.
    ///
    /// # Errors
    /// Redis refuses it, or has not answered within [`CALL_TIMEOUT`].
    pub(super) async fn call<T, F>(
        &self,
        ask: impl Fn(ConnectionManager) -> F,
    ) -> Result<T, LeaseError>
    where
        F: Future<Output = RedisResult<T>>,
    {
        let answer = self.reach(ask).await;
        match &answer {
            Ok(_) => self.breaker.succeeded(),
            Err(_) => self.breaker.failed(Instant::now()),
        }
        answer
    }

    /// Whether Redis answers, whatever it did lately.
    ///
    /// # Errors
    /// As for [`Line::call`].
    pub(super) async fn ping(&self) -> Result<(), LeaseError> {
        self.reach(ping).await
    }

    async fn reach<T, F>(&self, ask: impl Fn(ConnectionManager) -> F) -> Result<T, LeaseError>
    where
        F: Future<Output = RedisResult<T>>,
    {
        metrics::counter!("seathold_redis_calls_total").increment(1);
        let asked = async {
            match ask(self.source.connection().await?).await {
                // The connection is lost, perhaps since long; the next may do.
                Err(error) if error.is_io_error() => ask(self.source.connection().await?).await,
                answer => answer,
            }
        };
        let answer = timeout(CALL_TIMEOUT, asked).await;
        if answer.as_ref().map_or(true, |answer| answer.as_ref().is_err_and(is_elsewhere)) {
            self.source.doubt();
        }
        match answer {
            Ok(answer) => answer.map_err(|error| failure(&error)),
            Err(_) => Err(LeaseError(format!("no answer within {CALL_TIMEOUT:?}"))),
        }
    }
}

/// Whether this may be because another Redis is the primary now.
fn is_elsewhere(error: &RedisError) -> bool {
    let demoted = [ServerErrorKind::ReadOnly, ServerErrorKind::MasterDown].map(ErrorKind::Server);
    error.is_io_error() || demoted.contains(&error.kind())
}

async fn ping(mut connection: ConnectionManager) -> RedisResult<()> {
    redis::cmd("PING").exec_async(&mut connection).await
}

/// What a failure is called outside.
pub(super) fn failure(error: &RedisError) -> LeaseError {
    LeaseError(error.to_string())
}
