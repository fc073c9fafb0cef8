use std::collections::BTreeSet;
use std::mem::take;
use std::sync::Arc;

use seathold_core::{Change, Refusal, SeatLabel, Timestamp};
use uuid::Uuid;

use super::entry::{Durable, Entry};
use crate::Rules;
use crate::limits::CLOCK_TOLERANCE_MS;
use crate::maps::Known;
use crate::model::{Claim, ClaimKey, Showtime, Version};
use crate::ports::{Commit, PlacedSeat};

/// A batch decided on one version, each command on what those before it leave.
pub(super) struct Plan {
    pub(super) showtime: Arc<Showtime>,
    /// The version it was decided on.
    pub(super) version: Version,
    pub(super) granted: Vec<(Entry, Change)>,
    pub(super) refused: Vec<(Entry, Refusal)>,
    /// Holds that would be over already.
    pub(super) over: Vec<Entry>,
    /// Those of which the map shows that they took effect before.
    pub(super) done: Vec<Entry>,
    /// Holds of which it does not show whether they did.
    pub(super) gone: Vec<Entry>,
    /// The seats that change, as it leaves them.
    seats: Vec<PlacedSeat>,
    /// Seats available after it.
    available: u32,
    /// The end of the hold that ends first after it.
    next_expiry: Option<Timestamp>,
}

impl Plan {
    /// Decides each command. The map is left as it was: settled.
    ///
    /// No booking gets seats and loses them in the same batch: it would be marked as one
    /// that was held, which it never was. So what frees seats comes first, and a hold that
    /// would be over already is left out.
    pub(super) fn decide(
        known: &mut Known,
        mut entries: Vec<Entry>,
        rules: &Rules,
        now: Timestamp,
    ) -> Self {
        known.touch();
        let lost = entries.extract_if(.., |entry| entry.lost);
        let (done, rest): (Vec<_>, Vec<_>) =
            lost.partition(|entry| entry.took_effect(&known.map, rules, now));
        let (gone, mut again): (Vec<_>, Vec<_>) = rest.into_iter().partition(Entry::is_hold);
        again.iter_mut().for_each(|entry| entry.lost = false);
        entries.extend(again);
        let over = entries.extract_if(.., |entry| entry.is_over(&known.map, rules, now)).collect();
        entries.sort_by_key(|entry| !entry.frees());
        let (mut granted, mut refused) = (Vec::with_capacity(entries.len()), Vec::new());
        for mut entry in entries {
            match entry.decide(&known.map, rules, now) {
                Ok(change) => {
                    entry.price(&known.map, known.showtime.price);
                    known.map.apply(&change);
                    granted.push((entry, change));
                }
                Err(refusal) => refused.push((entry, refusal)),
            }
        }
        let (showtime, version) = (Arc::clone(&known.showtime), known.version());
        let (available, next_expiry) = (known.map.available(), known.map.next_expiry());
        let changes = granted.iter().flat_map(|(_, change)| &change.seats);
        let changed: BTreeSet<SeatLabel> = changes.map(|seat| seat.label).collect();
        let seats = changed.iter().filter_map(|label| known.map.seat(label)).map(PlacedSeat::from);
        let seats = seats.collect();
        for (_, change) in granted.iter().rev() {
            known.map.revert(change);
        }
        Self {
            showtime,
            version,
            granted,
            refused,
            over,
            done,
            gone,
            seats,
            available,
            next_expiry,
        }
    }

    /// Whether it leaves everything as it is.
    pub(super) fn changes_nothing(&self) -> bool {
        self.granted.iter().all(|(_, change)| change.is_empty())
    }

    pub(super) fn into_entries(self) -> Vec<Entry> {
        let granted = self.granted.into_iter().map(|(entry, _)| entry);
        let refused = self.refused.into_iter().map(|(entry, _)| entry);
        granted.chain(refused).collect()
    }

    /// The keys of those that are refused, and have no claim yet; each once.
    pub(super) fn refused_keys(&self) -> Vec<ClaimKey> {
        let unopened = self.refused.iter().filter(|(entry, _)| entry.is_unopened_hold());
        let mut keys: Vec<_> = unopened.filter_map(|(entry, _)| entry.key().cloned()).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// The claims of those that are granted.
    pub(super) fn claims(&self) -> impl Iterator<Item = &Claim> {
        self.granted.iter().filter_map(|(entry, _)| match &entry.prepared {
            Durable::Hold(claim) => Some(&**claim),
            Durable::Nothing | Durable::Cancel(..) => None,
        })
    }

    /// The one versioned update of the whole batch, about to be tried.
    pub(super) fn commit(&mut self, id: Uuid) -> Commit {
        let (mut not_before, mut cancelled_at, mut only_scheduled) = (None, None, false);
        let mut deadline: Option<Timestamp> = None;
        for (entry, change) in self.granted.iter_mut().filter(|(_, change)| !change.is_empty()) {
            entry.attempted = true;
            // A hold that is relied on must not be over by the store's clock either.
            let by = change.before.map_or(entry.commit_by(), |end| end.min(entry.commit_by()));
            deadline = Some(deadline.map_or(by, |deadline| deadline.min(by)));
            // Nor by a clock that is ahead: what it dates would last too long.
            let dated = entry.at.plus_millis(-CLOCK_TOLERANCE_MS);
            not_before = not_before.max(change.not_before).max(Some(dated));
            cancelled_at = cancelled_at.or(change.cancelled_at);
            only_scheduled |= entry.is_hold();
        }
        Commit {
            showtime: self.showtime.id,
            id,
            at: self.version,
            seats: take(&mut self.seats),
            available: self.available,
            next_expiry: self.next_expiry,
            cancelled_at,
            only_scheduled,
            not_before,
            deadline: deadline.unwrap_or_default(),
        }
    }
}
