//! Messages that nobody would think of: none makes a reader panic, and none that was
//! not signed by the provider is believed. PROPTEST_CASES says how many are tried.

use proptest::prelude::*;
use proptest::sample::Index;
use seathold_adapters::gateways::{Callbacks, Message, Word, signature};

use super::{momo, vnpay, zalopay};

const SECRET: &str = "whsec_test_secret";
const NOW: i64 = 1_705_314_600;

/// Any text, and texts that look a little like what is expected.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[ -~]{0,200}",
        "t=-?[0-9]{0,20}(,v1=[0-9a-fA-F]{0,70}){0,10}",
        "(vnp_[A-Za-z]{0,12}=[%+&=0-9a-zA-Z]{0,20}&){0,20}vnp_SecureHash=[0-9a-f]{0,128}",
        r#"\{("[a-zA-Z]{0,12}":("[ -!#-~]{0,20}"|-?[0-9]{0,25}|null|\{\}|\[\]),?){0,12}\}"#,
    ]
}

/// The bytes with one of them put in another's place.
fn with_byte(text: &str, at: Index, byte: u8) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    let at = at.index(bytes.len());
    bytes[at] = byte;
    bytes
}

/// What an altered message is read as: nothing, or the very same.
fn same_or_nothing(
    provider: &dyn Callbacks,
    original: &Message<'_>,
    altered: &Message<'_>,
) -> Result<(), TestCaseError> {
    let word: Word = provider.read(original).expect("the original is believed");
    if let Ok(read) = provider.read(altered) {
        prop_assert_eq!(read, word);
    }
    Ok(())
}

proptest! {
    #[test]
    fn nothing_that_was_made_up_is_believed(query in any_text(), body in any::<Vec<u8>>()) {
        let (momo, vnpay, zalopay) = (momo::shop(), vnpay::shop(), zalopay::shop());
        let providers: [&dyn Callbacks; 3] = [&momo, &vnpay, &zalopay];
        for provider in providers {
            for body in [&body[..], query.as_bytes()] {
                let read = provider.read(&Message { query: &query, body });
                prop_assert!(read.is_err(), "{:?}", read);
            }
        }
    }

    #[test]
    fn an_altered_message_of_momo_says_the_same_or_nothing(at in any::<Index>(), byte: u8) {
        let text = momo::paid();
        let altered = with_byte(&text, at, byte);
        let [original, altered] =
            [text.as_bytes(), &altered].map(|body| Message { query: "", body });
        same_or_nothing(&momo::shop(), &original, &altered)?;
    }

    #[test]
    fn an_altered_message_of_zalopay_says_the_same_or_nothing(at in any::<Index>(), byte: u8) {
        let text = zalopay::paid();
        let altered = with_byte(&text, at, byte);
        let [original, altered] =
            [text.as_bytes(), &altered].map(|body| Message { query: "", body });
        same_or_nothing(&zalopay::shop(), &original, &altered)?;
    }

    #[test]
    fn an_altered_message_of_vnpay_says_the_same_or_nothing(
        at in any::<Index>(),
        byte in b' '..=b'~',
    ) {
        let text = vnpay::paid();
        let altered = with_byte(&text, at, byte);
        let altered = String::from_utf8(altered).expect("it is ASCII");
        let [original, altered] =
            [&*text, &altered].map(|query| Message { query, body: b"" });
        same_or_nothing(&vnpay::shop(), &original, &altered)?;
    }

    #[test]
    fn a_signature_that_was_made_up_is_none(
        header in any_text(),
        body in any::<Vec<u8>>(),
        now: i64,
    ) {
        prop_assert!(!signature::verify(SECRET, now, &header, &body));
    }

    #[test]
    fn what_is_signed_is_believed_until_a_byte_of_it_changes(
        body in proptest::collection::vec(any::<u8>(), 1..200),
        late in -300..=300_i64,
        at in any::<Index>(),
        byte: u8,
    ) {
        let header = signature::sign(SECRET, NOW, &body);
        prop_assert!(signature::verify(SECRET, NOW + late, &header, &body));
        let mut other = body.clone();
        let at = at.index(other.len());
        other[at] = byte;
        prop_assert_eq!(signature::verify(SECRET, NOW, &header, &other), other == body);
    }

    #[test]
    fn an_altered_signature_is_none(at in any::<Index>(), byte in b' '..=b'~') {
        let header = signature::sign(SECRET, NOW, b"body");
        let altered = String::from_utf8(with_byte(&header, at, byte)).expect("it is ASCII");
        // Digits of either case are the same number.
        let is_same = altered == header
            || altered.starts_with(&format!("t={NOW},v1=")) && altered.to_lowercase() == header;
        prop_assert_eq!(signature::verify(SECRET, NOW, &altered, b"body"), is_same, "{}", altered);
    }
}
