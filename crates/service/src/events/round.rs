use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use futures_util::future::join_all;
use seathold_core::BookingId;

use crate::limits::{TELL_AT_ONCE, TELL_PAGE};
use crate::model::{Booking, BookingStatus, ReceiverId};
use crate::{Error, Service, rule};

/// Times in a row that a receiver may fail before the rest is left to the next
/// round: most likely it is down, and each try takes its time.
const FAILURES_MAX: u32 = 8;

/// What one round has told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Bookings that were looked at.
    pub bookings: u64,
    /// Events that receivers have now.
    pub told: u64,
    /// Events that were given up.
    pub dead: u64,
}

/// A booking to be told of.
pub(super) struct Subject {
    /// Its row, as it is written down.
    pub(super) row: Booking,
    /// The same as readers see it; none while its seats may be on their way.
    pub(super) seen: Option<Booking>,
}

impl Subject {
    /// Whether its seats may be on their way.
    pub(super) fn is_in_flight(&self) -> bool {
        self.seen.is_none() && self.row.status == BookingStatus::Pending
    }

    /// As it is shown.
    pub(super) fn shown(&self) -> &Booking {
        let pending = self.row.status == BookingStatus::Pending;
        self.seen.as_ref().filter(|_| pending).unwrap_or(&self.row)
    }

    /// Whether its seats do or did stand under it although it is pending.
    pub(super) fn stands(&self) -> bool {
        self.seen.is_some() && self.row.status == BookingStatus::Pending
    }
}

/// How often each receiver has failed in a row.
#[derive(Default)]
pub(super) struct Failing(Mutex<BTreeMap<ReceiverId, u32>>);

impl Failing {
    pub(super) fn is_down(&self, receiver: ReceiverId) -> bool {
        self.counts().get(&receiver).is_some_and(|count| *count >= FAILURES_MAX)
    }

    pub(super) fn note(&self, receiver: ReceiverId, failed: bool) {
        let mut counts = self.counts();
        let count = counts.entry(receiver).or_default();
        *count = if failed { *count + 1 } else { 0 };
    }

    fn counts(&self) -> std::sync::MutexGuard<'_, BTreeMap<ReceiverId, u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Service {
    /// Tells others what has happened to bookings and was not told yet: each event
    /// at least once, those of one booking in order. Any instance may do it at any
    /// time.
    ///
    /// # Errors
    /// The store failed; the next round goes on from there.
    pub async fn tell_events(&self) -> Result<Told, Error> {
        let (mut told, failing) = (Told::default(), Failing::default());
        if !self.outbound.tells() {
            return Ok(told);
        }
        // What is put off meanwhile is left to a later round, and so is what is there
        // still.
        let (begun, mut seen) = (self.env.now(), BTreeSet::new());
        loop {
            let mut rows = self.store.untold_bookings(begun, TELL_PAGE).await?;
            rows.retain(|row| seen.insert(row.id));
            if rows.is_empty() {
                return Ok(told);
            }
            let subjects = self.subjects(rows).await?;
            for some in subjects.chunks(TELL_AT_ONCE) {
                for one in join_all(some.iter().map(|it| self.tell_of(it, &failing))).await {
                    let one = one?;
                    told.bookings += 1;
                    told.told += one.told;
                    told.dead += one.dead;
                }
            }
        }
    }

    /// The rows by the one rule, and as they are written down then.
    async fn subjects(&self, rows: Vec<Booking>) -> Result<Vec<Subject>, Error> {
        let ids: Vec<BookingId> = rows.iter().map(|row| row.id).collect();
        let settled = rule::settle(&*self.store, rows, self.env.now()).await?;
        let mut seen: BTreeMap<_, _> = settled.rows.into_iter().map(|row| (row.id, row)).collect();
        // Those that are no longer as they were read are told of as they are now.
        let rows = self.store.bookings(&ids).await?;
        Ok(rows
            .into_iter()
            .map(|row| {
                let seen = seen.remove(&row.id).filter(|seen| seen.held_at == row.held_at);
                Subject { row, seen }
            })
            .collect())
    }
}
