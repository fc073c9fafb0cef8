//! The scripts at Redis, and how they are called. Redis runs each as one step.

use std::sync::LazyLock;
use std::time::Duration;

use redis::aio::ConnectionLike;
use redis::{Cmd, ErrorKind, FromRedisValue, RedisResult, ServerErrorKind};
use seathold_service::ports::{Account, Lease};

struct Script {
    text: &'static str,
    /// What Redis knows it by, once it has had the text.
    hash: String,
}

macro_rules! script {
    ($($file:literal),+) => {
        LazyLock::new(|| {
            let text = concat!($(include_str!($file)),+);
            Script { text, hash: redis::Script::new(text).get_hash().to_owned() }
        })
    };
}

static ACQUIRE: LazyLock<Script> = script!("queue.lua", "acquire.lua");
static RENEW: LazyLock<Script> = script!("queue.lua", "renew.lua");
static RELEASE: LazyLock<Script> = script!("queue.lua", "release.lua");
static CHARGE: LazyLock<Script> = script!("charge.lua");

/// A script with what it is to work on.
pub(super) struct Call {
    script: &'static Script,
    keys: Vec<String>,
    args: Vec<String>,
}

impl Call {
    /// Asks for a lease that is to last for `ttl`. With a `wait` of a millisecond
    /// or more, who is not granted it stands in the queue; with less, no longer.
    pub(super) fn acquire(lease: &Lease, channel: &str, ttl: Duration, wait: Duration) -> Self {
        let args = [channel.to_owned(), ttl_ms(ttl).to_string(), ms(wait).to_string()];
        Self::on_lease(&ACQUIRE, lease, args)
    }

    /// Extends a lease to `ttl` from now.
    pub(super) fn renew(lease: &Lease, ttl: Duration) -> Self {
        Self::on_lease(&RENEW, lease, [ttl_ms(ttl).to_string()])
    }

    /// Gives a lease back, or the place in its queue.
    pub(super) fn release(lease: &Lease) -> Self {
        Self::on_lease(&RELEASE, lease, [])
    }

    fn on_lease<const N: usize>(script: &'static Script, lease: &Lease, args: [String; N]) -> Self {
        // The braces put all keys of a showtime into one slot of a cluster.
        let key = format!("lock:booking:showtime:{{{}}}", lease.showtime);
        let token = lease.token.as_hyphenated().to_string();
        let args = std::iter::once(token).chain(args).collect();
        Self { script, keys: vec![key.clone(), key + ":queue"], args }
    }

    /// Charges one request to each of these accounts, at `now` (µs since the Unix
    /// epoch). Answers 1 or 0, whether it may be made, then for each account when it
    /// has all of its requests back.
    pub(super) fn charge(accounts: &[Account], now: i64) -> Self {
        // One script, so one slot: the braces are the same for all.
        let key = |account: &Account| format!("rate:{{api}}:{}", account.name);
        let quota = |account: &Account| [account.quota.interval(), account.quota.window()];
        let args = std::iter::once(now).chain(accounts.iter().flat_map(quota));
        Self {
            script: &CHARGE,
            keys: accounts.iter().map(key).collect(),
            args: args.map(|number| number.to_string()).collect(),
        }
    }

    /// Calls the script by its hash, and sends its text when Redis is new to it.
    pub(super) async fn make<T: FromRedisValue>(
        &self,
        mut connection: impl ConnectionLike,
    ) -> RedisResult<T> {
        match self.command("EVALSHA", &self.script.hash).query_async(&mut connection).await {
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                self.make_in_full(connection).await
            }
            answer => answer,
        }
    }

    /// Calls the script by its text: one message that needs no second.
    pub(super) async fn make_in_full<T: FromRedisValue>(
        &self,
        mut connection: impl ConnectionLike,
    ) -> RedisResult<T> {
        self.command("EVAL", self.script.text).query_async(&mut connection).await
    }

    fn command(&self, name: &str, script: &str) -> Cmd {
        let mut command = redis::cmd(name);
        command.arg(script).arg(self.keys.len()).arg(&self.keys).arg(&self.args);
        command
    }
}

/// What Redis says to who asks for a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It is theirs.
    Granted,
    /// Another has it, for so long unless renewed.
    Taken(Duration),
}

impl Answer {
    /// The answer behind a number. `None`: nobody listens on the asker's
    /// channel, so that nobody could be told of a turn.
    pub(super) fn read(number: i64) -> Option<Self> {
        match u64::try_from(number).ok()? {
            0 => Some(Self::Granted),
            ms => Some(Self::Taken(Duration::from_millis(ms))),
        }
    }
}

fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Redis refuses a time to live of nothing.
fn ttl_ms(ttl: Duration) -> u64 {
    ms(ttl).max(1)
}
