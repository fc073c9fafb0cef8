use std::collections::BTreeMap;

use seathold_core::{BookingId, Refusal};

use super::entry::{Durable, Entry};
use super::task::Desk;
use crate::Error;
use crate::maps::Known;
use crate::model::{Booking, BookingStatus, Claim, ClaimKey, ClaimStatus, Resource, Showtime};
use crate::ports::{Store, StoreError};

/// What a key that was used before stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Its request took effect: its answer is replayed.
    Finished,
    /// Its request may still be running.
    Running,
    /// Its owner crashed before anything took effect: the request is resumed.
    Abandoned,
}

impl Desk {
    /// Deals with granted holds whose key turned out to be in use; gives back
    /// those that go on: the others in the batch, and what is resumed. The map
    /// was verified since.
    pub(super) async fn resolve_duplicates(
        &self,
        showtime: &Showtime,
        entries: Vec<Entry>,
        mut duplicates: BTreeMap<ClaimKey, Claim>,
    ) -> Vec<Entry> {
        let mut staying = Vec::with_capacity(entries.len());
        for mut entry in entries {
            let in_use = entry.key().filter(|_| entry.is_unopened_hold());
            let Some(claim) = in_use.and_then(|key| duplicates.remove(key)) else {
                staying.push(entry);
                continue;
            };
            if !entry.matches(&claim) {
                entry.refuse(Refusal::KeyReused.into());
                continue;
            }
            match self.standing(&claim).await {
                Ok(Standing::Finished) => entry.replay(&claim),
                Ok(Standing::Running) => entry.refuse(Refusal::RequestInProgress.into()),
                Ok(Standing::Abandoned) => match self.resume(&mut entry, &claim, showtime).await {
                    Ok(true) => staying.push(entry),
                    Ok(false) => entry.refuse(Refusal::RequestInProgress.into()),
                    Err(error) => entry.refuse(error.into()),
                },
                Err(error) => entry.refuse(error.into()),
            }
        }
        staying
    }

    /// Takes an abandoned claim over, with the booking id it was made for.
    async fn resume(
        &self,
        entry: &mut Entry,
        old: &Claim,
        showtime: &Showtime,
    ) -> Result<bool, StoreError> {
        let Resource::Booking(booking) = old.resource else { return Ok(false) };
        entry.booking = booking;
        entry.at = self.shared.env.now();
        let Some((claim, row)) = entry.records(showtime, &self.shared) else {
            return Ok(false);
        };
        let taken = self.shared.store.take_over(old, &claim, Some(&row)).await?;
        if taken {
            entry.prepared = Durable::Hold(Box::new(claim));
        }
        Ok(taken)
    }

    /// Answers holds that took effect, and have lost their seats before that was known;
    /// gives back those that never did. The map was read since their commits.
    pub(super) async fn resolve_gone(&self, gone: Vec<Entry>) -> Vec<Entry> {
        let mut staying = Vec::new();
        for mut entry in gone {
            let Durable::Hold(claim) = &entry.prepared else { continue };
            match self.standing(claim).await {
                Ok(Standing::Finished) => entry.grant(Vec::new()),
                Ok(Standing::Running | Standing::Abandoned) => {
                    entry.lost = false;
                    staying.push(entry);
                }
                Err(_) => entry.refuse(Error::Unknown),
            }
        }
        staying
    }

    /// What each of these claims stands for.
    pub(super) async fn standings(
        &self,
        claims: Result<Vec<Claim>, StoreError>,
    ) -> Result<BTreeMap<ClaimKey, (Claim, Standing)>, StoreError> {
        let mut standings = BTreeMap::new();
        for claim in claims? {
            let standing = self.standing(&claim).await?;
            standings.insert(claim.key.clone(), (claim, standing));
        }
        Ok(standings)
    }

    /// Whether seats stand under a booking; loads the map if it was forgotten.
    async fn stands(&self, booking: BookingId) -> Result<bool, StoreError> {
        let seats = |known: &mut Known| known.map.seats_of(booking).next().is_some();
        loop {
            if let Some(stands) = self.slot.with(|known| known.map(seats)) {
                return Ok(stands);
            }
            if !self.shared.maps.load(&self.slot).await? {
                return Ok(false);
            }
        }
    }

    /// What a claim stands for, going by the seats and, once they are gone, by
    /// the mark that was set before they were taken away.
    async fn standing(&self, claim: &Claim) -> Result<Standing, StoreError> {
        let Resource::Booking(booking) = claim.resource else { return Ok(Standing::Running) };
        if claim.status == ClaimStatus::Completed {
            return Ok(Standing::Finished);
        }
        if self.stands(booking).await? {
            return Ok(Standing::Finished);
        }
        let row = self.shared.store.booking(booking).await?;
        if row.is_some_and(|row| was_held(&row)) {
            return Ok(Standing::Finished);
        }
        let runs =
            claim.status == ClaimStatus::Processing && self.shared.env.now() < claim.lease_until;
        Ok(if runs { Standing::Running } else { Standing::Abandoned })
    }
}

/// The claims that exist on these keys.
pub(super) async fn find(store: &dyn Store, keys: &[ClaimKey]) -> Result<Vec<Claim>, StoreError> {
    if keys.is_empty() { Ok(Vec::new()) } else { store.find_claims(keys).await }
}

fn was_held(row: &Booking) -> bool {
    row.was_held || row.status == BookingStatus::Confirmed
}
