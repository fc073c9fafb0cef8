//! Records that nobody wrote: refused, or read as something, but no reader panics.

use proptest::prelude::*;
use proptest::sample::Index;
use seathold_service::model::{Booking, Claim, Payment, ShowtimeSummary};

use super::hold::{booking, claim};
use crate::documents;
use crate::embedded::hold;

proptest! {
    #[test]
    fn any_bytes_are_no_record_or_one(bytes: Vec<u8>, version in 0..=4_u8) {
        let id = booking(1).id;
        let _ = hold::decode(id, &bytes);
        let _ = hold::decode(id, &[&[version][..], &bytes].concat());
        let _ = documents::decode::<Booking>(&bytes);
        let _ = documents::decode::<Claim>(&bytes);
        let _ = documents::decode::<Payment>(&bytes);
        let _ = documents::decode::<ShowtimeSummary>(&bytes);
    }

    #[test]
    fn a_record_with_other_bytes_in_it_is_no_record_or_another(
        changes in prop::collection::vec((any::<Index>(), any::<u8>()), 1..4),
        end in any::<Index>(),
    ) {
        let row = booking(1);
        let mut record = hold::encode(&row, Some(&claim(&row)));
        let mut document = documents::encode(&row).expect("it can be stored");
        for (at, byte) in changes {
            for bytes in [&mut record, &mut document] {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
        }
        let _ = hold::decode(row.id, &record);
        let _ = hold::decode(row.id, &record[..end.index(record.len())]);
        let _ = documents::decode::<Booking>(&document);
    }
}
