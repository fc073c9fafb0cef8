//! Quotas: see [`Quotas`](seathold_service::ports::Quotas). Time is what the caller
//! says it is; names are fresh, so that all can share one keeper.

use std::sync::Arc;

use seathold_core::Timestamp;
use seathold_service::ports::{Account, Charged, Quota, Quotas};
use uuid::Uuid;

use super::samples::at;

#[doc(hidden)]
#[macro_export]
macro_rules! quotas_contract {
    ($make:path) => {
        mod quotas {
            use $crate::contracts::quotas as suite;
            $crate::contract_tests! { $make:
                a_quota_may_be_used_up_at_once_and_no_further
                requests_come_back_one_by_one
                a_refusal_costs_nothing
                nothing_is_charged_unless_every_account_has_something_left
                accounts_are_independent
                a_clock_that_was_ahead_costs_one_window_at_the_most
                of_many_at_once_exactly_as_many_as_allowed_are_granted
                microseconds_are_not_lost
            }
        }
    };
}

type Checked = Result<(), std::convert::Infallible>;

/// Who counts, and what makes names that nobody else uses.
pub struct QuotaKit {
    /// The keeper.
    pub quotas: Arc<dyn Quotas>,
    /// Part of every name.
    pub unique: Uuid,
}

impl QuotaKit {
    fn account(&self, name: &str, requests: u32, seconds: u32) -> Account {
        let quota = Quota::new(requests, seconds).expect("it is within the limits");
        Account { name: format!("{name}:{}", self.unique), quota }
    }

    async fn charge(&self, account: &Account, now: Timestamp) -> Charged {
        self.quotas.charge(std::slice::from_ref(account), now).await
    }
}

fn left(charged: &Charged) -> (bool, u32, u32, u32) {
    let balance = charged.balances[0];
    (charged.granted, balance.left, balance.next_seconds, balance.full_seconds)
}

pub async fn a_quota_may_be_used_up_at_once_and_no_further(kit: &QuotaKit) -> Checked {
    let ann = kit.account("ann", 3, 60);
    assert_eq!(left(&kit.charge(&ann, at(0)).await), (true, 2, 0, 20));
    assert_eq!(left(&kit.charge(&ann, at(0)).await), (true, 1, 0, 40));
    assert_eq!(left(&kit.charge(&ann, at(0)).await), (true, 0, 20, 60));
    assert_eq!(left(&kit.charge(&ann, at(0)).await), (false, 0, 20, 60));
    Ok(())
}

pub async fn requests_come_back_one_by_one(kit: &QuotaKit) -> Checked {
    let ann = kit.account("ann", 3, 60);
    for _ in 0..3 {
        kit.charge(&ann, at(0)).await;
    }
    assert_eq!(left(&kit.charge(&ann, at(19)).await), (false, 0, 1, 41));
    assert_eq!(left(&kit.charge(&ann, at(20)).await), (true, 0, 20, 60));
    assert_eq!(left(&kit.charge(&ann, at(20)).await), (false, 0, 20, 60));
    assert_eq!(left(&kit.charge(&ann, at(90)).await), (true, 2, 0, 20));
    Ok(())
}

pub async fn a_refusal_costs_nothing(kit: &QuotaKit) -> Checked {
    let ann = kit.account("ann", 1, 60);
    assert!(kit.charge(&ann, at(0)).await.granted);
    for second in 1..60 {
        assert!(!kit.charge(&ann, at(second)).await.granted);
    }
    assert!(kit.charge(&ann, at(60)).await.granted);
    Ok(())
}

pub async fn nothing_is_charged_unless_every_account_has_something_left(kit: &QuotaKit) -> Checked {
    let (ann, here) = (kit.account("ann", 5, 60), kit.account("here", 1, 60));
    let both = [ann.clone(), here];
    let charged = kit.quotas.charge(&both, at(0)).await;
    assert!(charged.granted);
    assert_eq!(charged.balances.iter().map(|one| one.left).collect::<Vec<_>>(), [4, 0]);
    let charged = kit.quotas.charge(&both, at(0)).await;
    assert!(!charged.granted);
    assert_eq!(charged.balances.iter().map(|one| one.left).collect::<Vec<_>>(), [4, 0]);
    assert_eq!(charged.balances.iter().map(|one| one.next_seconds).max(), Some(60));
    assert_eq!(left(&kit.charge(&ann, at(0)).await).1, 3);
    Ok(())
}

pub async fn accounts_are_independent(kit: &QuotaKit) -> Checked {
    // A name that looks like a pattern, or like two, is one name.
    for name in ["ann", "bob", "*", "ann bob", "a\r\nb", "{x}"] {
        assert!(kit.charge(&kit.account(name, 1, 60), at(0)).await.granted, "{name}");
    }
    assert!(!kit.charge(&kit.account("*", 1, 60), at(0)).await.granted);
    Ok(())
}

pub async fn a_clock_that_was_ahead_costs_one_window_at_the_most(kit: &QuotaKit) -> Checked {
    let ann = kit.account("ann", 2, 60);
    assert!(kit.charge(&ann, at(7_200)).await.granted);
    assert_eq!(left(&kit.charge(&ann, at(0)).await), (false, 0, 30, 60));
    assert!(kit.charge(&ann, at(7_260)).await.granted);
    Ok(())
}

pub async fn of_many_at_once_exactly_as_many_as_allowed_are_granted(kit: &QuotaKit) -> Checked {
    let ann = kit.account("ann", 10, 60);
    let askers = (0..40).map(|_| {
        let (quotas, ann) = (Arc::clone(&kit.quotas), ann.clone());
        tokio::spawn(async move { quotas.charge(&[ann], at(0)).await.granted })
    });
    let mut granted = 0;
    for asker in askers.collect::<Vec<_>>() {
        granted += usize::from(asker.await.expect("it does not panic"));
    }
    assert_eq!(granted, 10);
    Ok(())
}

pub async fn microseconds_are_not_lost(kit: &QuotaKit) -> Checked {
    // 3 µs each: far below the digits that a number of this size would keep as text.
    let ann = kit.account("ann", 300_000, 1);
    for used in 1..=50 {
        assert_eq!(left(&kit.charge(&ann, at(0)).await).1, 300_000 - used);
    }
    Ok(())
}
