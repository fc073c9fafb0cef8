//! What the operator may set, as flags and environment variables, checked at start.

mod providers;
mod rate;
mod value;

use std::path::PathBuf;

use clap::Args;

use crate::url::{BaseUrl, HttpUrl, Origins};

pub use providers::Providers;
pub use rate::{Proxies, RateLimit};
pub(crate) use value::whole;
pub use value::{ConfigError, Cron, Secret, explain};

/// Characters a `JWT_SECRET` has at least: fewer can be guessed.
pub const JWT_SECRET_MIN_CHARS: usize = 16;

/// How long a hold may last at the most, in seconds: one day.
const HOLD_TTL_MAX_SECONDS: u32 = 86_400;

/// How long before the start refunds may close at the most, in seconds: 30 days.
const REFUND_CLOSES_MAX_SECONDS: u32 = 2_592_000;

/// Seats one request may ask for at the most: they fit its body.
const SEATS_PER_HOLD_MAX: u32 = 1_000;

/// Live seats one user may be allowed on one showtime: all of them.
const SEATS_PER_USER_MAX: u32 = 60_000;

/// When to clean up unless told otherwise: once a minute.
const SWEEP_CRON: &str = "0 * * * * *";

/// How long a showtime's lease may last at the most, in ms: longer, and a
/// killed owner would block the others for more than a minute.
const LOCK_TTL_MAX_MS: u32 = 60_000;

/// Requests that may be under way at once: as many as may wait at one desk. Each takes
/// some 10 kB while it waits, so that they stay within 200 MB together.
const REQUESTS_IN_FLIGHT: &str = "16384";

/// The most that may be set.
const REQUESTS_IN_FLIGHT_MAX: u32 = 1_000_000;

/// How long a server may go on serving when asked to stop, in ms: with the time
/// it then takes at the most, less than the 30 seconds of orchestrators.
const DRAIN_MAX_MS: u32 = 8_000;

/// Connections that may be allowed at a time: more than one machine has ports for.
const CONNECTIONS_MAX: u32 = 1_000_000;

/// What decides how the server behaves; the address it listens on is not in it.
#[derive(Args, Clone, Debug)]
pub struct Config {
    /// Development mode: users are taken at their word (X-User-Id, X-User-Role:
    /// admin), and payments go to a built-in sandbox unless a gateway is set.
    /// Never for the public
    #[arg(long)]
    pub dev: bool,

    /// Folder of the embedded store
    #[arg(long, env = "DATA_DIR", default_value = "./data")]
    pub data_dir: PathBuf,

    /// MongoDB replica set to keep everything in, instead of DATA_DIR, e.g.
    /// mongodb://host1:27017,host2:27017,host3:27017/seathold?replicaSet=rs0
    #[arg(long, env = "MONGO_URI", hide_env_values = true)]
    pub mongo_uri: Option<Secret>,

    /// Redis to keep the locks in, so that several instances share MONGO_URI, e.g.
    /// redis://localhost:6379; by Sentinels, the name of the primary after their hosts:
    /// redis+sentinel://host1:26379,host2:26379,host3:26379/mymaster
    #[arg(long, env = "REDIS_URL", hide_env_values = true)]
    pub redis_url: Option<Secret>,

    /// No other instance uses MONGO_URI: do without REDIS_URL
    #[arg(long)]
    pub single_instance: bool,

    /// Leave MONGO_URI as it is at start; `seathold migrate` brings it up to date
    #[arg(long)]
    pub no_migrate: bool,

    /// Secret that tokens are signed with (HS256), at least 16 characters
    #[arg(long, env = "JWT_SECRET", hide_env_values = true)]
    pub jwt_secret: Option<Secret>,

    /// File with the public keys of the tokens (RS256, ES256, EdDSA) as a JSON Web Key Set
    #[arg(long, env = "JWKS")]
    pub jwks: Option<PathBuf>,

    /// Audience (`aud`) every token must name
    #[arg(long, env = "JWT_AUDIENCE")]
    pub jwt_audience: Option<String>,

