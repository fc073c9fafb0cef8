//! Idempotency keys in use. The claim of a hold stands in the record of its
//! booking; any other is a record of its own.

use redb::ReadableTable;
use seathold_core::{BookingId, Timestamp};
use seathold_service::model::{Booking, Claim, ClaimKey, ClaimStatus};
use seathold_service::ports::ClaimEnd;

use super::tables::{Bytes, Entry, NOTHING, Snapshot, Tables, put, record, reindex};
use super::tables::{CLAIMS, HOLDS, HOLDS_BY_USER};
use super::{Broken, by_user, hold, keys, rows};

/// Up to which booking all claims of holds are forgotten.
const FORGOTTEN: &[u8] = b"forgotten";

/// A claim, and the row in whose record it stands.
pub(super) struct Stored {
    pub(super) claim: Claim,
    row: Option<Booking>,
}

/// The claims on these keys.
pub(super) fn find_all(snapshot: &Snapshot, keys: &[ClaimKey]) -> Result<Vec<Claim>, Broken> {
    let (by_user, holds) = (snapshot.open(HOLDS_BY_USER)?, snapshot.open(HOLDS)?);
    let alone = snapshot.open(CLAIMS)?;
    let stored = |key: &ClaimKey| {
        find_in(&by_user, &holds, &alone, &keys::user_key(key), &keys::claim(key)).transpose()
    };
    keys.iter().filter_map(stored).map(|stored| Ok(stored?.claim)).collect()
}

/// The claim on this key, which is given as either table has it.
pub(super) fn find(
    tables: &Tables<'_>,
    user_key: &[u8],
    key: &[u8],
) -> Result<Option<Stored>, Broken> {
    find_in(&*tables.holds_by_user, &*tables.holds, &*tables.claims, user_key, key)
}

fn find_in(
    by_user: &impl ReadableTable<Bytes, Bytes>,
    holds: &impl ReadableTable<Bytes, Bytes>,
    alone: &impl ReadableTable<Bytes, Bytes>,
    user_key: &[u8],
    key: &[u8],
) -> Result<Option<Stored>, Broken> {
    let Some(id) = by_user::claimed(by_user, user_key)? else {
        return Ok(record(alone, key)?.map(|claim| Stored { claim, row: None }));
    };
    let missing = || Broken("a key names a hold that is not there".to_owned());
    let kept = holds.get(&id.bytes()[..])?.ok_or_else(missing)?;
    let (row, claim) = hold::decode(id, kept.value())?;
    Ok(Some(Stored { claim: claim.ok_or_else(missing)?, row: Some(row) }))
}

/// Adds a claim, or gives the one that has the key.
pub(super) fn insert(tables: &mut Tables<'_>, claim: &Claim) -> Result<Option<Claim>, Broken> {
    let first = find(tables, &keys::user_key(&claim.key), &keys::claim(&claim.key))?;
    if first.is_none() {
        write(tables, None, claim)?;
    }
    Ok(first.map(|first| first.claim))
}

/// Replaces `old` by `new`, if its owner is still the same, and with it the row
/// if there is one.
pub(super) fn take_over(
    tables: &mut Tables<'_>,
    old: &Claim,
    new: &Claim,
    row: Option<&Booking>,
) -> Result<bool, Broken> {
    let Some(stored) = owned(tables, old)? else {
        return Ok(false);
    };
    if let Some(kept) = &stored.row {
        let row = row.unwrap_or(kept);
        if row.id == kept.id && hold::belongs(new, row) {
            rows::write(tables, Some((kept, true)), row, Some(new))?;
            return Ok(true);
        }
    }
    remove(tables, old)?;
    write(tables, None, new)?;
    row.map_or(Ok(()), |row| rows::replace(tables, row))?;
    Ok(true)
}

