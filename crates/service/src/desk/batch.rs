use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use seathold_core::{BookingId, Change, Refusal, SeatLabel, SeatState, Timestamp};
use tokio::time::sleep;

use super::Ticket;
use super::claims::Standing;
use super::entry::{Durable, Entry};
use super::task::{Cached, Desk};
use crate::limits::{CLOCK_TOLERANCE_MS, ROUNDS_MAX, TAKE_BACK_MARGIN_MS, TAKE_BACK_PAUSE};
use crate::model::{Claim, ClaimKey};
use crate::ports::{Commit, CommitOutcome, Preparation, Prepared, StoreError};
use crate::{Error, Rules};

/// How one try to serve a batch went.
enum Round {
    /// Everybody is answered.
    Answered,
    /// Decide everything again on a fresh map.
    Again,
    /// Nothing was committed, for this reason.
    NotCommitted(Error),
    /// The commit may have happened, and may yet happen.
    Unknown,
}

/// A batch decided: each change was applied to the cached map, in order.
#[derive(Default)]
struct Plan {
    granted: Vec<(Entry, Change)>,
    refused: Vec<(Entry, Refusal)>,
}

impl Desk {
    /// Serves a batch: everybody is answered when this returns.
    pub(super) async fn serve(&mut self, tickets: Vec<Ticket>) {
        metrics::histogram!("seathold_batch_size").record(tickets.len() as f64);
        let now = self.shared.env.now();
        let mut entries = Vec::with_capacity(tickets.len());
        for ticket in tickets {
            if ticket.deadline <= now {
                ticket.refuse(Error::Unavailable);
            } else {
                entries.push(Entry::new(ticket, &self.shared, now));
            }
        }
        for _ in 0..ROUNDS_MAX {
            self.drop_late(&mut entries).await;
            match self.round(&mut entries).await {
                Round::Answered => return,
                Round::Again => {
                    metrics::counter!("seathold_version_conflicts_total").increment(1);
                    self.cache = None;
                }
                Round::NotCommitted(error) => {
                    self.give_up(entries, &error).await;
                    return;
                }
                Round::Unknown => {
                    self.cache = None;
                    entries.into_iter().for_each(|entry| entry.refuse(Error::Unknown));
                    return;
                }
            }
        }
        self.give_up(entries, &Error::Busy).await;
    }

    /// Lets go of what can no longer be committed in time, so that it does not
    /// keep its neighbours from it.
    async fn drop_late(&mut self, entries: &mut Vec<Entry>) {
        let now = self.shared.env.now();
        let late = |entry: &mut Entry| entry.commit_by() <= now;
        let late: Vec<Entry> = entries.extract_if(.., late).collect();
        if !late.is_empty() {
            self.give_up(late, &Error::Unavailable).await;
        }
    }

    /// One try: decide, write what must be durable before, commit, answer.
    async fn round(&mut self, entries: &mut Vec<Entry>) -> Round {
        match self.refresh().await {
            Ok(true) => {}
            Ok(false) => return Round::NotCommitted(Refusal::ShowtimeNotFound.into()),
            // Only read so far: whatever went wrong, nothing was changed.
            Err(error) => {
                tracing::warn!(showtime = %self.showtime, %error, "no seat map");
                return Round::NotCommitted(Error::Unavailable);
            }
        }
        loop {
            let now = self.shared.env.now();
            let Some(cached) = &mut self.cache else { return Round::Again };
            let mut plan = Plan::decide(cached, std::mem::take(entries), &self.shared.rules, now);
            let mut duplicates = BTreeMap::new();
            let prepared = self.prepare(&mut plan, &mut duplicates).await;
            if prepared.is_ok() && duplicates.is_empty() {
                return self.commit(plan, entries).await;
            }
            if let Some(cached) = &mut self.cache {
                plan.revert(cached);
            }
            *entries = plan.into_entries();
            if let Err(error) = prepared {
                return Round::NotCommitted(error.into());
            }
            // Without those, the others may be decided otherwise.
            *entries = self.resolve_duplicates(std::mem::take(entries), duplicates).await;
        }
    }

