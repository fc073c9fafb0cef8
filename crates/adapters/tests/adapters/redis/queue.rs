//! Who has a lease, who is next, and who is passed over.

use std::sync::Arc;
use std::time::Duration;

use redis::AsyncCommands;
use redis::aio::MultiplexedConnection;
use seathold_adapters::{RedisLeases, SystemClock};
use seathold_core::ShowtimeId;
use seathold_service::ports::{Clock, Lease, Leases};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::{
    LONG, NO_WAIT, connect, instance, key, queue_key, redis_url, some_showtime, some_token,
};

/// Waits until so many stand in the queue.
pub(super) async fn until_queued(
    connection: &mut MultiplexedConnection,
    showtime: ShowtimeId,
    waiters: usize,
) {
    let begun = Instant::now();
    while connection.llen::<_, usize>(queue_key(showtime)).await.expect("Redis answers") != waiters
    {
        assert!(begun.elapsed() < LONG, "nobody has come");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

pub(super) async fn granted(leases: &RedisLeases, showtime: ShowtimeId, ttl: Duration) -> Lease {
    let lease = leases.acquire(showtime, some_token(), ttl, NO_WAIT).await;
    lease.expect("Redis answers").expect("the lease is free")
}

/// Waits for the lease in a task.
pub(super) fn waiter(leases: &Arc<RedisLeases>, showtime: ShowtimeId) -> JoinHandle<Option<Lease>> {
    let leases = Arc::clone(leases);
    tokio::spawn(async move {
        leases.acquire(showtime, some_token(), LONG, LONG).await.expect("Redis answers")
    })
}

#[tokio::test]
async fn a_lease_is_stored_with_its_owners_token_the_time_and_an_end() {
    let Some(url) = redis_url() else { return };
    let (leases, showtime, mut connection) = (instance(&url), some_showtime(), connect(&url).await);
    let before = SystemClock.now().as_millis();
    let lease = granted(&leases, showtime, LONG).await;
    let owner: String = connection.get(key(showtime)).await.expect("there is one");
    let mut parts = owner.splitn(3, ':');
    assert_eq!(parts.next(), Some(&*lease.token.to_string()));
    let since: i64 = parts.next().and_then(|ms| ms.parse().ok()).expect("it is a number");
    assert!((since - before).abs() < 60_000, "in ms, and of the same day: {since}");
    let left = async |connection: &mut MultiplexedConnection| {
        let ms: u64 = connection.pttl(key(showtime)).await.expect("it has an end");
        Duration::from_millis(ms)
    };
    assert!((LONG / 2..=LONG).contains(&left(&mut connection).await));
    assert!(leases.renew(&lease, 2 * LONG).await.expect("Redis answers"));
    assert!((LONG..=2 * LONG).contains(&left(&mut connection).await));
}

#[tokio::test]
async fn nothing_is_left_of_a_lease_that_was_released() {
    let Some(url) = redis_url() else { return };
    let (leases, showtime, mut connection) = (instance(&url), some_showtime(), connect(&url).await);
    let lease = granted(&leases, showtime, LONG).await;
    let next = waiter(&leases, showtime);
    until_queued(&mut connection, showtime, 1).await;
    let end: i64 = connection.pttl(queue_key(showtime)).await.expect("Redis answers");
    assert!(end > 0, "a queue that all have left without a word ends by itself");
    assert!(leases.release(&lease).await.expect("Redis answers"));
    let next = next.await.expect("it does not panic").expect("it is granted");
    assert!(leases.release(&next).await.expect("Redis answers"));
    let keys: usize =
        connection.exists(&[key(showtime), queue_key(showtime)]).await.expect("Redis answers");
    assert_eq!(keys, 0);
}

#[tokio::test]
async fn waiters_of_many_instances_are_served_in_the_order_they_came() {
    let Some(url) = redis_url() else { return };
    let (showtime, mut connection) = (some_showtime(), connect(&url).await);
    let instances = [(); 5].map(|()| instance(&url));
    let first = granted(&instances[0], showtime, LONG).await;
    let mut waiters = Vec::new();
    for (n, leases) in instances.iter().enumerate() {
        waiters.push(waiter(leases, showtime));
        until_queued(&mut connection, showtime, n + 1).await;
    }
    let mut owner = first;
    for (n, (waiter, leases)) in waiters.into_iter().zip(&instances).enumerate() {
        assert!(instances[0].release(&owner).await.expect("Redis answers"), "before {n}");
        owner = waiter.await.expect("it does not panic").expect("it is its turn");
        let late = leases.acquire(showtime, some_token(), LONG, NO_WAIT).await;
        assert_eq!(late.expect("Redis answers"), None, "nobody gets in between");
    }
}

/// A place in the queue that nobody here has taken.
async fn plant_place(
    connection: &mut MultiplexedConnection,
    showtime: ShowtimeId,
    channel: &str,
    from_now: Duration,
) {
    let until = SystemClock.now().as_millis() + from_now.as_millis() as i64;
    let place = format!("{} {channel} {until}", some_token());
    let _: () = connection.rpush(queue_key(showtime), place).await.expect("Redis answers");
}

#[tokio::test]
async fn waiters_whose_instance_is_gone_or_whose_wait_is_over_are_passed_over() {
    let Some(url) = redis_url() else { return };
    let (leases, showtime, mut connection) = (instance(&url), some_showtime(), connect(&url).await);
    let first = granted(&leases, showtime, LONG).await;
    plant_place(&mut connection, showtime, "nobody-listens", LONG).await;
    let _listens = subscriber(&url, "somebody-listens").await;
    plant_place(&mut connection, showtime, "somebody-listens", NO_WAIT).await;
    let next = waiter(&leases, showtime);
    until_queued(&mut connection, showtime, 3).await;
    let released = Instant::now();
    assert!(leases.release(&first).await.expect("Redis answers"));
    let next = next.await.expect("it does not panic").expect("it is its turn");
    println!("the third of three in the queue served after {:?}", released.elapsed());
    assert!(leases.release(&next).await.expect("Redis answers"));
}

async fn subscriber(url: &str, channel: &str) -> redis::aio::PubSub {
    let client = redis::Client::open(url).expect("it is a URL");
    let mut subscriber = client.get_async_pubsub().await.expect("Redis is there");
    subscriber.subscribe(channel).await.expect("Redis answers");
    subscriber
}

#[tokio::test]
async fn a_waiter_that_hangs_keeps_the_lease_for_no_longer_than_one_turn() {
    let Some(url) = redis_url() else { return };
    let (leases, showtime, mut connection) = (instance(&url), some_showtime(), connect(&url).await);
    let first = granted(&leases, showtime, LONG).await;
    let _hears_and_does_nothing = subscriber(&url, "somebody-hangs").await;
    plant_place(&mut connection, showtime, "somebody-hangs", LONG).await;
    let next = waiter(&leases, showtime);
    until_queued(&mut connection, showtime, 2).await;
    let released = Instant::now();
    assert!(leases.release(&first).await.expect("Redis answers"));
    next.await.expect("it does not panic").expect("it is its turn");
    println!("served {:?} after one that hangs", released.elapsed());
    assert!(released.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_lease_whose_owner_never_releases_it_goes_to_the_longest_waiter_when_it_ends() {
    let Some(url) = redis_url() else { return };
    let (showtime, mut connection) = (some_showtime(), connect(&url).await);
    let [owner, second, third] = [(); 3].map(|()| instance(&url));
    granted(&owner, showtime, Duration::from_millis(400)).await;
    let second = waiter(&second, showtime);
    until_queued(&mut connection, showtime, 1).await;
    let third = waiter(&third, showtime);
    until_queued(&mut connection, showtime, 2).await;
    second.await.expect("it does not panic").expect("it is its turn");
    assert!(!third.is_finished());
    third.abort();
}

#[tokio::test]
async fn a_lease_whose_owners_instance_is_gone_ends_long_before_its_time() {
    let Some(url) = redis_url() else { return };
    let (leases, showtime) = (instance(&url), some_showtime());
    let owner = instance(&url);
    granted(&owner, showtime, LONG).await;
    drop(owner);
    let asked = Instant::now();
    let lease = leases.acquire(showtime, some_token(), LONG, LONG).await.expect("Redis answers");
    println!("granted {:?} after its owner's instance went", asked.elapsed());
    assert!(lease.is_some() && asked.elapsed() < LONG / 6);
}

#[tokio::test]
async fn a_lease_in_other_words_is_respected() {
    let Some(url) = redis_url() else { return };
    let (leases, mut connection) = (instance(&url), connect(&url).await);
    let wait = Duration::from_millis(50);
    for owner in ["", "somebody", "a:b:c", "550e8400-e29b-41d4-a716-446655440000:1705314600000"] {
        let showtime = some_showtime();
        let _: () = connection.set(key(showtime), owner).await.expect("Redis answers");
        let lease = leases.acquire(showtime, some_token(), LONG, wait).await;
        assert_eq!(lease.expect("Redis answers"), None);
        assert_eq!(connection.get::<_, String>(key(showtime)).await.as_deref(), Ok(owner));
        let _: () = connection.del(key(showtime)).await.expect("Redis answers");
    }
}

#[tokio::test]
async fn a_waiter_that_is_told_nothing_looks_for_itself() {
    let Some(url) = redis_url() else { return };
    let (leases, showtime, mut connection) = (instance(&url), some_showtime(), connect(&url).await);
    granted(&leases, showtime, LONG).await;
    let next = waiter(&leases, showtime);
    until_queued(&mut connection, showtime, 1).await;
    let _: () = connection.del(key(showtime)).await.expect("Redis answers");
    let asked = Instant::now();
    next.await.expect("it does not panic").expect("it is free");
    println!("looked after {:?}", asked.elapsed());
    assert!(asked.elapsed() < LONG / 6);
}