/// Removes a claim, if its owner is still the same.
pub(super) fn remove(tables: &mut Tables<'_>, claim: &Claim) -> Result<(), Broken> {
    let Some(Stored { claim, row }) = owned(tables, claim)? else {
        return Ok(());
    };
    if let Some(row) = row {
        return rows::write(tables, Some((&row, true)), &row, None);
    }
    tables.claims.remove(&keys::claim(&claim.key))?;
    reindex(&mut tables.claims_by_expiry, Some(&by_expiry(&claim)), None)
}

pub(super) fn end(tables: &mut Tables<'_>, claim: &Claim, end: &ClaimEnd) -> Result<(), Broken> {
    let (status, response) = match end {
        ClaimEnd::Discarded => return remove(tables, claim),
        ClaimEnd::Completed(answer) => (ClaimStatus::Completed, Some(answer.clone())),
        ClaimEnd::Failed => (ClaimStatus::Failed, None),
    };
    let Some(stored) = owned(tables, claim)? else {
        return Ok(());
    };
    let ended = Claim { status, response, ..stored.claim.clone() };
    match &stored.row {
        Some(row) => rows::write(tables, Some((row, true)), row, Some(&ended)),
        None => write(tables, Some(&stored.claim), &ended),
    }
}

/// Forgets up to `limit` claims of their own whose time has passed; gives how
/// many.
pub(super) fn purge(
    tables: &mut Tables<'_>,
    now: Timestamp,
    limit: usize,
) -> Result<usize, Broken> {
    let over = tables.claims_by_expiry.range::<&[u8]>(..keys::until(now).as_slice())?;
    let over = over.take(limit).map(|entry| Ok(entry?.0.value().to_vec()));
    let over = over.collect::<Result<Vec<_>, Broken>>()?;
    for entry in &over {
        tables.claims_by_expiry.remove(entry)?;
        tables.claims.remove(&entry[keys::TIME..])?;
    }
    Ok(over.len())
}

/// Looks at up to `limit` further holds, and forgets their claims, until one is
/// found whose time has not passed: ids rise with time, so nearly all that follow
/// live longer. Gives how many it forgot, and whether there is more to look at.
pub(super) fn purge_holds(
    tables: &mut Tables<'_>,
    now: Timestamp,
    limit: usize,
) -> Result<(usize, bool), Broken> {
    let from = tables.notes.get(FORGOTTEN)?.map(|id| id.value().to_vec());
    let (mut over, mut seen, mut last) = (Vec::new(), 0, None);
    for entry in tables.holds.range::<&[u8]>(keys::after(from.as_deref()))?.take(limit) {
        let (key, record) = entry?;
        let id = BookingId::from_bytes(keys::last_id(key.value())?);
        let (row, claim) = hold::decode(id, record.value())?;
        match claim {
            Some(claim) if now < claim.expires_at => break,
            Some(_) => over.push(row),
            // Taken back.
            None => {}
        }
        (seen, last) = (seen + 1, Some(id));
    }
    for row in &over {
        rows::write(tables, Some((row, true)), row, None)?;
    }
    if let Some(last) = last {
        tables.notes.insert(FORGOTTEN, &last.bytes())?;
    }
    Ok((over.len(), seen == limit))
}

/// The claim as it is stored, if its owner is still the same.
fn owned(tables: &Tables<'_>, claim: &Claim) -> Result<Option<Stored>, Broken> {
    let stored = find(tables, &keys::user_key(&claim.key), &keys::claim(&claim.key))?;
    Ok(stored.filter(|stored| stored.claim.owner == claim.owner))
}

/// Writes a claim of its own.
pub(super) fn write(
    tables: &mut Tables<'_>,
    old: Option<&Claim>,
    new: &Claim,
) -> Result<(), Broken> {
    put(&mut tables.claims, &keys::claim(&new.key), new)?;
    let before = old.map(by_expiry);
    reindex(&mut tables.claims_by_expiry, before.as_ref(), Some(&by_expiry(new)))
}

pub(super) fn by_expiry(claim: &Claim) -> Entry {
    (keys::time_and(claim.expires_at, &keys::claim(&claim.key)), NOTHING.to_vec())
}
