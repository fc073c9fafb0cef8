//! Leases: see [`Leases`](seathold_service::ports::Leases). In real time, since
//! a keeper elsewhere has its own clock; every bound is generous.

use std::sync::Arc;
use std::time::Duration;

use seathold_core::ShowtimeId;
use seathold_service::ports::{Lease, LeaseError, Leases};
use tokio::time::Instant;

use super::samples::{showtime_id, uuid};

#[doc(hidden)]
#[macro_export]
macro_rules! leases_contract {
    ($make:path) => {
        $crate::contract_tests! { $make:
            a_lease_has_one_owner_at_a_time
            of_many_who_ask_at_once_exactly_one_is_granted
            a_lease_is_granted_again_once_it_is_released
            only_the_owner_releases_a_lease
            only_the_owner_renews_a_lease
            a_lease_ends_by_itself
            a_renewed_lease_lasts_longer
            a_lease_that_ended_is_neither_renewed_nor_released
            a_waiter_is_granted_the_lease_when_it_is_released
            a_waiter_is_granted_the_lease_when_it_ends
            a_waiter_that_gave_up_leaves_the_lease_to_others
            leases_of_two_showtimes_are_independent
            a_keeper_that_works_says_so
        }
    };
}

type Checked = Result<(), LeaseError>;
type Keeper = Arc<dyn Leases>;

/// Longer than any test runs.
const LONG: Duration = Duration::from_secs(60);
/// Soon over.
const SHORT: Duration = Duration::from_millis(50);
const NO_WAIT: Duration = Duration::ZERO;

fn here() -> ShowtimeId {
    showtime_id(1)
}

/// Asks under the `n`-th token.
async fn ask(
    leases: &Keeper,
    n: u32,
    ttl: Duration,
    wait: Duration,
) -> Result<Option<Lease>, LeaseError> {
    leases.acquire(here(), uuid(n), ttl, wait).await
}

async fn granted(leases: &Keeper, n: u32, ttl: Duration) -> Result<Lease, LeaseError> {
    Ok(ask(leases, n, ttl, NO_WAIT).await?.expect("the lease is free"))
}

/// The lease of the `n`-th token, granted or not.
fn lease(n: u32) -> Lease {
    Lease { showtime: here(), token: uuid(n) }
}

pub async fn a_lease_has_one_owner_at_a_time(leases: &Keeper) -> Checked {
    assert_eq!(ask(leases, 1, LONG, NO_WAIT).await?, Some(lease(1)));
    assert_eq!(ask(leases, 2, LONG, NO_WAIT).await?, None);
    assert_eq!(ask(leases, 2, LONG, SHORT).await?, None);
    Ok(())
}

pub async fn of_many_who_ask_at_once_exactly_one_is_granted(leases: &Keeper) -> Checked {
    let askers = (0..50).map(|n| {
        let leases = Arc::clone(leases);
        tokio::spawn(async move { ask(&leases, n, LONG, NO_WAIT).await })
    });
    let mut owners = 0;
    for asker in askers.collect::<Vec<_>>() {
        owners += usize::from(asker.await.expect("it does not panic")?.is_some());
    }
    assert_eq!(owners, 1);
    Ok(())
}

pub async fn a_lease_is_granted_again_once_it_is_released(leases: &Keeper) -> Checked {
    let first = granted(leases, 1, LONG).await?;
    assert!(leases.release(&first).await?);
    assert!(!leases.release(&first).await?, "it was released before");
    granted(leases, 2, LONG).await?;
    Ok(())
}

pub async fn only_the_owner_releases_a_lease(leases: &Keeper) -> Checked {
    assert!(!leases.release(&lease(1)).await?, "nobody has it");
    granted(leases, 1, LONG).await?;
    assert!(!leases.release(&lease(2)).await?);
    assert_eq!(ask(leases, 3, LONG, NO_WAIT).await?, None);
    Ok(())
}

pub async fn only_the_owner_renews_a_lease(leases: &Keeper) -> Checked {
    assert!(!leases.renew(&lease(1), LONG).await?, "nobody has it");
    let first = granted(leases, 1, LONG).await?;
    assert!(!leases.renew(&lease(2), LONG).await?);
    assert!(leases.renew(&first, LONG).await?);
    Ok(())
}

pub async fn a_lease_ends_by_itself(leases: &Keeper) -> Checked {
    granted(leases, 1, SHORT).await?;
    tokio::time::sleep(2 * SHORT).await;
    granted(leases, 2, LONG).await?;
    Ok(())
}

pub async fn a_renewed_lease_lasts_longer(leases: &Keeper) -> Checked {
    let ttl = Duration::from_secs(1);
    let first = granted(leases, 1, ttl).await?;
    assert!(leases.renew(&first, LONG).await?);
    tokio::time::sleep(ttl + SHORT).await;
    assert_eq!(ask(leases, 2, LONG, NO_WAIT).await?, None);
    Ok(())
}

pub async fn a_lease_that_ended_is_neither_renewed_nor_released(leases: &Keeper) -> Checked {
    let first = granted(leases, 1, SHORT).await?;
    tokio::time::sleep(2 * SHORT).await;
    assert!(!leases.renew(&first, LONG).await?);
    assert!(!leases.release(&first).await?);
    let second = granted(leases, 2, LONG).await?;
    assert!(!leases.renew(&first, LONG).await?);
    assert!(!leases.release(&first).await?);
    assert!(leases.release(&second).await?, "the first took nothing from the second");
    Ok(())
}

pub async fn a_waiter_is_granted_the_lease_when_it_is_released(leases: &Keeper) -> Checked {
    let first = granted(leases, 1, LONG).await?;
    let asked = Instant::now();
    let (second, released) = tokio::join!(biased; ask(leases, 2, LONG, LONG), async {
        tokio::time::sleep(SHORT).await;
        leases.release(&first).await
    });
    assert!(released?);
    assert_eq!(second?, Some(lease(2)));
    assert!(asked.elapsed() < LONG / 6, "well before its wait was over");
    assert!(leases.renew(&lease(2), LONG).await?);
    Ok(())
}

pub async fn a_waiter_is_granted_the_lease_when_it_ends(leases: &Keeper) -> Checked {
    granted(leases, 1, SHORT).await?;
    let asked = Instant::now();
    assert_eq!(ask(leases, 2, LONG, LONG).await?, Some(lease(2)));
    assert!(asked.elapsed() < LONG / 6, "well before its wait was over");
    Ok(())
}

pub async fn a_waiter_that_gave_up_leaves_the_lease_to_others(leases: &Keeper) -> Checked {
    let first = granted(leases, 1, LONG).await?;
    assert_eq!(ask(leases, 2, LONG, SHORT).await?, None);
    let dropped = tokio::time::timeout(SHORT, ask(leases, 3, LONG, LONG)).await;
    assert!(dropped.is_err(), "it was still waiting");
    assert!(leases.release(&first).await?);
    granted(leases, 4, LONG).await?;
    Ok(())
}

pub async fn leases_of_two_showtimes_are_independent(leases: &Keeper) -> Checked {
    let first = granted(leases, 1, LONG).await?;
    let other = leases.acquire(showtime_id(2), uuid(2), LONG, NO_WAIT).await?;
    assert_eq!(other, Some(Lease { showtime: showtime_id(2), token: uuid(2) }));
    assert!(leases.release(&first).await?);
    let again = leases.acquire(showtime_id(2), uuid(3), LONG, NO_WAIT).await?;
    assert_eq!(again, None);
    Ok(())
}

pub async fn a_keeper_that_works_says_so(leases: &Keeper) -> Checked {
    leases.ping().await
}
