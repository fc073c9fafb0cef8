//! Records as earlier versions wrote them are read as what they were.

use seathold_core::{PaymentId, RefundId};
use seathold_service::model::{Booking, BookingRefund, BookingStatus, Claim, RefundReason};
use uuid::Uuid;

use super::hold::{booking, claim};
use super::*;
use crate::documents;
use crate::embedded::hold;

/// What each version wrote, by names and in hex; each file says how it was made.
const SAMPLES: [(u8, &str); 3] = [
    (1, include_str!("../../../tests/samples/version_1.txt")),
    (2, include_str!("../../../tests/samples/version_2.txt")),
    (3, include_str!("../../../tests/samples/version_3.txt")),
];

fn sample(file: &str, name: &str) -> Option<Vec<u8>> {
    let hex = file.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
    let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex digits");
    Some((0..hex.len()).step_by(2).map(byte).collect())
}

fn paid() -> Booking {
    let mut paid = booking(2);
    paid.status = BookingStatus::Confirmed;
    paid.was_held = true;
    paid.confirmed_at = Some(Timestamp::from_millis(130_000));
    paid.paid_by = Some(PaymentId::from_uuid(Uuid::from_bytes([6; 16])));
    paid
}

/// Since version 2.
fn given_back() -> Booking {
    let refund = BookingRefund {
        id: RefundId::from_uuid(Uuid::from_bytes([8; 16])),
        reason: RefundReason::Owner,
        since: Timestamp::from_millis(140_000),
        done_at: None,
    };
    Booking { refund: Some(refund), ..paid() }
}

#[test]
fn a_record_of_an_earlier_version_is_what_it_was() {
    for (version, file) in SAMPLES {
        let read = |name: &str, row: &Booking| {
            let record = sample(file, name)?;
            assert_eq!(record[0], version, "{name}");
            Some(hold::decode(row.id, &record).expect("it is read"))
        };
        let (pending, paid) = (booking(1), paid());
        let with_claim = read("record_pending", &pending).expect("a sample");
        assert_eq!(with_claim, (pending.clone(), Some(claim(&pending))), "version {version}");
        assert_eq!(read("record_paid", &paid).expect("a sample"), (paid, None));
        let back = read("record_given_back", &given_back());
        assert_eq!(back.is_some(), version >= 2);
        assert!(back.is_none_or(|read| read == (given_back(), None)), "version {version}");
    }
}

#[test]
fn a_document_of_an_earlier_version_is_what_it_was() {
    for (version, file) in SAMPLES {
        let read =
            |name| Some(documents::decode::<Booking>(&sample(file, name)?).expect("it is read"));
        assert_eq!(read("document_pending"), Some(booking(1)), "version {version}");
        assert_eq!(read("document_paid"), Some(paid()), "version {version}");
        let back = (version >= 2).then(given_back);
        assert_eq!(read("document_given_back"), back, "version {version}");
        let read: Claim = documents::decode(&sample(file, "document_claim").expect("a sample"))
            .expect("it is read");
        assert_eq!(read, claim(&booking(1)), "version {version}");
    }
}

#[test]
fn this_version_writes_what_its_samples_say() {
    let (version, file) = SAMPLES[SAMPLES.len() - 1];
    let pending = booking(1);
    let written = hold::encode(&pending, Some(&claim(&pending)));
    assert_eq!(written[0], version, "a version without samples of its own");
    assert_eq!(Some(written), sample(file, "record_pending"));
    for (row, name) in [(paid(), "record_paid"), (given_back(), "record_given_back")] {
        assert_eq!(Some(hold::encode(&row, None)), sample(file, name));
    }
    let document = |row: &Booking| documents::encode(row).ok();
    assert_eq!(document(&pending), sample(file, "document_pending"));
    assert_eq!(document(&given_back()), sample(file, "document_given_back"));
}

#[test]
fn a_record_of_a_later_version_is_refused() {
    let mut record = sample(SAMPLES[2].1, "record_paid").expect("a sample");
    record[0] += 1;
    assert!(hold::decode(booking(2).id, &record).is_err());
}
