use std::cell::RefCell;
use std::ops::Deref;

use redb::{
    Database, ReadOnlyTable, ReadTransaction, ReadableDatabase, ReadableTable, Table,
    TableDefinition, TableError, WriteTransaction,
};

use super::log::{Changes, LogId};
use super::{Broken, keys};
use crate::documents::{self, Record};

/// Keys are built so that their bytes sort as wanted.
pub(super) type Bytes = &'static [u8];

type Definition = TableDefinition<'static, Bytes, Bytes>;

/// Value of an index whose key says everything.
pub(super) const NOTHING: &[u8] = &[];

macro_rules! tables {
    ($($(#[$doc:meta])* $number:literal $table:ident: $definition:ident)*) => {
        $($(#[$doc])*
        pub(super) const $definition: Definition = TableDefinition::new(stringify!($table));)*

        /// All tables, open for writing.
        pub(super) struct Tables<'txn> {
            $($(#[$doc])*
            pub(super) $table: Written<'txn>,)*
        }

        impl<'txn> Tables<'txn> {
            /// Opens all tables; makes those that are missing. Notes what becomes of
            /// them, unless it needs no log.
            pub(super) fn open(
                transaction: &'txn WriteTransaction,
                changes: Option<&'txn RefCell<Changes>>,
            ) -> Result<Self, Broken> {
                Ok(Self {
                    $($table: Written {
                        table: transaction.open_table($definition)?,
                        number: $number,
                        changes,
                    },)*
                })
            }

            /// The table with this number.
            pub(super) fn numbered(&mut self, number: u8) -> Result<&mut Written<'txn>, Broken> {
                match number {
                    $($number => Ok(&mut self.$table),)*
                    _ => Err(Broken(format!("there is no table {number}"))),
                }
            }
        }
    };
}

tables! {
    // The numbers stand in the log.
    /// Name → what the store notes about itself.
    0 notes: NOTES
    /// Showtime id → showtime without its seats.
    1 showtimes: SHOWTIMES
    /// Showtime id, label of the first → some neighbouring seats.
    2 seat_records: SEAT_RECORDS
    /// End of the first hold, showtime id.
    3 showtimes_by_expiry: SHOWTIMES_BY_EXPIRY
    /// Booking id → booking, and the claim of its hold.
    4 holds: HOLDS
    /// User, idempotency key, booking id → see `by_user`.
    5 holds_by_user: HOLDS_BY_USER
    /// End of the hold, booking id; pending ones only.
    6 pending_bookings: PENDING_BOOKINGS
    /// Idempotency key, user → claim, of all that are not of holds.
    7 claims: CLAIMS
    /// Time to forget it, idempotency key, user.
    8 claims_by_expiry: CLAIMS_BY_EXPIRY
    /// Payment id → payment.
    9 payments: PAYMENTS
    /// Provider, transaction id → payment id.
    10 payments_by_transaction: PAYMENTS_BY_TRANSACTION
    /// Status, payment id.
    11 payments_by_status: PAYMENTS_BY_STATUS
    /// Booking id → payment id; pending ones only.
    12 pending_payments: PENDING_PAYMENTS
    /// Provider, outcome, transaction id → event.
    13 events: EVENTS
    /// The keys of events that are not done.
    14 unfinished_events: UNFINISHED_EVENTS
    /// Time of the next check, payment id; of those that may yet be paid.
    15 payments_to_check: PAYMENTS_TO_CHECK
    /// Showtime, booking id → how far its refund is, see `rows`.
    16 refunds: REFUNDS
    /// Booking id; those that are given back, and whose seats may not be free yet.
    17 refunding: REFUNDING
    /// Time of the next try, booking id; those with something to tell.
    18 untold: UNTOLD
    /// Booking id; those of which something was given up.
    19 dead_letters: DEAD_LETTERS
    /// Booking id, payment id.
    20 payments_by_booking: PAYMENTS_BY_BOOKING
}

/// Number of the last transaction whose changes are in the tables.
const APPLIED: &[u8] = b"applied";

/// By which the log is known.
const LOG: &[u8] = b"log";

impl Tables<'_> {
    /// Notes the number of the transaction. In none but the last before a
    /// checkpoint does it matter, so the log need not have it.
    pub(super) fn note_applied(&mut self, number: u64) -> Result<(), Broken> {
        self.notes.table.insert(APPLIED, &number.to_be_bytes()[..])?;
        Ok(())
    }

    /// The number noted last, and by what the log was known when it was noted. It is
    /// `new` from now on.
    pub(super) fn renew_log(&mut self, new: LogId) -> Result<(LogId, u64), Broken> {
        let unreadable = |_| Broken("a note has another length".to_owned());
        let applied = self.notes.get(APPLIED)?.map(|number| number.value().try_into());
        let applied = applied.transpose().map_err(unreadable)?.map_or(0, u64::from_be_bytes);
        let old = self.notes.table.insert(LOG, &new[..])?.map(|old| old.value().try_into());
        Ok((old.transpose().map_err(unreadable)?.unwrap_or(new), applied))
    }
}

/// Whether the store was open with a log before.
pub(super) fn had_log(database: &Database) -> Result<bool, Broken> {
    match database.begin_read()?.open_table(NOTES) {
        Ok(notes) => Ok(notes.get(LOG)?.is_some()),
        Err(TableError::TableDoesNotExist(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// A table that is written to: read it as any other.
pub(super) struct Written<'txn> {
    table: Table<'txn, Bytes, Bytes>,
    number: u8,
    changes: Option<&'txn RefCell<Changes>>,
}

impl<'txn> Deref for Written<'txn> {
    type Target = Table<'txn, Bytes, Bytes>;

    fn deref(&self) -> &Self::Target {
        &self.table
    }
}

impl Written<'_> {
    /// Gives what stood there.
    pub(super) fn insert(&mut self, key: &[u8], value: &[u8]) -> Result<Option<Vec<u8>>, Broken> {
        if let Some(changes) = self.changes {
            changes.borrow_mut().put(self.number, key, value);
        }
        let old = self.table.insert(key, value)?;
        Ok(old.map(|old| old.value().to_vec()))
    }

    pub(super) fn remove(&mut self, key: &[u8]) -> Result<(), Broken> {
        if let Some(changes) = self.changes {
            changes.borrow_mut().removed(self.number, key);
        }
        self.table.remove(key)?;
        Ok(())
    }
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
    table: &mut Written<'_>,
    key: &[u8],
    record: &R,
) -> Result<(), Broken> {
    table.insert(key, &documents::encode(record)?)?;
    Ok(())
}

/// An entry of an index: key and value.
pub(super) type Entry = (Vec<u8>, Vec<u8>);

/// Replaces a record's entry in an index, if it changes.
pub(super) fn reindex(
    index: &mut Written<'_>,
    old: Option<&Entry>,
    new: Option<&Entry>,
) -> Result<(), Broken> {
    if old == new {
        return Ok(());
    }
    if let Some((key, _)) = old.filter(|(key, _)| new.is_none_or(|(kept, _)| kept != key)) {
        index.remove(key)?;
    }
    if let Some((key, value)) = new {
        index.insert(key, value)?;
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
