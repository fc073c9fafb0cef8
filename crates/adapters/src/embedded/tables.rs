use redb::{
    Database, ReadOnlyTable, ReadTransaction, ReadableDatabase, ReadableTable, Table,
    TableDefinition, WriteTransaction,
};

use super::{Broken, keys};
use crate::documents::{self, Record};

/// Keys are built so that their bytes sort as wanted; values are documents.
pub(super) type Bytes = &'static [u8];

type Definition = TableDefinition<'static, Bytes, Bytes>;

/// Value of an index whose key says everything.
pub(super) const NOTHING: &[u8] = &[];

macro_rules! tables {
    ($($(#[$doc:meta])* $table:ident: $definition:ident)*) => {
        $($(#[$doc])*
        pub(super) const $definition: Definition = TableDefinition::new(stringify!($table));)*

        /// All tables, open for writing.
        pub(super) struct Tables<'txn> {
            $($(#[$doc])*
            pub(super) $table: Table<'txn, Bytes, Bytes>,)*
        }

        impl<'txn> Tables<'txn> {
            /// Opens all tables; makes those that are missing.
            pub(super) fn open(transaction: &'txn WriteTransaction) -> Result<Self, Broken> {
                Ok(Self { $($table: transaction.open_table($definition)?,)* })
            }
        }
    };
}

tables! {
    /// Showtime id → showtime without its seats.
    showtimes: SHOWTIMES
    /// Showtime id, label → position on the map, seat.
    seats: SEATS
    /// End of the first hold, showtime id.
    showtimes_by_expiry: SHOWTIMES_BY_EXPIRY
    /// Booking id → booking.
    bookings: BOOKINGS
    /// User, time made, booking id → status, showtime id.
    bookings_by_user: BOOKINGS_BY_USER
    /// End of the hold, booking id; pending ones only.
    pending_bookings: PENDING_BOOKINGS
    /// Idempotency key, user → claim.
    claims: CLAIMS
    /// Time to forget it, idempotency key, user.
    claims_by_expiry: CLAIMS_BY_EXPIRY
    /// Payment id → payment.
    payments: PAYMENTS
    /// Provider, transaction id → payment id.
    payments_by_transaction: PAYMENTS_BY_TRANSACTION
    /// Status, payment id.
    payments_by_status: PAYMENTS_BY_STATUS
    /// Booking id → payment id; pending ones only.
    pending_payments: PENDING_PAYMENTS
    /// Provider, outcome, transaction id → event.
    events: EVENTS
    /// The keys of events that are not done.
    unfinished_events: UNFINISHED_EVENTS
}

/// All tables as they were at one moment.
pub(super) struct Snapshot(ReadTransaction);

impl Snapshot {
    pub(super) fn new(database: &Database) -> Result<Self, Broken> {
        Ok(Self(database.begin_read()?))
    }

    pub(super) fn open(&self, table: Definition) -> Result<ReadOnlyTable<Bytes, Bytes>, Broken> {
        Ok(self.0.open_table(table)?)
    }
}

/// The record under this key.
pub(super) fn record<R: Record>(
    table: &impl ReadableTable<Bytes, Bytes>,
    key: &[u8],
) -> Result<Option<R>, Broken> {
    let found = table.get(key)?;
    found.map(|value| Ok(documents::decode(value.value())?)).transpose()
}

/// Writes the record under this key.
pub(super) fn put<R: Record>(
    table: &mut Table<'_, Bytes, Bytes>,
    key: &[u8],
    record: &R,
) -> Result<(), Broken> {
    table.insert(key, documents::encode(record)?.as_slice())?;
    Ok(())
}

/// An entry of an index: key and value.
pub(super) type Entry = (Vec<u8>, Vec<u8>);

/// Replaces a record's entry in an index, if it changes.
pub(super) fn reindex(
    index: &mut Table<'_, Bytes, Bytes>,
    old: Option<&Entry>,
    new: Option<&Entry>,
) -> Result<(), Broken> {
    if old == new {
        return Ok(());
    }
    if let Some((key, _)) = old.filter(|(key, _)| new.is_none_or(|(kept, _)| kept != key)) {
        index.remove(key.as_slice())?;
    }
    if let Some((key, value)) = new {
        index.insert(key.as_slice(), value.as_slice())?;
    }
    Ok(())
}

/// The records after this key, in order of keys.
pub(super) fn records_after<R: Record>(
    table: &impl ReadableTable<Bytes, Bytes>,
    after: Option<&[u8]>,
    limit: u32,
) -> Result<Vec<R>, Broken> {
    let rows = table.range::<&[u8]>(keys::after(after))?.take(limit as usize);
    rows.map(|row| Ok(documents::decode(row?.1.value())?)).collect()
}
