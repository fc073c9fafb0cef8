//! Idempotency keys, and what is written before a commit.

use seathold_core::{BookingId, Timestamp};
use seathold_service::model::{Booking, BookingStatus, Claim, ClaimKey, ClaimStatus, Resource};
use seathold_service::ports::{ClaimEnd, Preparation, Prepared};

use super::State;

impl State {
    /// The claims of new holds; gives those that have the keys already.
    pub(super) fn open_claims(&mut self, holds: &[(Claim, Booking)]) -> Vec<Option<Claim>> {
        holds.iter().map(|(claim, _)| self.insert_claim(claim)).collect()
    }

    /// The rows of new holds, as if all keys were free; with the marks that they
    /// would miss if these were set before.
    pub(super) fn open_rows(&mut self, preparation: &Preparation) {
        for (_, row) in &preparation.holds {
            let was_held = row.was_held || preparation.displaced.contains(&row.id);
            self.rows.insert(row.id, Booking { was_held, ..row.clone() });
        }
    }

    /// Removes the rows of those whose keys were in use.
    pub(super) fn close_rows(&mut self, holds: &[(Claim, Booking)], earlier: &[Option<Claim>]) {
        for ((claim, row), earlier) in holds.iter().zip(earlier) {
            let Some(earlier) = earlier else { continue };
            if earlier.resource != Resource::Booking(row.id) {
                self.remove_row(row.id, claim.lease_until);
            }
        }
    }

    /// The marks on rows whose seats are about to be given back, or taken.
    pub(super) fn mark(&mut self, preparation: &Preparation) {
        for (id, at) in &preparation.cancels {
            if let Some(row) = self.rows.get_mut(id)
                && row.status == BookingStatus::Pending
            {
                row.cancelled_at.get_or_insert(*at);
            }
        }
        for id in &preparation.displaced {
            if let Some(row) = self.rows.get_mut(id) {
                row.was_held = true;
            }
        }
    }

    pub(super) fn prepare(&mut self, preparation: &Preparation) -> Vec<Prepared> {
        let holds = &preparation.holds;
        let earlier = self.open_claims(holds);
        for ((_, row), earlier) in holds.iter().zip(&earlier) {
            if earlier.is_none() {
                self.rows.insert(row.id, row.clone());
            }
        }
        self.mark(preparation);
        prepared(earlier)
    }

    pub(super) fn unprepare(
        &mut self,
        holds: &[(Claim, BookingId)],
        cancels: &[(BookingId, Timestamp)],
    ) {
        self.remove_claims(holds);
        self.remove_rows(holds);
        self.unmark(cancels);
    }

    pub(super) fn remove_claims(&mut self, holds: &[(Claim, BookingId)]) {
        for (claim, _) in holds {
            if self.owned(claim).is_some() {
                self.claims.remove(&claim.key);
            }
        }
    }

    pub(super) fn remove_rows(&mut self, holds: &[(Claim, BookingId)]) {
        for (claim, row) in holds {
            let named = self.claims.get(&claim.key).map(|named| named.resource);
            if named != Some(Resource::Booking(*row)) {
                self.remove_row(*row, claim.lease_until);
            }
        }
    }

    pub(super) fn unmark(&mut self, cancels: &[(BookingId, Timestamp)]) {
        for (id, at) in cancels {
            if let Some(row) = self.rows.get_mut(id)
                && row.status == BookingStatus::Pending
                && row.cancelled_at == Some(*at)
            {
                row.cancelled_at = None;
            }
        }
    }

    pub(super) fn find_claims(&self, keys: &[ClaimKey]) -> Vec<Claim> {
        keys.iter().filter_map(|key| self.claims.get(key)).cloned().collect()
    }

    pub(super) fn insert_claim(&mut self, claim: &Claim) -> Option<Claim> {
        let first = self.claims.get(&claim.key).cloned();
        if first.is_none() {
            self.claims.insert(claim.key.clone(), claim.clone());
        }
        first
    }

    pub(super) fn take_claim(&mut self, old: &Claim, new: &Claim) -> bool {
        let owned = self.owned(old).is_some();
        if owned {
            self.claims.remove(&old.key);
            self.claims.insert(new.key.clone(), new.clone());
        }
        owned
    }

    /// Makes a row anew, unless one was made later.
    pub(super) fn replace_row(&mut self, row: &Booking) -> bool {
        let later = |kept: &Booking| row.held_at < kept.held_at;
        if self.rows.get(&row.id).is_some_and(later) {
            return false;
        }
        self.rows.insert(row.id, row.clone());
        true
    }

    pub(super) fn take_over(&mut self, old: &Claim, new: &Claim, row: Option<&Booking>) -> bool {
        let taken = self.take_claim(old, new);
        if let Some(row) = row.filter(|_| taken) {
            self.rows.insert(row.id, row.clone());
        }
        taken
    }

    pub(super) fn end_claim(&mut self, claim: &Claim, end: &ClaimEnd) {
        if self.owned(claim).is_none() {
            return;
        }
        let (status, response) = match end {
            ClaimEnd::Completed(answer) => (ClaimStatus::Completed, Some(answer.clone())),
            ClaimEnd::Failed => (ClaimStatus::Failed, None),
            ClaimEnd::Discarded => {
                self.claims.remove(&claim.key);
                return;
            }
        };
        if let Some(kept) = self.claims.get_mut(&claim.key) {
            (kept.status, kept.response) = (status, response);
        }
    }

    pub(super) fn purge_claims(&mut self, now: Timestamp) -> u64 {
        let before = self.claims.len();
        self.claims.retain(|_, claim| now < claim.expires_at);
        (before - self.claims.len()) as u64
    }

    fn owned(&self, claim: &Claim) -> Option<&Claim> {
        self.claims.get(&claim.key).filter(|kept| kept.owner == claim.owner)
    }

    fn remove_row(&mut self, id: BookingId, lease_until: Timestamp) {
        if self.rows.get(&id).is_some_and(|row| row.lease_until == lease_until) {
            self.rows.remove(&id);
        }
    }
}

/// What became of new holds, given the claims that had their keys.
pub(super) fn prepared(earlier: Vec<Option<Claim>>) -> Vec<Prepared> {
    let outcome = |earlier: Option<Claim>| {
        earlier.map_or(Prepared::Opened, |claim| Prepared::Duplicate(Box::new(claim)))
    };
    earlier.into_iter().map(outcome).collect()
}
