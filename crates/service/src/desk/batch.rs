use std::collections::{BTreeMap, BTreeSet};
use std::mem::take;
use std::ops::ControlFlow::{self, Break, Continue};
use std::sync::Arc;

use seathold_core::Refusal;
use tokio::time::Instant;

use super::Ticket;
use super::claims::{self, Standing};
use super::entry::{Durable, Entry};
use super::plan::Plan;
use super::task::{Desk, Turn};
use crate::Error;
use crate::limits::ROUNDS_MAX;
use crate::model::{Claim, ClaimKey, Version};
use crate::ports::{CommitOutcome, News, Preparation, Prepared, StoreError};

/// Commands on their way through the rounds.
struct Batch {
    entries: Vec<Entry>,
    /// How many they were.
    size: usize,
    /// Whether the map was verified since they came. What is committed needs no
    /// more than the commit; what is not, does.
    fresh: bool,
    /// Whether it runs without the lease, which was not to be had.
    alone: bool,
}

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

impl From<StoreError> for Round {
    /// Only read so far: whatever went wrong, nothing was changed.
    fn from(error: StoreError) -> Self {
        tracing::warn!(%error, "no seat map");
        Self::NotCommitted(Error::Unavailable)
    }
}

impl Desk {
    /// Serves a batch: everybody is answered when this returns.
    pub(super) async fn serve(&mut self, tickets: Vec<Ticket>) {
        let (size, began) = (tickets.len(), Instant::now());
        self.turn_since = None;
        let mut batch = Batch { entries: self.enter(tickets), size, fresh: false, alone: false };
        // The first try may be on a map that is behind: it comes for free.
        for round in 0..=ROUNDS_MAX {
            self.drop_late(&mut batch.entries).await;
            if batch.entries.is_empty() {
                // Nobody waits for the store.
                self.crowd.served(batch.size, began.elapsed());
                return;
            }
            match self.round(&mut batch, round > 0).await {
                Round::Answered => {
                    metrics::histogram!("seathold_batch_size").record(batch.size as f64);
                    self.crowd.served(batch.size, began.elapsed());
                    if let Some(since) = self.turn_since {
                        self.stride.took(batch.size, since.elapsed());
                        self.crowd.took_turn(since.elapsed(), self.stride.most());
                    }
                    return;
                }
                Round::Again => {
                    metrics::counter!("seathold_version_conflicts_total").increment(1);
                    self.slot.forget();
                }
                Round::NotCommitted(error) => {
                    self.crowd.not_served();
                    self.give_up(batch.entries, &error).await;
                    return;
                }
                Round::Unknown => {
                    self.crowd.not_served();
                    self.slot.forget();
                    batch.entries.into_iter().for_each(|entry| entry.refuse(Error::Unknown));
                    return;
                }
            }
        }
        self.give_up(batch.entries, &Error::Busy).await;
    }

