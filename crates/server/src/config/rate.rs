//! How many requests are allowed, and whose word counts for where they come from.

use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use seathold_service::ports::Quota;

/// How many requests each user, and each address, may make.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RateLimit {
    /// Each user, wherever they are. `None`: no limit.
    pub user: Option<Quota>,
    /// Each address, whoever is there. `None`: no limit.
    pub address: Option<Quota>,
}

/// A text that is not such a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be like 100/60s for each user and each address, or user:100/60s,address:1000/60s: 1 to 1000000 requests in 1s to 1h"
)]
pub struct InvalidRateLimit;

impl FromStr for RateLimit {
    type Err = InvalidRateLimit;

    fn from_str(text: &str) -> Result<Self, InvalidRateLimit> {
        let mut limit = Self::default();
        for part in text.split(',').map(str::trim) {
            let (whose, rate) = part.split_once(':').unwrap_or(("", part));
            let quota = quota(rate).ok_or(InvalidRateLimit)?;
            let slots = match whose {
                "" if !part.starts_with(':') => vec![&mut limit.user, &mut limit.address],
                "user" => vec![&mut limit.user],
                "address" => vec![&mut limit.address],
                _ => return Err(InvalidRateLimit),
            };
            for slot in slots {
                if slot.replace(quota).is_some() {
                    return Err(InvalidRateLimit);
                }
            }
        }
        Ok(limit)
    }
}

/// `100/60s`, `100/m`: so many requests in so many seconds, minutes or hours.
fn quota(text: &str) -> Option<Quota> {
    let (requests, window) = text.split_once('/')?;
    let unit = match window.chars().next_back()? {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        _ => return None,
    };
    let count = match &window[..window.len() - 1] {
        "" => 1,
        count => number(count)?,
    };
    Quota::new(number(requests)?, count.checked_mul(unit)?)
}

/// Digits alone: `parse` would take a sign.
fn number(text: &str) -> Option<u32> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// Who may say, by `X-Forwarded-For`, where a request comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies(Vec<IpNet>);

/// A text that is not a list of addresses and networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be addresses and networks like 192.0.2.7 or 10.0.0.0/8, with commas in between")]
pub struct InvalidProxies;

impl Proxies {
    /// Whether this address is one of them.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

impl FromStr for Proxies {
    type Err = InvalidProxies;

    fn from_str(text: &str) -> Result<Self, InvalidProxies> {
        let network = |part: &str| {
            let part = part.trim();
            let alone = part.parse::<IpAddr>().map(IpNet::from);
            alone.or_else(|_| part.parse()).map_err(|_| InvalidProxies)
        };
        if text.is_empty() {
            return Ok(Self::default());
        }
        text.split(',').map(network).collect::<Result<_, _>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(requests: u32, seconds: u32) -> Option<Quota> {
        Quota::new(requests, seconds)
    }

    #[test]
    fn a_limit_is_one_for_both_or_one_for_each() {
        for (text, user, address) in [
            ("100/60s", of(100, 60), of(100, 60)),
            ("5/s", of(5, 1), of(5, 1)),
            ("user:100/2m", of(100, 120), None),
            ("address:1000/1h", None, of(1_000, 3_600)),
            ("user:10/s, address:1000000/h", of(10, 1), of(1_000_000, 3_600)),
        ] {
            assert_eq!(text.parse(), Ok(RateLimit { user, address }), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "100",
            "100/",
            "/60s",
            "100/60",
            "0/s",
            "1/0s",
            "-1/s",
            "+1/s",
            "1/2h",
            "1.5/s",
            "1000001/s",
            "1/61m",
            "100/60s,",
            ":1/s",
            "ip:1/s",
            "1/s,user:1/s",
            "user:1/s,user:2/s",
            "1/é",
            "1/99999999999s",
        ] {
            assert_eq!(text.parse::<RateLimit>(), Err(InvalidRateLimit), "{text}");
        }
    }

    #[test]
    fn proxies_are_addresses_and_networks() {
        let proxies: Proxies = "192.0.2.7, 10.0.0.0/8,fd00::/8".parse().expect("a list");
        for (address, is_one) in [
            ("192.0.2.7", true),
            ("192.0.2.8", false),
            ("10.255.0.1", true),
            ("fd12::1", true),
            ("2001:db8::1", false),
        ] {
            assert_eq!(proxies.contains(address.parse().expect("an address")), is_one, "{address}");
        }
        assert_eq!("".parse(), Ok(Proxies::default()));
        for text in ["balancer", "10.0.0.0/33", "10.0.0.1,", "*"] {
            assert_eq!(text.parse::<Proxies>(), Err(InvalidProxies), "{text}");
        }
    }
}
