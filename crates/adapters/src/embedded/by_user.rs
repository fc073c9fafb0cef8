//! The one index of holds that goes by something else than time: a user's holds,
//! by their keys. It finds the claim on a key, and lists what a user has.
//!
//! Each hold of a batch may dirty another page of such an index, so there is but
//! one, and it has what both need. A list is sorted when it is read: it has to be
//! counted anyway.

use redb::ReadableTable;
use seathold_core::{BookingId, ShowtimeId, Timestamp};
use seathold_service::model::{Booking, BookingStatus};

use super::encoding::{Decoder, Encoder};
use super::hold::STATUSES;
use super::tables::{Bytes, Entry};
use super::{Broken, keys};

/// What the index tells of a hold.
pub(super) struct Listed {
    pub(super) id: BookingId,
    pub(super) created_at: Timestamp,
    pub(super) showtime: ShowtimeId,
    pub(super) status: BookingStatus,
    /// Whether its record has the claim on its key.
    has_claim: bool,
}

pub(super) fn entry(row: &Booking, has_claim: bool) -> Entry {
    let key = [&keys::user_key(&row.claim_key())[..], &row.id.bytes()].concat();
    let mut value = Encoder::with_capacity(keys::TIME + keys::ID + 2);
    value.byte(has_claim.into());
    value.time(row.created_at);
    value.raw(&row.showtime_id.bytes());
    value.one_of(&STATUSES, &row.status);
    (key, value.finish())
}

/// The hold whose record has the claim on this key of a user.
pub(super) fn claimed(
    index: &impl ReadableTable<Bytes, Bytes>,
    user_key: &[u8],
) -> Result<Option<BookingId>, Broken> {
    let mut claimed = None;
    each(index, user_key, |hold| {
        if hold.has_claim {
            claimed = Some(hold.id);
        }
    })?;
    Ok(claimed)
}

/// Calls for each hold under this prefix.
pub(super) fn each(
    index: &impl ReadableTable<Bytes, Bytes>,
    prefix: &[u8],
    mut call: impl FnMut(Listed),
) -> Result<(), Broken> {
    for entry in index.range(prefix..keys::after_prefix(prefix).as_slice())? {
        let (key, value) = entry?;
        let mut from = Decoder::new(value.value());
        call(Listed {
            id: BookingId::from_bytes(keys::last_id(key.value())?),
            has_claim: from.byte()? != 0,
            created_at: from.time()?,
            showtime: ShowtimeId::from_bytes(from.array()?),
            status: from.one_of(&STATUSES)?,
        });
    }
    Ok(())
}
