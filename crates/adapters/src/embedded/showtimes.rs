use std::cmp::Ordering;
use std::sync::Arc;

use async_trait::async_trait;
use redb::ReadableTable;
use seathold_core::{Seat, SeatLabel, SeatMap, SeatState, SeatType, ShowtimeId, Timestamp};
use seathold_service::model::{Showtime, ShowtimeSummary, StoredShowtime, Version};
use seathold_service::ports::{
    Commit, CommitOutcome, Page, SeatsNow, ShowtimeFilter, ShowtimeSort, Showtimes, StoreError,
};

use super::tables::{
    Entry, NOTHING, SEAT_RECORDS, SHOWTIMES, SHOWTIMES_BY_EXPIRY, Snapshot, Tables, put, record,
    records_after, reindex,
};
use super::{Broken, EmbeddedStore, keys, seats};

#[async_trait]
impl Showtimes for EmbeddedStore {
    async fn insert_showtime(&self, showtime: &Showtime, map: &SeatMap) -> Result<(), StoreError> {
        let summary = ShowtimeSummary {
            showtime: showtime.clone(),
            cancelled_at: map.schedule().cancelled_at,
            available: map.available(),
            next_expiry: map.next_expiry(),
            version: map.version(),
            commit_id: None,
        };
        let seats = map.seats().to_vec();
        self.writer.run(move |tables| insert(tables, &summary, &seats)).await
    }

    async fn load(&self, id: ShowtimeId) -> Result<Option<StoredShowtime>, StoreError> {
        self.scan(move |snapshot| load(snapshot, id)).await
    }

    async fn version(&self, id: ShowtimeId) -> Result<Option<Version>, StoreError> {
        Ok(self.summary(id).await?.map(|summary| summary.version()))
    }

    async fn summary(&self, id: ShowtimeId) -> Result<Option<ShowtimeSummary>, StoreError> {
        self.read(|snapshot| record(&snapshot.open(SHOWTIMES)?, &id.bytes()))
    }

    async fn seats_now(
        &self,
        id: ShowtimeId,
        labels: &[SeatLabel],
    ) -> Result<Option<SeatsNow>, StoreError> {
        self.read(|snapshot| {
            let Some(summary) = record::<ShowtimeSummary>(&snapshot.open(SHOWTIMES)?, &id.bytes())?
            else {
                return Ok(None);
            };
            let seats = snapshot.open(SEAT_RECORDS)?;
            let state = |label| Ok(seats::one(&seats, id, label)?.unwrap_or(SeatState::Available));
            let states = labels.iter().map(state).collect::<Result<_, Broken>>()?;
            Ok(Some(SeatsNow { states, cancelled_at: summary.cancelled_at }))
        })
    }

    async fn commit(&self, commit: &Commit) -> Result<CommitOutcome, StoreError> {
        let commit = commit.clone();
        let clock = Arc::clone(&self.clock);
        self.writer.run(move |tables| apply(tables, &commit, clock.now())).await
    }

    async fn list_showtimes(
        &self,
        filter: &ShowtimeFilter,
    ) -> Result<Page<ShowtimeSummary>, StoreError> {
        let filter = filter.clone();
        self.scan(move |snapshot| list(snapshot, &filter)).await
    }

