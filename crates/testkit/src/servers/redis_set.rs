use std::fs;
use std::process::Command;

use redis::{Client, RedisResult};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use super::process::{GLANCE, Process, SOON, free_port};
use super::redis_server::OwnRedis;

/// What the Sentinels call the primary.
const NAME: &str = "seats";

/// How long a primary says nothing until a Sentinel takes it to be down, in ms.
const DOWN_AFTER_MS: u32 = 500;

/// What clients of Redis and of the Sentinels must know.
const PASSWORD: &str = "open-sesame";
const SENTINELS_PASSWORD: &str = "who-goes-there";

/// A Redis with a replica, and three Sentinels that make one of them the primary, of a
/// test's own; all with passwords.
pub struct OwnRedisSet {
    nodes: [OwnRedis; 2],
    /// Those that run.
    sentinels: Vec<Sentinel>,
}

struct Sentinel {
    port: u16,
    _process: Process,
    /// It writes what it finds out into its configuration.
    _folder: TempDir,
}

impl OwnRedisSet {
    /// One whose replica can take over. `None`: there is no program, and that was said.
    ///
    /// # Panics
    /// It does not come up.
    pub async fn start() -> Option<Self> {
        let mut primary = OwnRedis::prepare()?.with_password(PASSWORD);
        let mut replica = OwnRedis::prepare()?.with_password(PASSWORD).following(&primary);
        primary.run().await;
        replica.run().await;
        let sentinels = (0..3).map(|_| Sentinel::start(&primary)).collect();
        let set = Self { nodes: [primary, replica], sentinels };
        let know_each_other = "num-slaves 1 num-other-sentinels 2 flags master";
        set.until_each_says(know_each_other).await;
        Some(set)
    }

    /// Where the Sentinels are, and whom they watch, as `REDIS_URL` says it.
    #[must_use]
    pub fn url(&self) -> String {
        let hosts: Vec<_> =
            self.sentinels.iter().map(|it| format!("127.0.0.1:{}", it.port)).collect();
        let hosts = hosts.join(",");
        format!(
            "redis+sentinel://:{PASSWORD}@{hosts}/{NAME}?sentinel_password={SENTINELS_PASSWORD}"
        )
    }

    /// One of the two, by its number.
    ///
    /// # Panics
    /// There are two.
    pub fn node(&mut self, number: usize) -> &mut OwnRedis {
        &mut self.nodes[number]
    }

    /// The number of the one that all Sentinels call the primary, once it is another
    /// than `former`.
    ///
    /// # Panics
    /// None takes over.
    pub async fn primary_after(&self, former: usize) -> usize {
        let next = 1 - former;
        self.until_each_says(&format!("port {}", self.nodes[next].port())).await;
        next
    }

    /// Tells the Sentinels to make the replica the primary, once it can be.
    ///
    /// # Panics
    /// They do not take the order.
    pub async fn fail_over(&self) {
        let (sentinel, asked) = (self.sentinels.first().expect("one runs"), Instant::now());
        while let Err(why) = sentinel.ask::<()>("FAILOVER").await {
            assert!(asked.elapsed() < SOON, "{why}");
            sleep(GLANCE).await;
        }
    }

    /// A Sentinel dies, the one that is asked first.
    pub fn lose_a_sentinel(&mut self) {
        self.sentinels.remove(0);
    }

    /// Waits until each Sentinel that runs has these words in a row, names and values,
    /// in what it says of the primary.
    async fn until_each_says(&self, wanted: &str) {
        let wanted: Vec<_> = wanted.split(' ').collect();
        for sentinel in &self.sentinels {
            let asked = Instant::now();
            loop {
                let said: Vec<String> = sentinel.ask("MASTER").await.unwrap_or_default();
                let has = |pair: &[&str]| said.chunks(2).any(|known| known == pair);
                if wanted.chunks(2).all(has) {
                    break;
                }
                assert!(asked.elapsed() < SOON, "{wanted:?} is not in {said:?}");
                sleep(GLANCE).await;
            }
        }
    }
}

impl Sentinel {
    fn start(primary: &OwnRedis) -> Self {
        let (port, folder) = (free_port(), tempfile::tempdir().expect("a folder can be made"));
        let file = folder.path().join("sentinel.conf");
        let text = format!(
            "port {port}\nbind 127.0.0.1\ndir {}\n\
             sentinel monitor {NAME} 127.0.0.1 {} 2\n\
             sentinel auth-pass {NAME} {PASSWORD}\n\
             requirepass {SENTINELS_PASSWORD}\n\
             sentinel sentinel-pass {SENTINELS_PASSWORD}\n\
             sentinel down-after-milliseconds {NAME} {DOWN_AFTER_MS}\n\
             sentinel failover-timeout {NAME} 4000\n",
            folder.path().display(),
            primary.port(),
        );
        fs::write(&file, text).expect("it can be written");
        let mut command = Command::new(primary.program());
        let _process = Process::start(command.arg(&file).arg("--sentinel"));
        Self { port, _process, _folder: folder }
    }

    async fn ask<T: redis::FromRedisValue>(&self, what: &str) -> RedisResult<T> {
        let url = format!("redis://:{SENTINELS_PASSWORD}@127.0.0.1:{}", self.port);
        let mut connection = Client::open(url)?.get_multiplexed_async_connection().await?;
        redis::cmd("SENTINEL").arg(what).arg(NAME).query_async(&mut connection).await
    }
}
