//! What `REDIS_URL` may say.

use redis::io::tcp::TcpSettings;
use redis::sentinel::SentinelNodeConnectionInfo;
use redis::{
    ConnectionInfo, ErrorKind, IntoConnectionInfo, ProtocolVersion, RedisConnectionInfo,
    RedisError, RedisResult, TlsMode,
};

/// Where Sentinels listen, unless said otherwise.
const SENTINEL_PORT: u16 = 26379;

/// Where the Redis is.
pub(super) enum Address {
    /// At this place.
    Fixed(ConnectionInfo),
    /// Wherever the Sentinels say.
    Named(Named),
}

/// The primary that Sentinels know by a name.
pub(super) struct Named {
    pub(super) name: String,
    pub(super) sentinels: Vec<ConnectionInfo>,
    /// How to connect to it, wherever it is.
    pub(super) node: SentinelNodeConnectionInfo,
}

impl Address {
    /// Reads `redis://…`, `rediss://…`, or
    /// `redis+sentinel://[user:password@]host[:port],…/name[/database]`, which may end
    /// in `?sentinel_password=…` (and `sentinel_username=…`); `rediss+sentinel` speaks
    /// TLS with both. What stands in it may be percent-encoded.
    pub(super) fn parse(url: &str) -> RedisResult<Self> {
        match url.split_once("+sentinel://") {
            Some((scheme @ ("redis" | "rediss"), rest)) => {
                Named::parse(scheme, rest).map(Self::Named)
            }
            _ => {
                let info = url.into_connection_info()?;
                let redis = settled(info.redis_settings());
                let info = info.set_redis_settings(redis).set_tcp_settings(tcp_settings());
                Ok(Self::Fixed(info))
            }
        }
    }
}

impl Named {
    fn parse(scheme: &str, rest: &str) -> RedisResult<Self> {
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (place, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (name, database) = path.split_once('/').unwrap_or((path, ""));
        let (login, hosts) = place.rsplit_once('@').unwrap_or(("", place));
        if name.is_empty() || hosts.split(',').any(str::is_empty) {
            return Err(wrong("it must be redis+sentinel://host,host/name-of-the-primary"));
        }
        let sentinels_login = sentinels_login(query)?;
        let sentinel = |host: &str| {
            let host = with_port(host);
            format!("{scheme}://{sentinels_login}@{host}").into_connection_info()
        };
        // Like any other address of a Redis, but for the host.
        let node = format!("{scheme}://{login}@primary/{database}").into_connection_info()?;
        let redis = settled(node.redis_settings());
        let node = SentinelNodeConnectionInfo::default()
            .set_redis_connection_info(redis)
            .set_tcp_settings(tcp_settings());
        Ok(Self {
            name: name.to_owned(),
            sentinels: hosts.split(',').map(sentinel).collect::<RedisResult<_>>()?,
            node: if scheme == "rediss" { node.set_tls_mode(TlsMode::Secure) } else { node },
        })
    }
}

/// `user:password`, as the query has it.
fn sentinels_login(query: &str) -> RedisResult<String> {
    let (mut username, mut password) = ("", "");
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("sentinel_username", value)) => username = value,
            Some(("sentinel_password", value)) => password = value,
            _ => return Err(wrong("after ? only sentinel_username and sentinel_password")),
        }
    }
    Ok(format!("{username}:{password}"))
}

/// The host with its port; IPv6 stands in brackets.
fn with_port(host: &str) -> String {
    let after_address = host.rsplit(']').next().unwrap_or(host);
    if after_address.contains(':') { host.to_owned() } else { format!("{host}:{SENTINEL_PORT}") }
}

/// Messages share the connection with answers.
fn settled(redis: &RedisConnectionInfo) -> RedisConnectionInfo {
    redis.clone().set_protocol(ProtocolVersion::RESP3)
}

/// How long what was sent may stay unacknowledged by the other machine until it
/// counts as gone: a machine that vanished sends no reset.
#[cfg(target_os = "linux")]
const GONE_AFTER: std::time::Duration = std::time::Duration::from_secs(3);

fn tcp_settings() -> TcpSettings {
    let settings = TcpSettings::default().set_nodelay(true);
    #[cfg(target_os = "linux")]
    let settings = settings.set_user_timeout(GONE_AFTER);
    settings
}

fn wrong(why: &'static str) -> RedisError {
    RedisError::from((ErrorKind::InvalidClientConfig, why))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(url: &str) -> Named {
        match Address::parse(url).expect("it is an address") {
            Address::Named(named) => named,
            Address::Fixed(_) => panic!("it names Sentinels"),
        }
    }

    fn places(named: &Named) -> Vec<String> {
        named.sentinels.iter().map(|sentinel| sentinel.addr().to_string()).collect()
    }

    #[test]
    fn sentinels_are_named_with_or_without_their_ports() {
        let named = named("redis+sentinel://one,two:5000,[::1],[::1]:7/seats");
        assert_eq!(named.name, "seats");
        assert_eq!(places(&named), ["one:26379", "two:5000", "::1:26379", "::1:7"]);
    }

    #[test]
    fn the_primary_and_its_sentinels_have_passwords_of_their_own() {
        let named = named("rediss+sentinel://ann:p%40ss@one/seats/3?sentinel_password=w%2Frd");
        let debug = |settings: &RedisConnectionInfo| {
            (settings.username().map(str::to_owned), settings.password().map(str::to_owned))
        };
        let sentinel = named.sentinels.first().expect("there is one");
        assert_eq!(debug(sentinel.redis_settings()), (None, Some("w/rd".to_owned())));
        assert!(matches!(sentinel.addr(), redis::ConnectionAddr::TcpTls { .. }));
        assert_eq!(sentinel.redis_settings().db(), 0, "a Sentinel has no databases");
        let node = format!("{:?}", named.node);
        assert!(node.contains("ann") && node.contains("db: 3"), "{node}");
        assert!(node.contains("Secure"), "{node}");
    }

    #[test]
    fn what_is_no_address_is_refused_without_its_password() {
        for url in [
            "redis+sentinel://:secret@one",
            "redis+sentinel://:secret@one/",
            "redis+sentinel://:secret@/seats",
            "redis+sentinel://:secret@one,,two/seats",
            "redis+sentinel://:secret@one/seats/x",
            "redis+sentinel://:secret@one/seats?sentinel_secret=secret",
            "redis+sentinel://:secret@one:port/seats",
            "http+sentinel://:secret@one/seats",
        ] {
            let Err(error) = Address::parse(url) else { panic!("{url} was taken") };
            assert!(!error.to_string().contains("secret@"), "{error}");
        }
    }
}