    async fn expiring_showtimes(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<ShowtimeId>, StoreError> {
        self.read(|snapshot| {
            let index = snapshot.open(SHOWTIMES_BY_EXPIRY)?;
            let due = index.range::<&[u8]>(..keys::until(before).as_slice())?;
            due.take(limit as usize)
                .map(|entry| Ok(ShowtimeId::from_bytes(keys::last_id(entry?.0.value())?)))
                .collect()
        })
    }

    async fn cancelled_with_sales(
        &self,
        after: Option<ShowtimeId>,
        limit: u32,
    ) -> Result<Vec<ShowtimeId>, StoreError> {
        self.scan(move |snapshot| cancelled_with_sales(snapshot, after, limit)).await
    }

    async fn showtime_ids(
        &self,
        after: Option<ShowtimeId>,
        limit: u32,
    ) -> Result<Vec<ShowtimeId>, StoreError> {
        self.read(|snapshot| {
            let after = after.map(|id| id.bytes());
            let showtimes = snapshot.open(SHOWTIMES)?;
            let rows = showtimes.range::<&[u8]>(keys::after(after.as_ref().map(|id| &id[..])))?;
            rows.take(limit as usize)
                .map(|row| Ok(ShowtimeId::from_bytes(keys::last_id(row?.0.value())?)))
                .collect()
        })
    }
}

fn insert(
    tables: &mut Tables<'_>,
    summary: &ShowtimeSummary,
    seats: &[Seat],
) -> Result<(), Broken> {
    let id = summary.showtime.id;
    if tables.showtimes.get(&id.bytes()[..])?.is_some() {
        return Err(Broken(format!("there is a showtime {id} already")));
    }
    put(&mut tables.showtimes, &id.bytes(), summary)?;
    reindex(&mut tables.showtimes_by_expiry, None, by_expiry(summary).as_ref())?;
    seats::insert(tables, id, seats)
}

fn load(snapshot: &Snapshot, id: ShowtimeId) -> Result<Option<StoredShowtime>, Broken> {
    let Some(summary) = record::<ShowtimeSummary>(&snapshot.open(SHOWTIMES)?, &id.bytes())? else {
        return Ok(None);
    };
    let expected = summary.showtime.total_seats as usize;
    let seats = seats::all(&snapshot.open(SEAT_RECORDS)?, id, expected)?;
    let map = SeatMap::new(summary.schedule(), summary.version, seats);
    let map = map.map_err(|error| Broken(format!("the map of showtime {id} {error}")))?;
    Ok(Some(StoredShowtime { summary, map }))
}

fn apply(
    tables: &mut Tables<'_>,
    commit: &Commit,
    now: Timestamp,
) -> Result<CommitOutcome, Broken> {
    let id = commit.showtime.bytes();
    let Some(old) = record::<ShowtimeSummary>(&*tables.showtimes, &id)? else {
        return Ok(CommitOutcome::Conflict);
    };
    let in_window = commit.not_before.is_none_or(|from| from <= now) && now < commit.deadline;
    let cancelled = commit.only_scheduled && old.cancelled_at.is_some();
    if old.version() != commit.at || cancelled || !in_window {
        return Ok(CommitOutcome::Conflict);
    }
    if !seats::update(tables, commit.showtime, &commit.seats)? {
        return Ok(CommitOutcome::Conflict);
    }
    let new = ShowtimeSummary {
        version: old.version + 1,
        commit_id: Some(commit.id),
        available: commit.available,
        next_expiry: commit.next_expiry,
        cancelled_at: commit.cancelled_at.or(old.cancelled_at),
        ..old.clone()
    };
    put(&mut tables.showtimes, &id, &new)?;
    reindex(&mut tables.showtimes_by_expiry, by_expiry(&old).as_ref(), by_expiry(&new).as_ref())?;
    Ok(CommitOutcome::Applied)
}

fn by_expiry(summary: &ShowtimeSummary) -> Option<Entry> {
    let at = summary.next_expiry?;
    Some((keys::time_and(at, &summary.showtime.id.bytes()), NOTHING.to_vec()))
}

fn list(snapshot: &Snapshot, filter: &ShowtimeFilter) -> Result<Page<ShowtimeSummary>, Broken> {
    let search = filter.search.as_ref().map(|text| text.to_lowercase());
    let wanted = |summary: &ShowtimeSummary| {
        let showtime = &summary.showtime;
        search.as_ref().is_none_or(|text| showtime.title.to_lowercase().contains(text))
            && filter.movie_id.as_ref().is_none_or(|movie| *movie == showtime.movie_id)
            && filter.from.is_none_or(|from| from <= showtime.start_time)
            && filter.to.is_none_or(|to| showtime.start_time <= to)
    };
    let all = records_after::<ShowtimeSummary>(&snapshot.open(SHOWTIMES)?, None, u32::MAX)?;
    let mut found: Vec<_> = all.into_iter().filter(wanted).collect();
    found.sort_unstable_by(|a, b| {
        let order = compare(filter.sort, &a.showtime, &b.showtime);
        if filter.descending { order.reverse() } else { order }
    });
    let total = found.len() as u64;
    let skip = usize::try_from(filter.page.skip).unwrap_or(usize::MAX);
    let data = found.into_iter().skip(skip).take(filter.page.limit as usize).collect();
    Ok(Page { data, total })
}

/// All showtimes are looked through: they are few, and read without their seats.
fn cancelled_with_sales(
    snapshot: &Snapshot,
    after: Option<ShowtimeId>,
    limit: u32,
) -> Result<Vec<ShowtimeId>, Broken> {
    let after = after.map(|id| id.bytes());
    let after = after.as_ref().map(|id| &id[..]);
    let all = records_after::<ShowtimeSummary>(&snapshot.open(SHOWTIMES)?, after, u32::MAX)?;
    let sells =
        |it: &ShowtimeSummary| it.cancelled_at.is_some() && it.available < it.showtime.total_seats;
    Ok(all.iter().filter(|it| sells(it)).map(|it| it.showtime.id).take(limit as usize).collect())
}

fn compare(sort: ShowtimeSort, a: &Showtime, b: &Showtime) -> Ordering {
    let price = |showtime: &Showtime| showtime.price.of(SeatType::Standard);
    let order = match sort {
        ShowtimeSort::StartTime => a.start_time.cmp(&b.start_time),
        ShowtimeSort::Price => price(a).cmp(&price(b)),
        ShowtimeSort::Title => a.title.cmp(&b.title),
    };
    order.then(a.id.cmp(&b.id))
}
