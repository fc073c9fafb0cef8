//! What is written before a batch's commit, and taken back when it is refused.

use std::borrow::Cow;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use seathold_core::{BookingId, Timestamp};
use seathold_service::model::{Booking, Claim, ClaimKey, Resource};
use seathold_service::ports::{Preparation, Prepared, StoreError};

use super::bulk::{self, Statements};
use super::collections::Collections;
use super::gather::Gatherer;
use super::shared::Writes;
use super::{claims, detached, failures, rows};
use crate::documents::Record;

/// Claims, rows and marks all at the same time: nobody reads the rows before the
/// claims have answered. A row whose key turns out to be in use is deleted again.
pub(super) async fn prepare(
    db: &Collections,
    preparation: &Preparation,
) -> Result<Vec<Prepared>, StoreError> {
    let Preparation { holds, cancels, displaced } = preparation;
    let Holds { distinct, places } = Holds::of(holds);
    let claims = Statements::of(&distinct, |(claim, _), bytes| {
        claims::write(claim, bytes);
        Ok::<_, StoreError>(())
    })?;
    let rows = Statements::of(&distinct, |(_, row), bytes| as_marked(row, displaced).write(bytes))?;
    let marks = bulk::updates(rows::marks(cancels, displaced))?;
    let parts = 2 * usize::from(!rows.is_empty()) + usize::from(!marks.is_empty());
    let (in_use, there, marked) = tokio::join!(
        write(&db.shared.claims, claims),
        write(&db.shared.rows, rows),
        write(&db.shared.marks, marks),
    );
    let (in_use, there) = match (in_use, there, marked) {
        (Ok(in_use), Ok(there), Ok(_)) => (in_use, there),
        (in_use, there, marked) => {
            let errors = [in_use.err(), there.err(), marked.err()];
            return Err(failure(&errors.into_iter().flatten().collect::<Vec<_>>(), parts));
        }
    };
    let met: BTreeSet<usize> = in_use.iter().chain(&there).copied().collect();
    let met = met.into_iter().map(|at| {
        let (claim, row) = distinct[at];
        let (claim, row) = (claim.clone(), as_marked(row, displaced).into_owned());
        Met { at, claim, row, in_use: in_use.contains(&at), there: there.contains(&at) }
    });
    let earlier = settled(db, met.collect()).await.map_err(failures::halfway)?;
    let outcome = |place: Place| match (earlier.get(&place.at), place.repeated) {
        (Some(earlier), _) => Prepared::Duplicate(Box::new(earlier.clone())),
        (None, true) => Prepared::Duplicate(Box::new(distinct[place.at].0.clone())),
        (None, false) => Prepared::Opened,
    };
    Ok(places.into_iter().map(outcome).collect())
}

/// New holds, each key once.
#[derive(Default)]
struct Holds<'p> {
    distinct: Vec<(&'p Claim, &'p Booking)>,
    /// For each hold asked for, which of them it is.
    places: Vec<Place>,
}

struct Place {
    at: usize,
    /// Whether an earlier hold has the same key.
    repeated: bool,
}

impl<'p> Holds<'p> {
    fn of(holds: &'p [(Claim, Booking)]) -> Self {
        let mut all = Self::default();
        let mut seen: BTreeMap<&ClaimKey, usize> = BTreeMap::new();
        for (claim, row) in holds {
            let place = match seen.entry(&claim.key) {
                Entry::Occupied(first) => Place { at: *first.get(), repeated: true },
                Entry::Vacant(vacant) => {
                    let at = *vacant.insert(all.distinct.len());
                    all.distinct.push((claim, row));
                    Place { at, repeated: false }
                }
            };
            all.places.push(place);
        }
        all
    }
}

/// A mark that is set while its row is inserted might miss it: the row is written
/// with it.
fn as_marked<'r>(row: &'r Booking, displaced: &[BookingId]) -> Cow<'r, Booking> {
    if displaced.contains(&row.id) {
        Cow::Owned(Booking { was_held: true, ..row.clone() })
    } else {
        Cow::Borrowed(row)
    }
}