    /// Writes claims, rows and marks of what was granted; collects the keys
    /// that turn out to be in use.
    async fn prepare(
        &self,
        plan: &mut Plan,
        duplicates: &mut BTreeMap<ClaimKey, Claim>,
    ) -> Result<(), StoreError> {
        let Some(cached) = &self.cache else { return Ok(()) };
        let mut preparation = Preparation::default();
        for (entry, change) in &plan.granted {
            preparation.displaced.extend(change.displaced());
            if let Some(booking) = entry.cancels().filter(|_| !change.is_empty()) {
                preparation.cancels.push((booking, entry.at));
            }
            if entry.is_unopened_hold() {
                preparation.holds.extend(entry.records(
                    &cached.map,
                    &cached.showtime,
                    &self.shared,
                ));
            }
        }
        if preparation.is_empty() {
            return Ok(());
        }
        let outcomes = match self.shared.store.prepare(&preparation).await {
            Ok(outcomes) => outcomes,
            Err(error) => {
                tracing::warn!(showtime = %self.showtime, %error, "claims and rows not written");
                if matches!(error, StoreError::Unknown(_)) {
                    let holds = preparation.holds.into_iter();
                    let holds = holds.map(|(claim, row)| (claim, row.id)).collect();
                    self.take_back_later(holds);
                }
                return Err(error);
            }
        };
        let mut opened = preparation.holds.into_iter().zip(outcomes);
        for (entry, change) in &mut plan.granted {
            if let Some(booking) = entry.cancels().filter(|_| !change.is_empty()) {
                entry.prepared = Durable::Cancel(booking, entry.at);
            }
            if !entry.is_unopened_hold() {
                continue;
            }
            match opened.next() {
                Some(((claim, _), Prepared::Opened)) => {
                    entry.prepared = Durable::Hold(Box::new(claim));
                }
                Some(((claim, _), Prepared::Duplicate(earlier))) => {
                    duplicates.insert(claim.key, *earlier);
                }
                None => {}
            }
        }
        Ok(())
    }

    /// The commit point. On success everybody is answered; else the entries
    /// are given back.
    async fn commit(&mut self, mut plan: Plan, entries: &mut Vec<Entry>) -> Round {
        let Some(cached) = &mut self.cache else { return Round::Again };
        if plan.granted.iter().all(|(_, change)| change.is_empty()) {
            self.answer(plan).await;
            return Round::Answered;
        }
        let commit = plan.commit(cached);
        let outcome = self.shared.store.commit(&commit).await;
        if let Ok(CommitOutcome::Applied) = outcome {
            cached.map.committed();
            self.answer(plan).await;
            return Round::Answered;
        }
        plan.revert(cached);
        *entries = plan.into_entries();
        match outcome {
            Err(StoreError::Unavailable(error)) => {
                tracing::warn!(showtime = %self.showtime, %error, "commit refused");
                Round::NotCommitted(Error::Unavailable)
            }
            Err(StoreError::Unknown(error)) => {
                tracing::warn!(showtime = %self.showtime, %error, "commit without an answer");
                entries.iter_mut().for_each(|entry| entry.in_doubt = entry.attempted);
                self.read_back(commit.at_version).await
            }
            Ok(_) => Round::Again,
        }
    }

    /// After a lost reply: once the version has moved, the commit either took
    /// effect, which a new decision recognises, or never will.
    async fn read_back(&self, decided_on: u64) -> Round {
        match self.shared.store.version(self.showtime).await {
            Ok(Some(version)) if version != decided_on => Round::Again,
            _ => Round::Unknown,
        }
    }

    /// Answers everybody after a commit, or when there was nothing to commit.
    async fn answer(&mut self, plan: Plan) {
        for (entry, change) in plan.granted {
            entry.grant(change.displaced());
        }
        self.refuse_all(plan.refused).await;
    }

    /// Answers refusals; a replay beats a refusal, so their keys are looked up.
    async fn refuse_all(&mut self, refused: Vec<(Entry, Refusal)>) {
        if refused.is_empty() {
            return;
        }
        let prepared = refused.iter().map(|(entry, _)| entry);
        self.take_back(prepared).await;
        let standings = self.look_up(refused.iter().map(|(entry, _)| entry)).await;
        for (entry, refusal) in refused {
            match (&standings, entry.key().cloned()) {
                (_, None) => entry.refuse(refusal.into()),
                (Err(_), Some(_)) => entry.refuse(Error::Unavailable),
                (Ok(standings), Some(key)) => match standings.get(&key) {
                    Some((claim, Standing::Finished)) if entry.matches(claim) => {
                        entry.replay(claim);
                    }
                    Some((claim, _)) if !entry.matches(claim) => {
                        entry.refuse(Refusal::KeyReused.into());
                    }
                    Some((_, Standing::Running)) => {
                        entry.refuse(Refusal::RequestInProgress.into());
                    }
                    _ => entry.refuse(refusal.into()),
                },
            }
        }
    }

