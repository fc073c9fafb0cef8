//! Idempotency keys in use.

use redb::ReadableTable;
use seathold_core::Timestamp;
use seathold_service::model::{Claim, ClaimKey, ClaimStatus};
use seathold_service::ports::ClaimEnd;

use super::tables::{Bytes, Entry, NOTHING, Tables, put, record, reindex};
use super::{Broken, keys};

pub(super) fn find(
    claims: &impl ReadableTable<Bytes, Bytes>,
    key: &ClaimKey,
) -> Result<Option<Claim>, Broken> {
    record(claims, &keys::claim(key))
}

/// Adds a claim, or gives the one that has the key.
pub(super) fn insert(tables: &mut Tables<'_>, claim: &Claim) -> Result<Option<Claim>, Broken> {
    let first = find(&tables.claims, &claim.key)?;
    if first.is_none() {
        write(tables, None, claim)?;
    }
    Ok(first)
}

/// Replaces `old` by `new`, if its owner is still the same.
pub(super) fn replace(tables: &mut Tables<'_>, old: &Claim, new: &Claim) -> Result<bool, Broken> {
    let Some(stored) = owned(tables, old)? else {
        return Ok(false);
    };
    write(tables, Some(&stored), new)?;
    Ok(true)
}

/// Removes a claim, if its owner is still the same.
pub(super) fn remove(tables: &mut Tables<'_>, claim: &Claim) -> Result<bool, Broken> {
    let Some(stored) = owned(tables, claim)? else {
        return Ok(false);
    };
    tables.claims.remove(keys::claim(&stored.key).as_slice())?;
    reindex(&mut tables.claims_by_expiry, Some(&by_expiry(&stored)), None)?;
    Ok(true)
}

pub(super) fn end(tables: &mut Tables<'_>, claim: &Claim, end: &ClaimEnd) -> Result<(), Broken> {
    let (status, response) = match end {
        ClaimEnd::Discarded => return remove(tables, claim).map(|_| ()),
        ClaimEnd::Completed(answer) => (ClaimStatus::Completed, Some(answer.clone())),
        ClaimEnd::Failed => (ClaimStatus::Failed, None),
    };
    if let Some(stored) = owned(tables, claim)? {
        let ended = Claim { status, response, ..stored.clone() };
        write(tables, Some(&stored), &ended)?;
    }
    Ok(())
}

/// Forgets up to `limit` claims whose time has passed; gives how many.
pub(super) fn purge(
    tables: &mut Tables<'_>,
    now: Timestamp,
    limit: usize,
) -> Result<usize, Broken> {
    let over = tables.claims_by_expiry.range::<&[u8]>(..keys::until(now).as_slice())?;
    let over = over.take(limit).map(|entry| Ok(entry?.0.value().to_vec()));
    let over = over.collect::<Result<Vec<_>, Broken>>()?;
    for entry in &over {
        tables.claims_by_expiry.remove(entry.as_slice())?;
        tables.claims.remove(&entry[keys::TIME..])?;
    }
    Ok(over.len())
}

/// The claim as it is stored, if its owner is still the same.
fn owned(tables: &Tables<'_>, claim: &Claim) -> Result<Option<Claim>, Broken> {
    let stored = find(&tables.claims, &claim.key)?;
    Ok(stored.filter(|stored| stored.owner == claim.owner))
}

fn write(tables: &mut Tables<'_>, old: Option<&Claim>, new: &Claim) -> Result<(), Broken> {
    put(&mut tables.claims, &keys::claim(&new.key), new)?;
    let before = old.map(by_expiry);
    reindex(&mut tables.claims_by_expiry, before.as_ref(), Some(&by_expiry(new)))
}

fn by_expiry(claim: &Claim) -> Entry {
    (keys::time_and(claim.expires_at, &keys::claim(&claim.key)), NOTHING.to_vec())
}
