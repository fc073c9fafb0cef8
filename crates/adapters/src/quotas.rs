//! Requests counted within one process.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use seathold_core::Timestamp;
use seathold_service::ports::{Account, Charged, Quotas};

/// Accounts in one of the two generations at the most: with their names, some 10 MB.
const ACCOUNTS_MAX: usize = 50_000;

/// Counts the requests of this process. Takes no more memory than `ACCOUNTS_MAX`
/// allows: under a flood of names, those that were not charged for the longest are
/// forgotten, never one that goes on asking.
#[derive(Debug, Default)]
pub struct InProcessQuotas {
    book: Mutex<Book>,
}

/// When each account has all of its requests back, in µs. Who is charged moves to the
/// young; when they are too many, they become the old, and the old are forgotten.
#[derive(Debug, Default)]
struct Book {
    young: BTreeMap<String, i64>,
    old: BTreeMap<String, i64>,
}

impl Book {
    fn noted(&self, name: &str) -> Option<i64> {
        self.young.get(name).or_else(|| self.old.get(name)).copied()
    }

    fn note(&mut self, name: &str, full_at: i64) {
        if let Some(known) = self.young.get_mut(name) {
            *known = full_at;
            return;
        }
        if self.young.len() >= ACCOUNTS_MAX {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(name.to_owned(), full_at);
    }

    fn charge(&mut self, accounts: &[Account], now: i64) -> Charged {
        let full_at = |account: &Account| account.quota.full_at(self.noted(&account.name), now);
        let mut full_at: Vec<i64> = accounts.iter().map(full_at).collect();
        let allows = |(account, at): (&Account, &i64)| account.quota.allows(*at, now);
        let granted = accounts.iter().zip(&full_at).all(allows);
        for (account, at) in accounts.iter().zip(&mut full_at) {
            if granted {
                *at += account.quota.interval();
            }
            // Who is refused is noted too: it has asked.
            self.note(&account.name, *at);
        }
        let balance = |(account, at): (&Account, &i64)| account.quota.balance(*at, now);
        Charged { granted, balances: accounts.iter().zip(&full_at).map(balance).collect() }
    }
}

#[async_trait]
impl Quotas for InProcessQuotas {
    async fn charge(&self, accounts: &[Account], now: Timestamp) -> Charged {
        // Nothing in there is left half done by a panic.
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        book.charge(accounts, micros(now))
    }
}

pub(crate) const fn micros(now: Timestamp) -> i64 {
    now.as_millis().saturating_mul(1_000)
}

#[cfg(test)]
mod tests {
    use seathold_service::ports::Quota;

    use super::*;

    fn account(name: &str) -> Account {
        Account { name: name.to_owned(), quota: Quota::new(2, 60).expect("a quota") }
    }

    #[test]
    fn a_flood_of_names_takes_bounded_memory_and_frees_nobody_who_goes_on_asking() {
        let mut book = Book::default();
        let eve = [account("eve")];
        assert!(book.charge(&eve, 0).granted && book.charge(&eve, 0).granted);
        for n in 0..4 * ACCOUNTS_MAX {
            book.charge(&[account(&format!("name {n}"))], 0);
            if n % 1_000 == 0 {
                assert!(!book.charge(&eve, 0).granted, "after {n} other names");
            }
        }
        assert!(book.young.len() <= ACCOUNTS_MAX && book.old.len() <= ACCOUNTS_MAX);
    }
}
