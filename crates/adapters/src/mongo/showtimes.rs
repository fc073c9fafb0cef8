use async_trait::async_trait;
use bson::{RawDocumentBuf, doc};
use seathold_core::{SeatLabel, SeatMap, SeatState, ShowtimeId, Timestamp};
use seathold_service::model::{Showtime, ShowtimeSummary, StoredShowtime, Version};
use seathold_service::ports::{
    Commit, CommitOutcome, Page, SeatsNow, ShowtimeFilter, Showtimes, StoreError,
};

use super::collections::{Collections, decoded, oid};
use super::commits::Ready;
use super::{MongoStore, failures, in_time, lists, seats};
use crate::documents::{self, SeatDocument};

#[async_trait]
impl Showtimes for MongoStore {
    async fn insert_showtime(&self, showtime: &Showtime, map: &SeatMap) -> Result<(), StoreError> {
        let summary = ShowtimeSummary {
            showtime: showtime.clone(),
            cancelled_at: map.schedule().cancelled_at,
            available: map.available(),
            next_expiry: map.next_expiry(),
            version: map.version(),
            commit_id: None,
        };
        let document = seats::document(&summary, &map.seats().to_vec())?;
        let insert = |db: Collections| async move {
            db.showtimes.insert_one(document).await.map_err(failures::write)
        };
        self.write(insert).await.map(drop)
    }

    async fn load(&self, id: ShowtimeId) -> Result<Option<StoredShowtime>, StoreError> {
        let load = move |db: Collections| async move {
            let document = db.showtimes.find_one(by_id(id)).await.map_err(failures::read)?;
            document.map(|document| seats::parse(&document)).transpose()
        };
        self.read(load).await
    }

    async fn version(&self, id: ShowtimeId) -> Result<Option<Version>, StoreError> {
        let asked = self.collections.shared.versions.ask(id);
        self.settled(in_time(asked)).await
    }

    async fn summary(&self, id: ShowtimeId) -> Result<Option<ShowtimeSummary>, StoreError> {
        let read = move |db: Collections| async move {
            let without_seats = doc! {seats::SEATS: 0};
            let find = db.showtimes.find_one(by_id(id)).projection(without_seats);
            decoded(find.await.map_err(failures::read)?)
        };
        self.read(read).await
    }

    async fn seats_now(
        &self,
        id: ShowtimeId,
        labels: &[SeatLabel],
    ) -> Result<Option<SeatsNow>, StoreError> {
        let labels = labels.to_vec();
        self.read(move |db| seats_now(db, id, labels)).await
    }

    async fn commit(&self, commit: &Commit) -> Result<CommitOutcome, StoreError> {
        let Collections { shared, arbiter, .. } = &self.collections;
        let asked = shared.commits.ask(Ready::new(commit, arbiter));
        in_time(asked).await.unwrap_or_else(|why| Err(StoreError::Unknown(why)))
    }

    async fn list_showtimes(
        &self,
        filter: &ShowtimeFilter,
    ) -> Result<Page<ShowtimeSummary>, StoreError> {
        let filter = filter.clone();
        self.read(|db| lists::showtimes(db, filter)).await
    }

    async fn expiring_showtimes(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<ShowtimeId>, StoreError> {
        self.read(move |db| lists::expiring(db, before, limit)).await
    }

    async fn cancelled_with_sales(
        &self,
        after: Option<ShowtimeId>,
        limit: u32,
    ) -> Result<Vec<ShowtimeId>, StoreError> {
        self.read(move |db| lists::cancelled_with_sales(db, after, limit)).await
    }

    async fn showtime_ids(
        &self,
        after: Option<ShowtimeId>,
        limit: u32,
    ) -> Result<Vec<ShowtimeId>, StoreError> {
        self.read(move |db| lists::ids(db, after, limit)).await
    }
}

fn by_id(id: ShowtimeId) -> bson::Document {
    doc! {"_id": oid(id.bytes())}
}

async fn seats_now(
    db: Collections,
    id: ShowtimeId,
    labels: Vec<SeatLabel>,
) -> Result<Option<SeatsNow>, StoreError> {
    let mut wanted = doc! {"cancelled_at": 1};
    wanted.extend(labels.iter().map(|label| (seats::path(label), 1.into())));
    let find = db.showtimes.find_one(by_id(id)).projection(wanted);
    let Some(found) = find.await.map_err(failures::read)? else { return Ok(None) };
    let states = labels.iter().map(|label| state(&found, label)).collect::<Result<_, _>>()?;
    let cancelled_at = found.get("cancelled_at").map_err(failures::document)?;
    let cancelled_at = cancelled_at.and_then(|at| at.as_datetime());
    let cancelled_at = cancelled_at.map(|at| Timestamp::from_millis(at.timestamp_millis()));
    Ok(Some(SeatsNow { states, cancelled_at }))
}

/// The state of this seat; available, if it is not there.
fn state(found: &RawDocumentBuf, label: &SeatLabel) -> Result<SeatState, StoreError> {
    match seats::find(found, label).map_err(failures::document)? {
        Some(entry) => {
            let entry: SeatDocument =
                documents::from_bytes(entry.as_bytes()).map_err(failures::document)?;
            entry.state().map_err(failures::document)
        }
        None => Ok(SeatState::Available),
    }
}