    fn enter(&self, tickets: Vec<Ticket>) -> Vec<Entry> {
        if let Some(longest) = tickets.iter().map(|ticket| ticket.since).min() {
            metrics::histogram!("seathold_desk_wait_seconds").record(longest.elapsed());
        }
        let now = self.shared.env.now();
        let served = now.plus_millis(self.crowd.batch().as_millis() as i64);
        let mut entries = Vec::with_capacity(tickets.len());
        for ticket in tickets {
            if ticket.deadline <= now {
                ticket.refuse(Error::Unavailable);
            } else if ticket.deadline <= served && ticket.is_hold() {
                // Most likely nobody would hear of it any more: the others are served in time.
                ticket.refuse(Error::Busy);
            } else {
                entries.push(Entry::new(ticket, &self.shared, now));
            }
        }
        entries
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

    /// One try, on the map as it is known, or loaded anew.
    async fn round(&mut self, batch: &mut Batch, reload: bool) -> Round {
        batch.fresh = false;
        if reload && let Break(round) = self.reload(batch).await {
            return round;
        }
        loop {
            let step = match self.decide(batch).await {
                Continue(plan) if plan.changes_nothing() => self.answer_alone(batch, plan).await,
                Continue(plan) => self.carry_out(batch, plan).await,
                Break(round) => Break(round),
            };
            if let Break(round) = step {
                return round;
            }
        }
    }

    /// Decides the batch on the map.
    async fn decide(&mut self, batch: &mut Batch) -> ControlFlow<Round, Plan> {
        loop {
            let now = self.shared.env.now();
            let plan = self.slot.with(|known| {
                let known = known?;
                Some(Plan::decide(known, take(&mut batch.entries), &self.shared.rules, now))
            });
            let Some(mut plan) = plan else {
                self.reload(batch).await?;
                continue;
            };
            // At once: whatever becomes of the others, these are not taken back.
            take(&mut plan.done).into_iter().for_each(|entry| entry.grant(Vec::new()));
            let (gone, mut over) = (take(&mut plan.gone), take(&mut plan.over));
            if gone.is_empty() && over.is_empty() {
                return Continue(plan);
            }
            batch.entries = plan.into_entries();
            batch.entries.extend(self.resolve_gone(gone).await);
            // What was tried may have taken effect, and been swept since.
            over.iter_mut().for_each(|entry| entry.in_doubt = entry.attempted);
            self.give_up(over, &Error::Unavailable).await;
            if batch.entries.is_empty() {
                return Break(Round::Answered);
            }
        }
    }

    async fn reload(&mut self, batch: &mut Batch) -> ControlFlow<Round> {
        let loaded = self.load().await;
        batch.goes_on(loaded)
    }

    /// Makes sure that the map is the present one since the batch came. It may be
    /// another one then.
    async fn verify(&mut self, batch: &mut Batch, version: Version) -> ControlFlow<Round> {
        if batch.fresh || self.is_verified(version) {
            return batch.goes_on(Ok(true));
        }
        let found = self.refresh().await;
        batch.goes_on(found)
    }

    /// Answers a batch that leaves everything as it is.
    async fn answer_alone(&mut self, batch: &mut Batch, plan: Plan) -> ControlFlow<Round> {
        let (keys, store) = (plan.refused_keys(), Arc::clone(&self.shared.store));
        let claims = claims::find(&*store, &keys);
        let (verified, claims) = tokio::join!(self.verify(batch, plan.version), claims);
        if verified.is_continue() && self.slot.version() == Some(plan.version) {
            self.answer(plan, claims).await;
            return Break(Round::Answered);
        }
        batch.entries = plan.into_entries();
        verified
    }

    /// Makes durable what must be before the commit, and commits.
    async fn carry_out(&mut self, batch: &mut Batch, mut plan: Plan) -> ControlFlow<Round> {
        let turn = self.take_turn(batch, plan.version).await;
        if turn.is_break() || self.slot.version() != Some(plan.version) || !batch.entries.is_empty()
        {
            batch.entries.splice(0..0, plan.into_entries());
            return turn;
        }
        let (keys, mut duplicates) = (plan.refused_keys(), BTreeMap::new());
        let claims = claims::find(&*self.shared.store, &keys);
        let (prepared, claims) = tokio::join!(self.prepare(&mut plan, &mut duplicates), claims);
        if prepared.is_ok() && duplicates.is_empty() {
            return Break(self.commit(batch, plan, claims).await);
        }
        let (showtime, version) = (plan.showtime.clone(), plan.version);
        batch.entries = plan.into_entries();
        if let Err(error) = prepared {
            return Break(Round::NotCommitted(error.into()));
        }
        // What a key stands for is read from a map that was verified.
        self.verify(batch, version).await?;
        // Without those, the others may be decided otherwise.
        let entries = take(&mut batch.entries);
        batch.entries = self.resolve_duplicates(&showtime, entries, duplicates).await;
        Continue(())
    }

    /// Makes sure of the lease, and of what others did who had it before. Whoever
    /// has come meanwhile joins the batch.
    async fn take_turn(&mut self, batch: &mut Batch, version: Version) -> ControlFlow<Round> {
        let turn = if batch.alone { Turn::Without } else { self.lease().await };
        self.turn_since.get_or_insert_with(Instant::now);
        match turn {
            Turn::Kept => Continue(()),
            Turn::New => {
                self.shared.maps.catch_up(&self.slot, version.number).await;
                let latecomers = self.latecomers(batch.size);
                batch.fresh &= latecomers.is_empty();
                batch.size += latecomers.len();
                batch.entries = self.enter(latecomers);
                Continue(())
            }
            // Others are at it as well: what is written in vain costs more than a look.
            Turn::Without => {
                batch.alone = true;
                self.verify(batch, version).await
            }
        }
    }

    /// Writes claims, rows and marks of what was granted; collects the keys
    /// that turn out to be in use.
    async fn prepare(
        &self,
        plan: &mut Plan,
        duplicates: &mut BTreeMap<ClaimKey, Claim>,
    ) -> Result<(), StoreError> {
        let mut preparation = Preparation::default();
        for (entry, change) in &plan.granted {
            preparation.displaced.extend(change.displaced());
            if let Some(booking) = entry.cancels().filter(|_| !change.is_empty()) {
                preparation.cancels.push((booking, entry.at));
            }
            if entry.is_unopened_hold() {
                preparation.holds.extend(entry.records(&plan.showtime, &self.shared));
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
    async fn commit(
        &mut self,
        batch: &mut Batch,
        mut plan: Plan,
        claims: Result<Vec<Claim>, StoreError>,
    ) -> Round {
        let (commit, asked) = (plan.commit(self.shared.env.uuid()), Instant::now());
        let outcome = self.shared.store.commit(&commit).await;
        if let Ok(CommitOutcome::Applied) = outcome {
            let changes = plan.granted.iter().map(|(_, change)| change);
            self.slot.committed(plan.version, commit.id, changes, asked);
            self.shared.maps.weigh(&self.slot);
            self.verified(Some(commit.makes()));
            self.shared.feed.publish(News::of(commit));
            self.answer(plan, claims).await;
            return Round::Answered;
        }
        batch.entries = plan.into_entries();
        match outcome {
            Err(StoreError::Unavailable(error)) => {
                tracing::warn!(showtime = %self.showtime, %error, "commit refused");
                Round::NotCommitted(Error::Unavailable)
            }
            Err(StoreError::Unknown(error)) => {
                tracing::warn!(showtime = %self.showtime, %error, "commit without an answer");
                batch.entries.iter_mut().for_each(Entry::reply_is_lost);
                self.read_back(commit.at).await
            }
            Ok(_) => Round::Again,
        }
    }

    /// After a lost reply: once the version has moved, the commit either took
    /// effect, which a new decision recognises, or never will.
    async fn read_back(&self, decided_on: Version) -> Round {
        match self.shared.store.version(self.showtime).await {
            Ok(Some(version)) if version != decided_on => Round::Again,
            _ => Round::Unknown,
        }
    }

    /// Answers everybody after a commit, or when there was nothing to commit.
    async fn answer(&mut self, plan: Plan, mut claims: Result<Vec<Claim>, StoreError>) {
        if let Ok(claims) = &mut claims {
            // The same key may have come twice.
            let refused: BTreeSet<_> = plan.refused.iter().filter_map(|it| it.0.key()).collect();
            claims.extend(plan.claims().filter(|claim| refused.contains(&claim.key)).cloned());
        }
        for (entry, change) in plan.granted {
            entry.grant(change.displaced());
        }
        self.refuse_all(plan.refused, claims).await;
    }

    /// Answers refusals; a replay beats a refusal.
    async fn refuse_all(
        &self,
        mut refused: Vec<(Entry, Refusal)>,
        claims: Result<Vec<Claim>, StoreError>,
    ) {
        if refused.is_empty() {
            return;
        }
        self.take_back(refused.iter_mut().map(|(entry, _)| entry).collect()).await;
        let standings = self.standings(claims).await;
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
        let unknown = entries.extract_if(.., |entry| entry.is_unknown());
        unknown.for_each(|entry| entry.refuse(Error::Unknown));
        if let Error::Refused(refusal) = error {
            // No such showtime: no map is known, keys still count.
            let keys: Vec<_> = entries.iter().filter_map(|entry| entry.key().cloned()).collect();
            let claims = claims::find(&*self.shared.store, &keys).await;
            let refused = entries.into_iter().map(|entry| (entry, refusal.clone())).collect();
            return self.refuse_all(refused, claims).await;
        }
        self.take_back(entries.iter_mut().collect()).await;
        entries.into_iter().for_each(|entry| entry.refuse(error.clone()));
    }
}

impl Batch {
    /// Goes on with a map that is the present one since these came: it tells what
    /// became of an earlier try.
    fn goes_on(&mut self, found: Result<bool, StoreError>) -> ControlFlow<Round> {
        match found {
            Ok(true) => {
                self.fresh = true;
                self.entries.iter_mut().for_each(|entry| entry.in_doubt = false);
                Continue(())
            }
            Ok(false) => Break(Round::NotCommitted(Refusal::ShowtimeNotFound.into())),
            Err(error) => Break(error.into()),
        }
    }
}
