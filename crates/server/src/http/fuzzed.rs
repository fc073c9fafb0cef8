//! Headers and texts that nobody would think of. PROPTEST_CASES says how many are tried.

use axum::http::HeaderValue;
use axum::http::Request;
use axum::http::request::Parts;
use proptest::prelude::*;
use seathold_core::{BookingId, IdempotencyKey, PaymentId, SeatLabel, UserId};

use super::extract::{Key, Time};
use super::showtimes::etag;
use axum::extract::FromRequestParts;

/// A header's value: any bytes that HTTP allows in one.
fn value() -> impl Strategy<Value = HeaderValue> {
    let bytes = prop_oneof![
        any::<Vec<u8>>(),
        "[0-9a-f\"-]{0,40}".prop_map(String::into_bytes),
        "(W/)?\"[ -~]{0,20}\"(, ?(W/)?\"[0-9.]{0,9}\"){0,3}".prop_map(String::into_bytes),
    ];
    bytes.prop_filter_map("not allowed in a header", |bytes| HeaderValue::from_bytes(&bytes).ok())
}

fn parts(values: &[(&str, HeaderValue)]) -> Parts {
    let (mut parts, ()) = Request::new(()).into_parts();
    for (name, value) in values {
        let name = axum::http::HeaderName::try_from(*name).expect("a name");
        parts.headers.append(name, value.clone());
    }
    parts
}

fn key_of(values: &[(&str, HeaderValue)]) -> Option<IdempotencyKey> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let found = runtime.block_on(Key::from_request_parts(&mut parts(values), &()));
    found.ok().map(|Key(key)| key)
}

/// A UUID of version 4.
fn uuid() -> impl Strategy<Value = uuid::Uuid> {
    any::<[u8; 16]>().prop_map(|bytes| uuid::Builder::from_random_bytes(bytes).into_uuid())
}

fn text<T: std::str::FromStr + ToString>(text: &str) -> Option<String> {
    text.parse::<T>().ok().map(|value| value.to_string())
}

proptest! {
    #[test]
    fn a_key_is_what_it_says_bare_or_quoted_or_none(value in value(), id in uuid()) {
        let text = value.to_str().unwrap_or_default().trim().trim_matches('"').to_lowercase();
        if let Some(key) = key_of(&[("x-idempotency-key", value.clone())]) {
            prop_assert_eq!(&key.to_string(), &text);
        }
        let bare = HeaderValue::try_from(id.to_string()).expect("a value");
        let quoted = HeaderValue::try_from(format!("\"{id}\"")).expect("a value");
        let both = [("idempotency-key", bare), ("x-idempotency-key", quoted)];
        prop_assert_eq!(key_of(&both).map(|key| key.uuid()), Some(id));
        // Two that differ are none.
        if text != id.to_string() {
            prop_assert_eq!(key_of(&[both[0].clone(), ("x-idempotency-key", value)]), None);
        }
    }

    #[test]
    fn a_tag_matches_itself_and_what_names_it(value in value(), tag in "\"[0-9]{1,9}\\.[0-9]{1,9}\"") {
        let names_it = value.to_str().is_ok_and(|list| list.contains(&tag) || list.contains('*'));
        prop_assert!(!etag::matches([&value], &tag) || names_it);
        let own = HeaderValue::try_from(format!("W/{tag}")).expect("a value");
        prop_assert!(etag::matches([&value, &own], &tag));
    }

    #[test]
    fn a_text_that_is_taken_is_written_as_it_was_read(
        any in any::<String>(),
        hex in "[0-9a-fA-F]{0,30}",
        label in "[A-Za-z0-9_-]{0,20}",
        payment in "PAY_[0-9a-f-]{30,40}",
    ) {
        for any in [&*any, &hex, &label, &payment] {
            for (written, may_change_case) in [
                (text::<SeatLabel>(any), false),
                (text::<UserId>(any), false),
                (text::<BookingId>(any), true),
                (text::<PaymentId>(any), true),
                (text::<IdempotencyKey>(any), true),
            ] {
                let Some(written) = written else { continue };
                let is_same = written == any || may_change_case && written.eq_ignore_ascii_case(any);
                prop_assert!(is_same, "{} from {}", written, any);
            }
        }
    }

    #[test]
    fn a_moment_that_is_taken_is_written_so_that_it_is_taken_again(
        any in any::<String>(),
        year in 0..=9999_u32,
        rest in "-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T[0-2][0-9]:[0-5][0-9]:[0-6][0-9](\\.[0-9]{1,12})?(Z|[+-][0-2][0-9]:[0-5][0-9])",
    ) {
        for text in [any, format!("{year:04}{rest}")] {
            let Ok(moment) = text.parse::<Time>() else { continue };
            let written = moment.to_string();
            prop_assert_eq!(written.len(), "2024-01-15T10:30:00.000Z".len(), "{}", written);
            prop_assert_eq!(written.parse::<Time>(), Ok(moment), "{} from {}", written, text);
        }
    }
}
