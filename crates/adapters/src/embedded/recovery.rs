//! What happens at every opening, in this order: records of an earlier form are
//! converted, and what only the log has is done again.

use redb::Database;

use super::log::{self, Log, LogFile, LogId};
use super::tables::Tables;
use super::{Broken, convert, payments};

/// The log, from which everything is in the file now.
pub(super) fn recover(database: &Database, file: Box<dyn LogFile>) -> Result<Log, Broken> {
    let mut id = LogId::default();
    getrandom::fill(&mut id).map_err(|error| Broken(error.to_string()))?;
    let mut transaction = database.begin_write()?;
    // As a checkpoint does, which this is.
    transaction.set_quick_repair(true);
    // Asked before all tables are opened, which makes those that are missing.
    let is_without_checks = convert::is_without_checks(&transaction)?;
    let is_without_lists = convert::is_without_lists(&transaction)?;
    convert::convert(&transaction)?;
    let mut tables = Tables::open(&transaction, None)?;
    let (known_by, applied) = tables.renew_log(id)?;
    let read = Log::read(file, known_by, applied);
    let (mut log, records) = read.map_err(|error| Broken(error.to_string()))?;
    for change in records.iter().flat_map(|record| log::changes(record)) {
        let (table, key, value) = change?;
        let table = tables.numbered(table)?;
        match value {
            Some(value) => drop(table.insert(key, value)?),
            None => table.remove(key)?,
        }
    }
    if is_without_checks {
        payments::plan_checks(&mut tables)?;
    }
    if is_without_lists {
        payments::list_by_booking(&mut tables)?;
    }
    tables.note_applied(log.last())?;
    drop(tables);
    transaction.commit()?;
    log.renew(id);
    Ok(log)
}