    /// Answers everybody that nothing was committed, and takes back what was
    /// written on the way; not so for those of whom that is not known.
    async fn give_up(&mut self, mut entries: Vec<Entry>, error: &Error) {
        let in_doubt = entries.extract_if(.., |entry| entry.in_doubt);
        in_doubt.for_each(|entry| entry.refuse(Error::Unknown));
        if let Error::Refused(refusal) = error {
            // No such showtime: the desk's cache is empty, keys still count.
            let refused = entries.into_iter().map(|entry| (entry, refusal.clone())).collect();
            return self.refuse_all(refused).await;
        }
        self.take_back(entries.iter()).await;
        entries.into_iter().for_each(|entry| entry.refuse(error.clone()));
    }

    async fn take_back(&self, entries: impl Iterator<Item = &Entry>) {
        let (mut holds, mut cancels) = (Vec::new(), Vec::new());
        for entry in entries {
            match &entry.prepared {
                Durable::Nothing => {}
                Durable::Hold(claim) => holds.push((claim.as_ref().clone(), entry.booking)),
                Durable::Cancel(booking, at) => cancels.push((*booking, *at)),
            }
        }
        if holds.is_empty() && cancels.is_empty() {
            return;
        }
        if let Err(error) = self.shared.store.unprepare(&holds, &cancels).await {
            tracing::warn!(showtime = %self.showtime, %error, "not taken back yet");
            self.take_back_later(holds);
        }
    }

    /// Takes back what was written for holds, or may have been, once the store
    /// answers again. Else their keys would stay taken until their leases end.
    /// Not so marks of a cancel: a repeat may be relying on one by then.
    fn take_back_later(&self, holds: Vec<(Claim, BookingId)>) {
        let Some(until) = holds.iter().map(|(claim, _)| claim.lease_until).min() else { return };
        let shared = Arc::clone(&self.shared);
        self.shared.env.tasks.spawn(Box::pin(async move {
            while shared.store.unprepare(&holds, &[]).await.is_err() && shared.env.now() < until {
                sleep(TAKE_BACK_PAUSE).await;
            }
            // Once more before others may take the keys over: for what comes late.
            let rest = until.millis_since(shared.env.now()) - TAKE_BACK_MARGIN_MS;
            sleep(Duration::from_millis(rest.try_into().unwrap_or_default())).await;
            if let Err(error) = shared.store.unprepare(&holds, &[]).await {
                tracing::warn!(%error, "claims left to their lease");
            }
        }));
    }
}

impl Plan {
    /// Decides each command on what the ones before it leave.
    fn decide(cached: &mut Cached, entries: Vec<Entry>, rules: &Rules, now: Timestamp) -> Self {
        let mut plan = Self::default();
        for mut entry in entries {
            // This map is fresh: it tells what became of an earlier try.
            entry.in_doubt = false;
            match entry.decide(&cached.map, rules, now) {
                Ok(change) => {
                    cached.map.apply(&change);
                    plan.granted.push((entry, change));
                }
                Err(refusal) => plan.refused.push((entry, refusal)),
            }
        }
        plan
    }

    fn revert(&self, cached: &mut Cached) {
        for (_, change) in self.granted.iter().rev() {
            cached.map.revert(change);
        }
    }

    fn into_entries(self) -> Vec<Entry> {
        let granted = self.granted.into_iter().map(|(entry, _)| entry);
        granted.chain(self.refused.into_iter().map(|(entry, _)| entry)).collect()
    }

    /// The one versioned update of the whole batch.
    fn commit(&mut self, cached: &Cached) -> Commit {
        let mut seats: BTreeMap<SeatLabel, SeatState> = BTreeMap::new();
        let (mut not_before, mut cancelled_at, mut only_scheduled) = (None, None, false);
        let mut deadline: Option<Timestamp> = None;
        for (entry, change) in self.granted.iter_mut().filter(|(_, change)| !change.is_empty()) {
            entry.attempted = true;
            let by = entry.commit_by();
            deadline = Some(deadline.map_or(by, |deadline| deadline.min(by)));
            seats.extend(change.seats.iter().map(|seat| (seat.label, seat.to.clone())));
            // Nor by a clock that is ahead: what it dates would last too long.
            let dated = entry.at.plus_millis(-CLOCK_TOLERANCE_MS);
            not_before = not_before.max(change.not_before).max(Some(dated));
            cancelled_at = cancelled_at.or(change.cancelled_at);
            only_scheduled |= entry.is_hold();
        }
        Commit {
            showtime: cached.showtime.id,
            at_version: cached.map.version(),
            seats: seats.into_iter().collect(),
            available: cached.map.available(),
            next_expiry: cached.map.next_expiry(),
            cancelled_at,
            only_scheduled,
            not_before,
            deadline: deadline.unwrap_or_default(),
        }
    }
}
