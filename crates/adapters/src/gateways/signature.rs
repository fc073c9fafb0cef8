//! The signature of generic and card webhooks: `t=<unix seconds>,v1=<hex>`,
//! the HMAC-SHA256 of `t + "." + body`.

use super::mac;

/// How far a webhook's time may be from ours, in seconds, either way: what was
/// overheard cannot be replayed later.
pub const TOLERANCE_SECONDS: i64 = 300;

/// Signatures looked at in one header: a rotation of secrets needs two.
const SIGNATURES_MAX: usize = 8;

/// The header for a body that is sent at `now_seconds` (seconds since the Unix epoch).
#[must_use]
pub fn sign(secret: &str, now_seconds: i64, body: &[u8]) -> String {
    let sent_at = now_seconds.to_string();
    let code = mac::sha256(secret, &[sent_at.as_bytes(), b".", body]);
    format!("t={now_seconds},v1={code}")
}

/// Whether one of the header's signatures is the secret's, for this body, at
/// about `now_seconds` (seconds since the Unix epoch). Compares in constant time.
#[must_use]
pub fn verify(secret: &str, now_seconds: i64, header: &str, body: &[u8]) -> bool {
    let values = |name: &'static str| {
        let fields = header.split(',').filter_map(|field| field.trim().split_once('='));
        fields.filter(move |(key, _)| *key == name).map(|(_, value)| value)
    };
    let Some(sent_at) = values("t").next() else { return false };
    let is_fresh = sent_at
        .parse::<i64>()
        .is_ok_and(|at| now_seconds.saturating_sub(at).unsigned_abs() <= TOLERANCE_SECONDS as u64);
    is_fresh
        && values("v1").take(SIGNATURES_MAX).any(|signature| {
            // The time is signed as it was sent.
            mac::is_sha256(secret, &[sent_at.as_bytes(), b".", body], signature)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_test_secret";
    const AT: i64 = 1_492_774_577;
    const BODY: &[u8] = br#"{"id":"evt_test","type":"payment.succeeded"}"#;
    const CODE: &str = "12545def9abc85c46599d7e3a482ea9d9127feba9076e5d7b07588ec28c0e630";

    fn accepted(header: &str) -> bool {
        verify(SECRET, AT, header, BODY)
    }

    #[test]
    fn the_published_vector_is_signed_and_accepted() {
        assert_eq!(sign(SECRET, AT, BODY), format!("t={AT},v1={CODE}"));
        assert!(accepted(&format!("t={AT},v1={CODE}")));
        assert!(accepted(&format!("t={AT}, v1={}", CODE.to_uppercase())));
    }

    #[test]
    fn any_of_several_signatures_counts() {
        let wrong = "0".repeat(64);
        assert!(accepted(&format!("t={AT},v1={wrong},v1={CODE}")));
        assert!(accepted(&format!("t={AT},v0={wrong},v1={CODE}")));
        assert!(!accepted(&format!("t={AT},v1={wrong},v1={wrong}")));
    }

    #[test]
    fn another_body_time_or_secret_is_refused() {
        let header = format!("t={AT},v1={CODE}");
        assert!(!verify(SECRET, AT, &header, b"{}"));
        assert!(!verify("another", AT, &header, BODY));
        assert!(!accepted(&format!("t={},v1={CODE}", AT + 1)));
    }

    #[test]
    fn only_the_last_and_next_300_seconds_count() {
        let header = format!("t={AT},v1={CODE}");
        for (now, is) in [(AT + 300, true), (AT - 300, true), (AT + 301, false), (AT - 301, false)]
        {
            assert_eq!(verify(SECRET, now, &header, BODY), is, "{now}");
        }
        let far = sign(SECRET, i64::MIN, BODY);
        assert!(!verify(SECRET, AT, &far, BODY));
    }

    #[test]
    fn malformed_headers_are_refused() {
        let only_time = format!("t={AT}");
        let short = format!("t={AT},v1={}", &CODE[..62]);
        let odd = format!("t={AT},v1={}", &CODE[..63]);
        let no_hex = format!("t={AT},v1={}", "x".repeat(64));
        let no_time = format!("v1={CODE}");
        let bad_time = format!("t=now,v1={CODE}");
        for header in ["", "t=", &only_time, &short, &odd, &no_hex, &no_time, &bad_time] {
            assert!(!accepted(header), "{header}");
        }
    }
}
