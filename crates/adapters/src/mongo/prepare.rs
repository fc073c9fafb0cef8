//! What is written before a batch's commit, and taken back when it is refused.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use seathold_core::{BookingId, Timestamp};
use seathold_service::model::{Booking, Claim, ClaimKey, Resource};
use seathold_service::ports::{Preparation, Prepared, StoreError};

use super::collections::{Collections, encode};
use super::{bulk, claims, failures, rows};

/// Claims, rows and marks all at the same time: nobody reads the rows before the
/// claims have answered. A row whose key turns out to be in use is deleted again.
pub(super) async fn prepare(
    db: Collections,
    preparation: Preparation,
) -> Result<Vec<Prepared>, StoreError> {
    let Preparation { holds, cancels, displaced } = preparation;
    let Holds { claims, mut rows, places } = Holds::distinct(holds);
    mark_new(&mut rows, &displaced);
    let marks = rows::marks(&cancels, &displaced);
    let parts = 2 * usize::from(!rows.is_empty()) + usize::from(!marks.is_empty());
    let (earlier, there, marked) = tokio::join!(
        open(&db, &claims),
        insert(&db, &rows),
        bulk::update(&db.database, &db.bookings, marks),
    );
    let (earlier, there) = match (earlier, there, marked) {
        (Ok(earlier), Ok(there), Ok(_)) => (earlier, there),
        (earlier, there, marked) => {
            let errors = [earlier.err(), there.err(), marked.err()];
            return Err(failure(&errors.into_iter().flatten().collect::<Vec<_>>(), parts));
        }
    };
    settle(&db, &rows, &earlier, there).await.map_err(failures::halfway)?;
    let outcome = |place: Place| match (&earlier[place.at], place.repeated) {
        (Some(earlier), _) => Prepared::Duplicate(Box::new(earlier.clone())),
        (None, true) => Prepared::Duplicate(Box::new(claims[place.at].clone())),
        (None, false) => Prepared::Opened,
    };
    Ok(places.into_iter().map(outcome).collect())
}

/// New holds, each key once.
#[derive(Default)]
struct Holds {
    claims: Vec<Claim>,
    /// The row of each claim.
    rows: Vec<Booking>,
    /// For each hold asked for, which of them it is.
    places: Vec<Place>,
}

struct Place {
    at: usize,
    /// Whether an earlier hold has the same key.
    repeated: bool,
}

impl Holds {
    fn distinct(holds: Vec<(Claim, Booking)>) -> Self {
        let mut distinct = Self::default();
        let mut seen: BTreeMap<ClaimKey, usize> = BTreeMap::new();
        for (claim, row) in holds {
            let place = match seen.entry(claim.key.clone()) {
                Entry::Occupied(first) => Place { at: *first.get(), repeated: true },
                Entry::Vacant(vacant) => {
                    let at = *vacant.insert(distinct.claims.len());
                    distinct.claims.push(claim);
                    distinct.rows.push(row);
                    Place { at, repeated: false }
                }
            };
            distinct.places.push(place);
        }
        distinct
    }
}

/// A mark that is set while its row is inserted might miss it: the row is written
/// with it.
fn mark_new(rows: &mut [Booking], displaced: &[BookingId]) {
    for row in rows {
        row.was_held |= displaced.contains(&row.id);
    }
}

/// Why the whole failed, of whose `parts` these did: nothing was written only if
/// none of them wrote anything.
fn failure(errors: &[StoreError], parts: usize) -> StoreError {
    let all = errors.len() == parts;
    let refused = errors.iter().all(|error| matches!(error, StoreError::Unavailable(_)));
    let reasons: Vec<_> = errors.iter().map(StoreError::reason).collect();
    let reason = reasons.join("; ");
    if all && refused { StoreError::Unavailable(reason) } else { StoreError::Unknown(reason) }
}

/// Adds these claims; gives for each the one that has its key already.
async fn open(db: &Collections, claims: &[Claim]) -> Result<Vec<Option<Claim>>, StoreError> {
    let mut earlier = vec![None; claims.len()];
    let mut open: Vec<usize> = (0..claims.len()).collect();
    for _ in 0..claims::ROUNDS {
        let documents = open.iter().map(|at| claims::document(&claims[*at]));
        let documents = documents.collect::<Result<Vec<_>, _>>()?;
        let refused = bulk::insert(&db.database, &db.claims, &documents).await?;
        open = refused.into_iter().map(|place| open[place]).collect();
        if open.is_empty() {
            return Ok(earlier);
        }
        let keys: Vec<_> = open.iter().map(|at| claims[*at].key.clone()).collect();
        let found = claims::find(db, &keys).await.map_err(failures::halfway)?;
        let mut found: BTreeMap<_, _> =
            found.into_iter().map(|claim| (claim.key.clone(), claim)).collect();
        open.retain(|at| match found.remove(&claims[*at].key) {
            // This very one, written by a try whose answer was lost.
            Some(claim) if claim == claims[*at] => false,
            Some(claim) => {
                earlier[*at] = Some(claim);
                false
            }
            None => true,
        });
    }
    Err(StoreError::Unknown("keys come and go".to_owned()))
}

/// Adds these rows; gives the places of those that are there already.
async fn insert(db: &Collections, rows: &[Booking]) -> Result<Vec<usize>, StoreError> {
    let documents = rows.iter().map(encode).collect::<Result<Vec<_>, _>>()?;
    bulk::insert(&db.database, &db.bookings, &documents).await
}

/// Makes the rows fit the claims: what is there from before is replaced if its
/// claim is new, and what was added for a key in use is deleted.
async fn settle(
    db: &Collections,
    rows: &[Booking],
    earlier: &[Option<Claim>],
    there: Vec<usize>,
) -> Result<(), StoreError> {
    for at in there {
        if earlier[at].is_none() {
            rows::replace(db, &rows[at]).await?;
        }
    }
    let in_vain = rows.iter().zip(earlier).filter(|(row, earlier)| {
        earlier.as_ref().is_some_and(|claim| claim.resource != Resource::Booking(row.id))
    });
    let in_vain: Vec<_> = in_vain.map(|(row, _)| (row.id, row.lease_until)).collect();
    rows::delete(db, &in_vain).await
}

pub(super) async fn unprepare(
    db: Collections,
    holds: Vec<(Claim, BookingId)>,
    cancels: Vec<(BookingId, Timestamp)>,
) -> Result<(), StoreError> {
    let deletes = holds.iter().map(|(claim, _)| claims::delete(&db, claim));
    let deleted = join_all(deletes).await.into_iter().collect::<Result<Vec<_>, _>>();
    deleted.map_err(failures::halfway)?;
    let keys: Vec<_> = holds.iter().map(|(claim, _)| claim.key.clone()).collect();
    let named = claims::find(&db, &keys).await.map_err(failures::halfway)?;
    let named: BTreeSet<_> = named
        .into_iter()
        .filter_map(|claim| match claim.resource {
            Resource::Booking(booking) => Some(booking),
            Resource::Payment(_) => None,
        })
        .collect();
    // Those that were made with these claims: the row of one that was taken over
    // has a later lease, and may be acknowledged by the time this arrives.
    let rows = holds.iter().filter(|(_, row)| !named.contains(row));
    let rows: Vec<_> = rows.map(|(claim, row)| (*row, claim.lease_until)).collect();
    let (rows, marks) = tokio::join!(
        rows::delete(&db, &rows),
        bulk::update(&db.database, &db.bookings, rows::unmarks(&cancels)),
    );
    rows.and(marks.map(drop)).map_err(failures::halfway)
}
