//! Single values of the configuration, and what is said about wrong ones.

use std::error::Error as _;
use std::fmt;
use std::str::FromStr;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::jobs;

/// A setting that stops the start, said in one line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

impl ConfigError {
    /// A setting that is missing, or whose value nobody may see.
    pub(crate) fn new(variable: &str, expected: &str) -> Self {
        Self(format!("{variable}: {expected}"))
    }

    /// A setting with a wrong value.
    pub(crate) fn of_value(variable: &str, value: &str, expected: &str) -> Self {
        // What stands before an @ may be a password.
        let value = if value.contains('@') { "(hidden)" } else { value };
        Self(format!("{variable}={}: {expected}", value.escape_debug()))
    }
}

/// Says in one line which value was wrong and what is accepted. `None`: it is
/// something else, such as a call for help.
#[must_use]
pub fn explain(error: &clap::Error) -> Option<ConfigError> {
    if !matches!(error.kind(), ErrorKind::ValueValidation | ErrorKind::InvalidValue) {
        return None;
    }
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    // Clap names an argument `--hold-ttl-seconds <HOLD_TTL_SECONDS>`: the value
    // has the variable's name.
    let argument = text(ContextKind::InvalidArg)?;
    let variable = argument.split(['<', '>']).nth(1).unwrap_or(argument);
    let expected = error.source().map_or_else(|| "is not accepted".to_owned(), ToString::to_string);
    Some(ConfigError::of_value(variable, text(ContextKind::InvalidValue)?, &expected))
}

/// A whole number from `MIN` to `MAX`.
pub(crate) fn whole<const MIN: u32, const MAX: u32>(text: &str) -> Result<u32, String> {
    let number = text.parse().ok().filter(|number| (MIN..=MAX).contains(number));
    number.ok_or_else(|| format!("must be a whole number from {MIN} to {MAX}"))
}

/// A text that is never printed, and never empty.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// A secret made here.
    pub(crate) const fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for Secret {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        if text.is_empty() { Err("must not be empty") } else { Ok(Self(text.to_owned())) }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// A cron expression of six fields, seconds first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cron(String);

/// A text that is not such an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a cron expression of six fields, seconds first, like 0 * * * * *")]
pub struct InvalidCron;

impl Cron {
    /// The expression as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Cron {
    type Err = InvalidCron;

    fn from_str(text: &str) -> Result<Self, InvalidCron> {
        if jobs::is_cron(text) { Ok(Self(text.to_owned())) } else { Err(InvalidCron) }
    }
}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::config::Config;

    #[derive(Debug, Parser)]
    struct Flags {
        #[command(flatten)]
        config: Config,
    }

    fn complaint(flag: &str, value: &str) -> String {
        let error = Flags::try_parse_from(["seathold", flag, value]).expect_err("a wrong value");
        explain(&error).expect("a wrong value is explained").to_string()
    }

    #[test]
    fn a_wrong_value_is_named_with_what_is_accepted() {
        for (flag, value, line) in [
            (
                "--hold-ttl-seconds",
                "0",
                "HOLD_TTL_SECONDS=0: must be a whole number from 1 to 86400",
            ),
            (
                "--max-seats-per-hold",
                "many",
                "MAX_SEATS_PER_HOLD=many: must be a whole number from 1 to 1000",
            ),
            (
                "--sweep-cron",
                "* * * * *",
                "SWEEP_CRON=* * * * *: must be a cron expression of six fields, seconds first, like 0 * * * * *",
            ),
            (
                "--public-url",
                "localhost",
                "PUBLIC_URL=localhost: must be an absolute http or https URL without credentials, query and fragment",
            ),
            (
                "--rate-limit",
                "fast",
                "RATE_LIMIT=fast: must be like 100/60s for each user and each address, or user:100/60s,address:1000/60s: 1 to 1000000 requests in 1s to 1h",
            ),
            (
                "--trusted-proxies",
                "balancer",
                "TRUSTED_PROXIES=balancer: must be addresses and networks like 192.0.2.7 or 10.0.0.0/8, with commas in between",
            ),
            (
                "--cors-origins",
                "*",
                "CORS_ORIGINS=*: must be origins like https://shop.example, with commas in between",
            ),
        ] {
            assert_eq!(complaint(flag, value), line);
        }
    }

    #[test]
    fn credentials_in_an_address_are_not_printed() {
        let complaint = complaint("--payment-gateway-url", "http://user:word@pay.example");
        assert!(complaint.starts_with("PAYMENT_GATEWAY_URL=(hidden): "), "{complaint}");
    }

    #[test]
    fn a_secret_is_not_in_its_debug_text() {
        let secret: Secret = "a very secret word".parse().expect("a secret");
        assert_eq!(format!("{secret:?}"), "(secret)");
        assert_eq!(complaint("--jwt-secret", ""), "JWT_SECRET=: must not be empty");
    }
}
