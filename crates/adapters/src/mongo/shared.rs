//! What the desks of all showtimes ask for in the same moments, each for a few
//! records, and what gateways ask for that repeat themselves: done by few commands
//! for all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bson::{RawDocumentBuf, doc};
use seathold_core::ShowtimeId;
use seathold_service::model::{Claim, ClaimKey, ReceivedEvent, Version};
use seathold_service::ports::StoreError;
use uuid::Uuid;

use super::bulk::{self, Statements, Verb};
use super::collections::{Documents, oid, some_of};
use super::commit::COMMIT_ID;
use super::commits::Commits;
use super::gather::{Gatherer, Kind};
use super::{claims, failures};
use crate::documents;

/// Commands of one kind under way at once. With two, nothing was measured to be faster.
const COMMANDS: usize = 1;

/// What is gathered, by kind.
pub(super) struct Shared {
    pub(super) claims: Arc<Gatherer<Writes>>,
    pub(super) rows: Arc<Gatherer<Writes>>,
    pub(super) marks: Arc<Gatherer<Writes>>,
    pub(super) commits: Arc<Gatherer<Commits>>,
    pub(super) versions: Arc<Gatherer<Versions>>,
    pub(super) keys: Arc<Gatherer<Keys>>,
    pub(super) events: Arc<Gatherer<Events>>,
}

impl Shared {
    pub(super) fn of(
        showtimes: &Documents,
        bookings: &Documents,
        claims: &Documents,
        events: &Documents,
    ) -> Self {
        let writes = |name, verb, collection: &Documents| {
            Gatherer::new(name, Writes { verb, collection: collection.clone() }, COMMANDS)
        };
        Self {
            claims: writes("claims", Verb::Insert, claims),
            rows: writes("rows", Verb::Insert, bookings),
            marks: writes("marks", Verb::Update, bookings),
            commits: Gatherer::new("commits", Commits(showtimes.clone()), COMMANDS),
            versions: Gatherer::new("versions", Versions(showtimes.clone()), COMMANDS),
            keys: Gatherer::new("keys", Keys(claims.clone()), COMMANDS),
            events: Gatherer::new("events", Events(events.clone()), COMMANDS),
        }
    }
}

/// Inserts, or updates. The answer gives the places of the documents whose id, or
/// another value that must be unique, is there already. After a lost answer that
/// may be because the first try wrote them.
pub(super) struct Writes {
    verb: Verb,
    collection: Documents,
}

impl Kind for Writes {
    type Ask = Statements;
    type Answer = Vec<usize>;

    fn bytes(ask: &Statements) -> usize {
        ask.bytes()
    }

    async fn send(&self, asks: Vec<Statements>) -> Vec<Result<Vec<usize>, StoreError>> {
        let statements: Vec<_> = asks.iter().collect();
        let answer = match bulk::run(self.verb, &self.collection, &statements).await {
            Ok(answer) => answer,
            Err(error) => return vec![Err(error); asks.len()],
        };
        let mut errors = answer.write_errors;
        errors.sort_by_key(|error| error.index);
        let mut errors = errors.into_iter().peekable();
        let mut end = 0;
        let own = asks.iter().map(|ask| {
            let begin = end;
            end += ask.len();
            let (mut there, mut failed) = (Vec::new(), None);
            while let Some(error) = errors.next_if(|error| error.index < end) {
                match error.code {
                    failures::DUPLICATE_KEY => there.push(error.index - begin),
                    _ => failed = Some(StoreError::Unknown(error.reason)),
                }
            }
            failed.map_or(Ok(there), Err)
        });
        own.collect()
    }
}

/// The versions of showtimes; none, if there is no such showtime.
pub(super) struct Versions(Documents);

impl Kind for Versions {
    type Ask = ShowtimeId;
    type Answer = Option<Version>;

    fn bytes(_: &ShowtimeId) -> usize {
        32
    }

