use std::net::{IpAddr, Ipv6Addr};

use axum::http::{HeaderMap, HeaderName};

use crate::config::Proxies;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The first half of an IPv6 address: one household or machine has all of the rest.
const NETWORK_V6: u128 = !0 << 64;

/// Where a request comes from. Each proxy adds, at the end, where it has it from; what
/// stands before the first that is not trusted, the client may have made up.
pub(super) fn client(peer: IpAddr, headers: &HeaderMap, proxies: &Proxies) -> IpAddr {
    let lines = headers.get_all(FORWARDED_FOR).iter();
    let said: Vec<&[u8]> = lines.flat_map(|line| line.as_bytes().split(|b| *b == b',')).collect();
    let mut client = peer.to_canonical();
    for hop in said.into_iter().rev() {
        // What cannot be read ends what can be believed.
        let Some(before) = proxies.contains(client).then(|| parse(hop)).flatten() else { break };
        client = before;
    }
    match client {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & NETWORK_V6).into(),
        address => address,
    }
}

fn parse(hop: &[u8]) -> Option<IpAddr> {
    let address = str::from_utf8(hop).ok()?.trim().parse::<IpAddr>();
    address.ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn seen(peer: &str, lines: &[&str]) -> String {
        let proxies = "10.0.0.0/8,fd00::/8".parse().expect("networks");
        let value = |line: &&str| HeaderValue::from_str(line).expect("a header value");
        let lines = lines.iter().map(|line| (FORWARDED_FOR, value(line)));
        let mut headers = HeaderMap::new();
        lines.for_each(|(name, value)| {
            headers.append(name, value);
        });
        client(peer.parse().expect("an address"), &headers, &proxies).to_string()
    }

    #[test]
    fn whoever_is_no_proxy_is_not_believed() {
        assert_eq!(seen("192.0.2.7", &[]), "192.0.2.7");
        assert_eq!(seen("192.0.2.7", &["198.51.100.1"]), "192.0.2.7");
        assert_eq!(seen("192.0.2.7", &["10.0.0.1"]), "192.0.2.7");
    }

    #[test]
    fn a_proxy_is_believed_and_nothing_that_stands_before_the_client() {
        assert_eq!(seen("10.0.0.1", &["192.0.2.7"]), "192.0.2.7");
        assert_eq!(seen("10.0.0.1", &["198.51.100.1, 192.0.2.7"]), "192.0.2.7");
        assert_eq!(seen("10.0.0.1", &["198.51.100.1", "192.0.2.7"]), "192.0.2.7");
        assert_eq!(seen("10.0.0.1", &["192.0.2.7, 10.0.0.2"]), "192.0.2.7");
        assert_eq!(seen("10.0.0.1", &["198.51.100.1,192.0.2.7,10.0.0.2"]), "192.0.2.7");
    }

    #[test]
    fn what_cannot_be_read_ends_what_is_believed() {
        assert_eq!(seen("10.0.0.1", &[]), "10.0.0.1");
        for nonsense in ["", "unknown", "192.0.2.7:80", "_hidden", "192.0.2.7;", "\u{e9}"] {
            assert_eq!(seen("10.0.0.1", &[nonsense]), "10.0.0.1", "{nonsense}");
            let hidden = format!("192.0.2.7, {nonsense}, 10.0.0.2");
            assert_eq!(seen("10.0.0.1", &[&hidden]), "10.0.0.2", "{nonsense}");
        }
    }

    #[test]
    fn a_network_of_ipv6_is_one_address_and_a_mapped_one_is_itself() {
        assert_eq!(seen("2001:db8:1:2:3:4:5:6", &[]), "2001:db8:1:2::");
        assert_eq!(seen("2001:db8:1:2:ffff::9", &[]), "2001:db8:1:2::");
        assert_eq!(seen("::ffff:192.0.2.7", &[]), "192.0.2.7");
        assert_eq!(seen("::ffff:10.0.0.1", &["::ffff:192.0.2.7"]), "192.0.2.7");
        assert_eq!(seen("fd00::1", &["2001:db8::1"]), "2001:db8::");
    }
}