async fn write(
    shared: &Arc<Gatherer<Writes>>,
    statements: Statements,
) -> Result<Vec<usize>, StoreError> {
    if statements.is_empty() { Ok(Vec::new()) } else { shared.ask(statements).await }
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

/// A hold whose claim or row was there already.
struct Met {
    at: usize,
    claim: Claim,
    row: Booking,
    in_use: bool,
    there: bool,
}

/// Makes the rows fit the claims: what is there from before is replaced if its
/// claim is new, and what was added for a key in use is deleted. Gives the claims
/// that have the keys in use.
async fn settled(db: &Collections, met: Vec<Met>) -> Result<BTreeMap<usize, Claim>, StoreError> {
    if met.is_empty() {
        return Ok(BTreeMap::new());
    }
    let db = db.clone();
    let settle = async move {
        let earlier = open(&db, met.iter().filter(|met| met.in_use).collect()).await?;
        for met in met.iter().filter(|met| met.there && !earlier.contains_key(&met.at)) {
            rows::replace(&db, &met.row).await?;
        }
        let in_vain = met.iter().filter(|met| {
            let claim = earlier.get(&met.at);
            claim.is_some_and(|claim| claim.resource != Resource::Booking(met.row.id))
        });
        let in_vain: Vec<_> = in_vain.map(|met| (met.row.id, met.row.lease_until)).collect();
        rows::delete(&db, &in_vain).await?;
        Ok(earlier)
    };
    detached(settle).await.unwrap_or_else(|why| Err(StoreError::Unknown(why)))
}

/// The claims that have the keys of these; those whose key has become free
/// meanwhile are added.
async fn open(db: &Collections, mut met: Vec<&Met>) -> Result<BTreeMap<usize, Claim>, StoreError> {
    let mut earlier = BTreeMap::new();
    for _ in 0..claims::ROUNDS {
        let keys: Vec<_> = met.iter().map(|met| met.claim.key.clone()).collect();
        let found = claims::find(db, &keys).await?;
        let mut found: BTreeMap<_, _> =
            found.into_iter().map(|claim| (claim.key.clone(), claim)).collect();
        met.retain(|met| match found.remove(&met.claim.key) {
            // This very one, written by a try whose answer was lost.
            Some(claim) if claim == met.claim => false,
            Some(claim) => {
                earlier.insert(met.at, claim);
                false
            }
            None => true,
        });
        let again = Statements::of(&met, |met, bytes| {
            claims::write(&met.claim, bytes);
            Ok::<_, StoreError>(())
        })?;
        let refused = write(&db.shared.claims, again).await?;
        met = refused.into_iter().map(|place| met[place]).collect();
        if met.is_empty() {
            return Ok(earlier);
        }
    }
    Err(StoreError::Unknown("keys come and go".to_owned()))
}

pub(super) async fn unprepare(
    db: Collections,
    holds: Vec<(Claim, BookingId)>,
    cancels: Vec<(BookingId, Timestamp)>,
) -> Result<(), StoreError> {
    let owned = holds.iter().map(|(claim, _)| claims::owned(claim));
    bulk::delete(&db.claims, owned.collect()).await?;
    let keys: Vec<_> = holds.iter().map(|(claim, _)| claim.key.clone()).collect();
    let named = claims::find(&db, &keys).await.map_err(failures::halfway)?;
    let named: BTreeSet<_> = named
        .into_iter()
        .filter_map(|claim| match claim.resource {
            Resource::Booking(booking) => Some(booking),
            Resource::Payment(_) | Resource::Refund(_) => None,
        })
        .collect();
    // Those that were made with these claims: the row of one that was taken over
    // has a later lease, and may be acknowledged by the time this arrives.
    let rows = holds.iter().filter(|(_, row)| !named.contains(row));
    let rows: Vec<_> = rows.map(|(claim, row)| (*row, claim.lease_until)).collect();
    let (rows, marks) = tokio::join!(rows::delete(&db, &rows), unmark(&db, &cancels));
    rows.and(marks).map_err(failures::halfway)
}

async fn unmark(db: &Collections, cancels: &[(BookingId, Timestamp)]) -> Result<(), StoreError> {
    let unmarks = bulk::updates(rows::unmarks(cancels))?;
    bulk::update(&db.bookings, &unmarks).await.map(drop)
}