    /// Issuer (`iss`) every token must name
    #[arg(long, env = "JWT_ISSUER")]
    pub jwt_issuer: Option<String>,

    /// How long a hold lasts, in seconds (1 to 86400)
    #[arg(long, env = "HOLD_TTL_SECONDS", default_value = "600",
          value_parser = whole::<1, HOLD_TTL_MAX_SECONDS>)]
    pub hold_ttl_seconds: u32,

    /// How long before the start owners can no longer give a sold booking back, in
    /// seconds (0 to 2592000)
    #[arg(long, env = "REFUND_CLOSES_SECONDS", default_value = "1800",
          value_parser = whole::<0, REFUND_CLOSES_MAX_SECONDS>)]
    pub refund_closes_seconds: u32,

    /// Seats in one request (1 to 1000)
    #[arg(long, env = "MAX_SEATS_PER_HOLD", default_value = "10",
          value_parser = whole::<1, SEATS_PER_HOLD_MAX>)]
    pub max_seats_per_hold: u32,

    /// Live seats of one user on one showtime (1 to 60000)
    #[arg(long, env = "MAX_SEATS_PER_USER", default_value = "10",
          value_parser = whole::<1, SEATS_PER_USER_MAX>)]
    pub max_seats_per_user: u32,

    /// When to clean up expired holds: a cron expression of six fields, seconds first, in UTC
    #[arg(long, env = "SWEEP_CRON", default_value = SWEEP_CRON)]
    pub sweep_cron: Option<Cron>,

    /// Address of the payment gateway for all methods without a provider of their
    /// own [default: none; with --dev and no provider, a built-in sandbox]
    #[arg(long, env = "PAYMENT_GATEWAY_URL")]
    pub payment_gateway_url: Option<BaseUrl>,

    /// Secret the gateway signs its webhooks with
    #[arg(long, env = "PAYMENT_WEBHOOK_SECRET", hide_env_values = true)]
    pub payment_webhook_secret: Option<Secret>,

    /// Accounts at the providers themselves.
    #[command(flatten)]
    pub providers: Providers,

    /// Addresses that are told of every booking that is held, confirmed, cancelled,
    /// expired or refunded, with commas in between [default: none]
    #[arg(long, env = "EVENTS_URLS", value_delimiter = ',')]
    pub events_urls: Vec<HttpUrl>,

    /// Secrets these messages are signed with by the Standard Webhooks, whsec_ and
    /// Base64: while they are changed, the new and the old one, with a comma in between
    #[arg(long, env = "EVENTS_SECRET", hide_env_values = true, value_delimiter = ',')]
    pub events_secret: Vec<Secret>,

    /// Address under which gateways and buyers reach this server [default: the one it listens on]
    #[arg(long, env = "PUBLIC_URL")]
    pub public_url: Option<BaseUrl>,

    /// Where buyers go after the payment when a request names no return_url
    #[arg(long, env = "DEFAULT_RETURN_URL")]
    pub default_return_url: Option<HttpUrl>,

    /// Origins a return_url may have, with commas in between [default: any]
    #[arg(long, env = "RETURN_URL_ORIGINS", default_value = "", hide_default_value = true)]
    pub return_url_origins: Origins,

    /// Browser origins that may call the API, with commas in between [default: none]
    #[arg(long, env = "CORS_ORIGINS", default_value = "", hide_default_value = true)]
    pub cors_origins: Origins,

    /// Requests that each user and each address may make: 100/60s for both, or
    /// user:100/60s,address:1000/60s [default: as many as they like]
    #[arg(long, env = "RATE_LIMIT")]
    pub rate_limit: Option<RateLimit>,

    /// Proxies in front of this server, as addresses and networks with commas in
    /// between: their X-Forwarded-For says whose address it is [default: none]
    #[arg(long, env = "TRUSTED_PROXIES", default_value = "", hide_default_value = true)]
    pub trusted_proxies: Proxies,

    /// Connections at a time (1 to 1000000); further ones wait until one ends
    #[arg(long, env = "MAX_CONNECTIONS", default_value = "20000",
          value_parser = whole::<1, CONNECTIONS_MAX>)]
    pub max_connections: u32,

    /// Requests that are taken up at once; more are answered 503, with Retry-After
    /// (1 to 1000000)
    #[arg(long, env = "MAX_REQUESTS_IN_FLIGHT", default_value = REQUESTS_IN_FLIGHT,
          value_parser = whole::<1, REQUESTS_IN_FLIGHT_MAX>)]
    pub max_requests_in_flight: u32,

    /// How long the lock of a showtime lasts unless renewed, in ms (100 to 60000)
    #[arg(long, env = "LOCK_TTL_MS", default_value = "8000",
          value_parser = whole::<100, LOCK_TTL_MAX_MS>)]
    pub lock_ttl_ms: u32,

    /// Waits for that lock, each twice as long as the one before (0 to 10)
    #[arg(long, env = "LOCK_MAX_RETRIES", default_value = "3", value_parser = whole::<0, 10>)]
    pub lock_max_retries: u32,

    /// The first of these waits, in ms, up to half of it again as jitter (1 to 1000)
    #[arg(long, env = "LOCK_RETRY_BASE_MS", default_value = "100", value_parser = whole::<1, 1_000>)]
    pub lock_retry_base_ms: u32,

    /// How long to go on serving when asked to stop, while /health/ready says not
    /// to send more, in ms (0 to 8000): until every load balancer has seen it
    #[arg(long, env = "DRAIN_MS", default_value = "1000", value_parser = whole::<0, DRAIN_MAX_MS>)]
    pub drain_ms: u32,
}