    async fn send(&self, asks: Vec<ShowtimeId>) -> Vec<Result<Option<Version>, StoreError>> {
        match versions(&self.0, asks.iter().copied()).await {
            Ok(found) => asks.iter().map(|id| Ok(found.get(id).copied())).collect(),
            Err(error) => vec![Err(error); asks.len()],
        }
    }
}

/// The versions of those of these showtimes that exist, as the majority has them.
pub(super) async fn versions(
    showtimes: &Documents,
    ids: impl Iterator<Item = ShowtimeId>,
) -> Result<BTreeMap<ShowtimeId, Version>, StoreError> {
    let wanted: Vec<_> = ids.map(|id| oid(id.bytes())).collect();
    let limit = wanted.len() as u32;
    let find = showtimes.find(doc! {"_id": {"$in": wanted}});
    let find = find.projection(doc! {"version": 1, COMMIT_ID: 1});
    let found = some_of(find, limit, |document| {
        let id = document.get_object_id("_id").map_err(failures::document)?;
        let number = document.get_i64("version").map_err(failures::document)?.unsigned_abs();
        let made_by = document.get_binary(COMMIT_ID).ok().map(|id| Uuid::from_slice(id.bytes));
        let made_by = made_by.transpose().map_err(failures::document)?;
        Ok((ShowtimeId::from_bytes(id.bytes()), Version { number, made_by }))
    });
    Ok(found.await?.into_iter().collect())
}

/// Those of these claims that exist.
pub(super) struct Keys(Documents);

impl Kind for Keys {
    type Ask = Vec<ClaimKey>;
    type Answer = Vec<Claim>;

    fn bytes(ask: &Vec<ClaimKey>) -> usize {
        96 * ask.len()
    }

    async fn send(&self, asks: Vec<Vec<ClaimKey>>) -> Vec<Result<Vec<Claim>, StoreError>> {
        let ids: Vec<_> = asks.iter().flatten().map(claims::id).collect();
        let limit = ids.len() as u32;
        let find = self.0.find(doc! {"_id": {"$in": ids}});
        let found = some_of(find, limit, |document| {
            let id = document.get_binary("_id").map_err(failures::document)?;
            Ok((id.bytes.to_vec(), document.to_owned()))
        });
        let found: BTreeMap<Vec<u8>, RawDocumentBuf> = match found.await {
            Ok(found) => found.into_iter().collect(),
            Err(error) => return vec![Err(error); asks.len()],
        };
        let own = |keys: &Vec<ClaimKey>| {
            let own = keys.iter().filter_map(|key| found.get(&claims::id(key).bytes));
            own.map(|claim| documents::decode(claim.as_bytes()).map_err(failures::document))
                .collect()
        };
        asks.iter().map(own).collect()
    }
}

/// What gateways have told, by the ids of the rows.
pub(super) struct Events(Documents);

impl Kind for Events {
    type Ask = String;
    type Answer = Option<ReceivedEvent>;

    fn bytes(ask: &String) -> usize {
        32 + ask.len()
    }

    async fn send(&self, asks: Vec<String>) -> Vec<Result<Option<ReceivedEvent>, StoreError>> {
        // Most of them are the same, where one message is repeated.
        let ids: Vec<_> = asks.iter().collect::<BTreeSet<_>>().into_iter().collect();
        let limit = ids.len() as u32;
        let found = some_of(self.0.find(doc! {"_id": {"$in": ids}}), limit, |document| {
            let id = document.get_str("_id").map_err(failures::document)?;
            let event = documents::decode(document.as_bytes()).map_err(failures::document);
            Ok((id.to_owned(), event))
        });
        match found.await {
            Ok(found) => {
                let found: BTreeMap<String, Result<ReceivedEvent, StoreError>> =
                    found.into_iter().collect();
                asks.iter().map(|id| found.get(id).cloned().transpose()).collect()
            }
            Err(error) => vec![Err(error); asks.len()],
        }
    }
}
