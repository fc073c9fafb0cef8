//! A store as the ports describe it, in memory: what a real one looks like from
//! outside. The same contracts prove that.

mod access;
mod bookings;
mod claims;
mod events;
mod outbox;
mod payments;
mod port;
mod showtimes;
mod torn;

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Unbounded};

use seathold_core::{BookingId, PaymentId, ShowtimeId, Timestamp};
use seathold_service::model::{Booking, Claim, ClaimKey, Payment, ReceivedEvent, StoredShowtime};
use seathold_service::ports::{EventKey, Page, PageRequest, StoreError};

pub(crate) use access::Access;
pub use access::model_store;
pub(crate) use port::StoreOf;

/// What became of a call.
pub(crate) type Done<T> = Result<T, StoreError>;

/// All records.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    showtimes: BTreeMap<ShowtimeId, StoredShowtime>,
    rows: BTreeMap<BookingId, Booking>,
    claims: BTreeMap<ClaimKey, Claim>,
    payments: BTreeMap<PaymentId, Payment>,
    events: BTreeMap<EventKey, ReceivedEvent>,
    /// Holds that nobody cancelled and that lost a seat before their end, by the store's
    /// own clock: there are none, however wrong the clocks of instances are.
    pub(crate) cut_short: Vec<String>,
}

/// Those wanted of the records after a key, in order of keys.
fn after<K: Ord, V: Clone>(
    records: &BTreeMap<K, V>,
    key: Option<&K>,
    limit: u32,
    mut wanted: impl FnMut(&V) -> bool,
) -> Vec<V> {
    let from = key.map_or(Unbounded, Excluded);
    let rest = records.range((from, Unbounded)).map(|(_, record)| record);
    rest.filter(|record| wanted(record)).take(limit as usize).cloned().collect()
}

/// The first of these, which come in order of ids, by their moments.
fn earliest<V>(mut due: Vec<(Timestamp, V)>, limit: u32) -> Vec<V> {
    due.sort_by_key(|(at, _)| *at);
    due.into_iter().take(limit as usize).map(|(_, record)| record).collect()
}

/// A page of a list that is in order.
fn page<T>(found: Vec<T>, page: PageRequest) -> Page<T> {
    let total = found.len() as u64;
    let skip = usize::try_from(page.skip).unwrap_or(usize::MAX);
    let data = found.into_iter().skip(skip).take(page.limit as usize).collect();
    Page { data, total }
}