impl Config {
    /// Development mode on the embedded store in `data_dir`, without cron jobs
    /// and without a load balancer to wait for; all else as by default, whatever
    /// the environment says.
    #[must_use]
    pub fn development(data_dir: PathBuf) -> Self {
        Self {
            dev: true,
            data_dir,
            mongo_uri: None,
            redis_url: None,
            single_instance: false,
            no_migrate: false,
            jwt_secret: None,
            jwks: None,
            jwt_audience: None,
            jwt_issuer: None,
            hold_ttl_seconds: 600,
            refund_closes_seconds: 1_800,
            max_seats_per_hold: 10,
            max_seats_per_user: 10,
            sweep_cron: None,
            payment_gateway_url: None,
            payment_webhook_secret: None,
            providers: Providers::default(),
            events_urls: Vec::new(),
            events_secret: Vec::new(),
            public_url: None,
            default_return_url: None,
            return_url_origins: Origins::default(),
            cors_origins: Origins::default(),
            rate_limit: None,
            trusted_proxies: Proxies::default(),
            max_connections: 20_000,
            max_requests_in_flight: 16_384,
            lock_ttl_ms: 8_000,
            lock_max_retries: 3,
            lock_retry_base_ms: 100,
            drain_ms: 0,
        }
    }

    /// The demo: as in [`Config::development`], with cron jobs.
    #[must_use]
    pub fn demo(data_dir: PathBuf) -> Self {
        Self { sweep_cron: SWEEP_CRON.parse().ok(), ..Self::development(data_dir) }
    }

