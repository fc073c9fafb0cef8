use std::cmp::Ordering;

use seathold_core::{
    Change, SeatChange, SeatLabel, SeatMap, SeatState, SeatType, ShowtimeId, Timestamp,
};
use seathold_service::model::{Showtime, ShowtimeSummary, StoredShowtime, Version};
use seathold_service::ports::{
    Commit, CommitOutcome, Page, SeatsNow, ShowtimeFilter, ShowtimeSort, StoreError,
};

use super::{Done, State, after, earliest, page};

impl State {
    pub(crate) fn insert_showtime(&mut self, showtime: &Showtime, map: &SeatMap) -> Done<()> {
        if self.showtimes.contains_key(&showtime.id) {
            return Err(StoreError::Unavailable("there is such a showtime".to_owned()));
        }
        let summary = ShowtimeSummary {
            showtime: showtime.clone(),
            cancelled_at: map.schedule().cancelled_at,
            available: map.available(),
            next_expiry: map.next_expiry(),
            version: map.version(),
            commit_id: None,
        };
        self.showtimes.insert(showtime.id, StoredShowtime { summary, map: map.clone() });
        Ok(())
    }

    pub(crate) fn load(&self, id: ShowtimeId) -> Option<StoredShowtime> {
        self.showtimes.get(&id).cloned()
    }

    pub(super) fn version(&self, id: ShowtimeId) -> Option<Version> {
        Some(self.showtimes.get(&id)?.summary.version())
    }

    pub(super) fn summary(&self, id: ShowtimeId) -> Option<ShowtimeSummary> {
        Some(self.showtimes.get(&id)?.summary.clone())
    }

    pub(super) fn seats_now(&self, id: ShowtimeId, labels: &[SeatLabel]) -> Option<SeatsNow> {
        let StoredShowtime { summary, map } = self.showtimes.get(&id)?;
        let state = |label| map.seat(label).map_or(SeatState::Available, |it| it.state.clone());
        let states = labels.iter().map(state).collect();
        Some(SeatsNow { states, cancelled_at: summary.cancelled_at })
    }

    pub(super) fn commit(&mut self, commit: &Commit, now: Timestamp) -> CommitOutcome {
        let Some(StoredShowtime { summary, map }) = self.showtimes.get_mut(&commit.showtime) else {
            return CommitOutcome::Conflict;
        };
        let early = commit.not_before.is_some_and(|from| now < from);
        let off = commit.only_scheduled && summary.cancelled_at.is_some();
        let seats = commit.seats.iter().map(|placed| {
            let (label, to) = (placed.seat.label, placed.seat.state.clone());
            let from = map.seat(&label)?.state.clone();
            Some(SeatChange { label, from, to })
        });
        let seats: Option<Vec<_>> = seats.collect();
        let timely = !early && now < commit.deadline;
        let (true, true, false, Some(seats)) = (summary.version() == commit.at, timely, off, seats)
        else {
            return CommitOutcome::Conflict;
        };
        for seat in seats.iter().filter(|it| it.from.booking() != it.to.booking()) {
            if let SeatState::Held { booking, until, .. } = &seat.from
                && *until > now
                && commit.cancelled_at.is_none()
                && self.rows.get(booking).is_some_and(|row| row.cancelled_at.is_none())
            {
                let early = until.millis_since(now);
                self.cut_short.push(format!("{booking} lost {} {early} ms early", seat.label));
            }
        }
        map.apply(&Change { seats, cancelled_at: commit.cancelled_at, ..Change::default() });
        map.committed();
        summary.version += 1;
        summary.commit_id = Some(commit.id);
        summary.available = commit.available;
        summary.next_expiry = commit.next_expiry;
        summary.cancelled_at = commit.cancelled_at.or(summary.cancelled_at);
        CommitOutcome::Applied
    }

    pub(super) fn list_showtimes(&self, filter: &ShowtimeFilter) -> Page<ShowtimeSummary> {
        let search = filter.search.as_ref().map(|text| text.to_lowercase());
        let wanted = |summary: &&ShowtimeSummary| {
            let showtime = &summary.showtime;
            search.as_ref().is_none_or(|text| showtime.title.to_lowercase().contains(text))
                && filter.movie_id.as_ref().is_none_or(|movie| *movie == showtime.movie_id)
                && filter.from.is_none_or(|from| from <= showtime.start_time)
                && filter.to.is_none_or(|to| showtime.start_time <= to)
        };
        let all = self.showtimes.values().map(|stored| &stored.summary);
        let mut found: Vec<_> = all.filter(wanted).cloned().collect();
        found.sort_by(|one, other| {
            let order = compare(filter.sort, &one.showtime, &other.showtime);
            if filter.descending { order.reverse() } else { order }
        });
        page(found, filter.page)
    }

    pub(super) fn expiring_showtimes(&self, before: Timestamp, limit: u32) -> Vec<ShowtimeId> {
        let due = self.showtimes.iter().filter_map(|(id, stored)| {
            let next = stored.summary.next_expiry.filter(|next| *next <= before)?;
            Some((next, *id))
        });
        earliest(due.collect(), limit)
    }

    pub(super) fn cancelled_with_sales(
        &self,
        id: Option<ShowtimeId>,
        limit: u32,
    ) -> Vec<ShowtimeId> {
        let sells = |StoredShowtime { summary, .. }: &StoredShowtime| {
            summary.cancelled_at.is_some() && summary.available < summary.showtime.total_seats
        };
        ids(after(&self.showtimes, id.as_ref(), limit, sells))
    }

    pub(super) fn showtime_ids(&self, id: Option<ShowtimeId>, limit: u32) -> Vec<ShowtimeId> {
        ids(after(&self.showtimes, id.as_ref(), limit, |_| true))
    }
}

fn ids(showtimes: Vec<StoredShowtime>) -> Vec<ShowtimeId> {
    showtimes.into_iter().map(|stored| stored.summary.showtime.id).collect()
}

fn compare(sort: ShowtimeSort, one: &Showtime, other: &Showtime) -> Ordering {
    let price = |showtime: &Showtime| showtime.price.of(SeatType::Standard);
    let order = match sort {
        ShowtimeSort::StartTime => one.start_time.cmp(&other.start_time),
        ShowtimeSort::Price => price(one).cmp(&price(other)),
        ShowtimeSort::Title => one.title.cmp(&other.title),
    };
    order.then(one.id.cmp(&other.id))
}
