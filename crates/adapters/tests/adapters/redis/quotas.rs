//! Requests counted at Redis, by several instances.

use std::sync::Arc;

use seathold_adapters::{InProcessQuotas, RedisQuotas};
use seathold_core::Timestamp;
use seathold_service::ports::{Account, Quota, Quotas};
use seathold_testkit::contracts::quotas::QuotaKit;
use seathold_testkit::servers::{OwnRedis, redis_url};
use tokio::time::{Duration, Instant};

use super::{connect, instance, some_token};

const NOW: Timestamp = Timestamp::from_millis(3_598_770_600_000);

/// What the contract is checked on. When skipped, the keeper of another test.
pub(crate) async fn kit() -> QuotaKit {
    let quotas: Arc<dyn Quotas> = match redis_url() {
        Some(url) => Arc::new(counter(&url)),
        None => Arc::new(InProcessQuotas::default()),
    };
    QuotaKit { quotas, unique: some_token() }
}

/// That of an instance of its own.
fn counter(url: &str) -> RedisQuotas {
    instance(url).quotas()
}

fn account(requests: u32) -> Account {
    let quota = Quota::new(requests, 60).expect("it is within the limits");
    Account { name: some_token().to_string(), quota }
}

#[tokio::test]
async fn instances_share_a_quota_and_redis_forgets_it_once_it_is_full_again() {
    let Some(url) = redis_url() else { return };
    let [one, other] = [(); 2].map(|()| counter(&url));
    let ann = [account(2)];
    assert!(one.charge(&ann, NOW).await.granted);
    assert!(other.charge(&ann, NOW).await.granted);
    assert!(!one.charge(&ann, NOW).await.granted);
    assert!(!other.charge(&ann, NOW).await.granted);
    let key = format!("rate:{{api}}:{}", ann[0].name);
    let ttl: i64 = ::redis::cmd("PTTL")
        .arg(key)
        .query_async(&mut connect(&url).await)
        .await
        .expect("Redis answers");
    assert!((30_000..=60_000).contains(&ttl), "{ttl} ms");
}

#[tokio::test]
async fn without_redis_each_instance_counts_for_itself_and_nobody_waits() {
    let Some(mut server) = OwnRedis::start().await else { return };
    let [one, other] = [(); 2].map(|()| counter(&server.url()));
    let ann = [account(2)];
    assert!(one.charge(&ann, NOW).await.granted);
    assert!(other.charge(&ann, NOW).await.granted);
    server.kill();
    for counter in [&one, &other] {
        let grants = [
            counter.charge(&ann, NOW).await.granted,
            counter.charge(&ann, NOW).await.granted,
            counter.charge(&ann, NOW).await.granted,
        ];
        assert_eq!(grants, [true, true, false], "its own count begins anew");
    }
    // It is taken to be away by now: no call waits for it.
    let asked = Instant::now();
    assert!(!one.charge(&ann, NOW).await.granted);
    assert!(asked.elapsed() < Duration::from_millis(400), "{:?}", asked.elapsed());
    // It comes back empty, and counts again.
    server.run().await;
    let begin = Instant::now();
    while !one.charge(&ann, NOW).await.granted {
        assert!(begin.elapsed() < Duration::from_secs(10), "it comes back by itself");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