    /// Checks what no single value shows.
    ///
    /// # Errors
    /// The first setting that is missing, does not go with the others, or is
    /// not in this build.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.check_backends()?;
        self.check_tokens()?;
        self.check_events()?;
        self.check_payments()
    }

    fn check_backends(&self) -> Result<(), ConfigError> {
        match (&self.mongo_uri, &self.redis_url) {
            (Some(_), None) if !self.single_instance => Err(ConfigError::new(
                "REDIS_URL",
                "must be set together with MONGO_URI, or add --single-instance if no other instance uses that",
            )),
            (None, Some(_)) => Err(ConfigError::new(
                "REDIS_URL",
                "is of no use without MONGO_URI, the embedded store has one process only: unset it",
            )),
            _ => Ok(()),
        }
    }

    fn check_tokens(&self) -> Result<(), ConfigError> {
        match (&self.jwt_secret, &self.jwks) {
            (Some(_), Some(_)) => {
                Err(ConfigError::new("JWKS", "must not be set together with JWT_SECRET"))
            }
            (Some(secret), None) if secret.expose().chars().count() < JWT_SECRET_MIN_CHARS => {
                let expected = format!("must have at least {JWT_SECRET_MIN_CHARS} characters");
                Err(ConfigError::new("JWT_SECRET", &expected))
            }
            (None, None) if !self.dev => Err(ConfigError::new(
                "JWT_SECRET",
                "must be set, or JWKS; without a key only development mode (--dev) starts",
            )),
            _ => Ok(()),
        }
    }

    fn check_events(&self) -> Result<(), ConfigError> {
        match (self.events_urls.is_empty(), self.events_secret.is_empty()) {
            (false, true) => Err(ConfigError::new(
                "EVENTS_SECRET",
                "must be set when EVENTS_URLS is: nobody could tell real messages from forged ones",
            )),
            (true, false) => {
                Err(ConfigError::new("EVENTS_URLS", "must be set when EVENTS_SECRET is"))
            }
            _ => Ok(()),
        }
    }

    /// Checks what no single value shows of payments.
    ///
    /// # Errors
    /// The first setting that is missing or does not go with the others.
    pub(crate) fn check_payments(&self) -> Result<(), ConfigError> {
        if self.payment_gateway_url.is_some() && self.payment_webhook_secret.is_none() {
            return Err(ConfigError::new(
                "PAYMENT_WEBHOOK_SECRET",
                "must be set when PAYMENT_GATEWAY_URL is: nobody else could tell real webhooks from forged ones",
            ));
        }
        self.providers.check()?;
        let allowed = self.return_url_origins.as_slice();
        match &self.default_return_url {
            Some(url) if !allowed.is_empty() && !allowed.contains(&url.origin()) => {
                let expected = "must have one of the RETURN_URL_ORIGINS";
                Err(ConfigError::of_value("DEFAULT_RETURN_URL", url.as_str(), expected))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Config {
        Config::development(PathBuf::from("data"))
    }

    fn complaint(config: &Config) -> String {
        config.check().expect_err("this should be refused").to_string()
    }

    #[test]
    fn development_needs_nothing() {
        assert!(config().check().is_ok());
        assert!(Config::demo(PathBuf::from("data")).sweep_cron.is_some());
    }

    #[test]
    fn outside_development_a_key_is_needed() {
        assert!(
            complaint(&Config { dev: false, ..config() }).starts_with("JWT_SECRET: must be set")
        );
    }

    #[test]
    fn a_short_secret_is_refused_and_never_printed() {
        let jwt_secret = Some("tiny-secret".parse().expect("a secret"));
        let complaint = complaint(&Config { jwt_secret, ..config() });
        assert_eq!(complaint, "JWT_SECRET: must have at least 16 characters");
    }

    #[test]
    fn several_instances_need_both_stores() {
        let uri: Option<Secret> = "mongodb://user:word@localhost/".parse().ok();
        let mongo = Config { mongo_uri: uri.clone(), ..config() };
        assert!(complaint(&mongo).starts_with("REDIS_URL: must be set"));
        assert!(Config { single_instance: true, ..mongo.clone() }.check().is_ok());
        assert!(Config { redis_url: uri.clone(), ..mongo }.check().is_ok());
        let redis = Config { redis_url: uri, ..config() };
        assert!(complaint(&redis).starts_with("REDIS_URL: is of no use"));
    }

    #[test]
    fn a_gateway_needs_a_webhook_secret() {
        let payment_gateway_url = Some("http://localhost:4000".parse().expect("a URL"));
        let complaint = complaint(&Config { payment_gateway_url, ..config() });
        assert!(complaint.starts_with("PAYMENT_WEBHOOK_SECRET: "), "{complaint}");
    }

    #[test]
    fn the_default_return_url_obeys_the_list() {
        let config = Config {
            return_url_origins: "https://shop.example".parse().expect("origins"),
            default_return_url: Some("https://other.example/paid".parse().expect("a URL")),
            ..config()
        };
        let expected = "DEFAULT_RETURN_URL=https://other.example/paid: must have one of the RETURN_URL_ORIGINS";
        assert_eq!(complaint(&config), expected);
    }
}
