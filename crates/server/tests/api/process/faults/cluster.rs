use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::join_all;
use seathold_testkit::servers::{OwnMongod, OwnRedis};

use crate::support::{Place, Program, Site};

/// What `/health` says while everything is there.
pub(super) const OK: [&str; 3] = ["ok", "connected", "connected"];

/// Instances over the same stores.
const INSTANCES: usize = 3;

/// Instances of the program, and all that they stand on.
pub(super) struct Cluster {
    pub(super) mongo: OwnMongod,
    pub(super) redis: OwnRedis,
    /// `None`: it was killed.
    instances: Vec<Option<Program>>,
    sites: Sites,
    /// Stays empty.
    place: Place,
}

/// Where the instances are to be found, or were.
#[derive(Clone, Default)]
pub(super) struct Sites(Arc<Mutex<Vec<Site>>>);

impl Sites {
    /// Those who go round the instances come to this one as number `turn`.
    pub(super) fn at(&self, turn: usize) -> (usize, Site) {
        let number = turn % INSTANCES;
        (number, self.all()[number].clone())
    }

    pub(super) fn all(&self) -> Vec<Site> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn put(&self, number: usize, site: Site) {
        let mut sites = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match sites.get_mut(number) {
            Some(place) => *place = site,
            None => sites.push(site),
        }
    }
}

impl Cluster {
    /// All of them up. `None`: a program is missing, and that was said.
    pub(super) async fn start() -> Option<Self> {
        let (mongo, redis) = (OwnMongod::start().await?, OwnRedis::start().await?);
        let place = Place::embedded();
        let (instances, sites) = (Vec::new(), Sites::default());
        let mut cluster = Self { mongo, redis, instances, sites, place };
        for number in 0..INSTANCES {
            cluster.instances.push(None);
            cluster.start_instance(number).await;
        }
        Some(cluster)
    }

    /// Starts it, for the first time or again, at another address each time.
    pub(super) async fn start_instance(&mut self, number: usize) {
        let variables = [("MONGO_URI", &*self.mongo.uri()), ("REDIS_URL", &*self.redis.url())];
        let program = Program::serve(&self.place, &variables).await;
        self.sites.put(number, Site::clone(&program));
        self.instances[number] = Some(program);
    }

    pub(super) async fn kill_instance(&mut self, number: usize) {
        self.instances[number].take().expect("it runs").kill().await;
    }

    pub(super) fn sites(&self) -> Sites {
        self.sites.clone()
    }

    /// Whether every instance answers this of its health, with this status.
    pub(super) async fn all_say(&self, status: u16, expected: [&str; 3]) -> bool {
        let sites = self.sites.all();
        let answers = join_all(sites.iter().map(|site| site.get("/health").send())).await;
        answers.iter().all(|answer| {
            let said = ["status", "mongodb", "redis"].map(|field| answer.text(field));
            let agrees = said == expected;
            assert!(!agrees || answer.status == status, "{}: {}", answer.status, answer.body);
            agrees
        })
    }

    /// Every instance lives, and whether it is to be sent requests is as said.
    pub(super) async fn are_ready(&self, ready: bool) {
        let ask = async |site: Site| {
            site.get("/health/live").send().await.granted(200);
            let answer = site.get("/health/ready").send().await;
            if ready { answer.granted(200) } else { answer.refused(503, "SERVICE_UNAVAILABLE") }
        };
        join_all(self.sites.all().into_iter().map(ask)).await;
    }

    /// Batches that had to do without a lease, of all instances.
    pub(super) async fn batches_without_lease(&self) -> u64 {
        let mut sum = 0;
        for site in self.sites.all() {
            let metrics = site.get("/metrics").send().await.granted(200);
            let metrics = String::from_utf8_lossy(&metrics.bytes).into_owned();
            let name = "seathold_batches_without_lease_total ";
            let count = metrics.lines().find_map(|line| line.strip_prefix(name));
            sum += count.map_or(0, |count| count.parse::<u64>().expect("a count"));
        }
        sum
    }

    /// Checks the invariants with the program, as an operator does.
    pub(super) async fn verify(&self) {
        let ended = Program::run(&["verify"], &[("MONGO_URI", &self.mongo.uri())]).await;
        assert!(ended.status.success(), "{}{}", ended.stdout, ended.stderr);
    }

    /// Asks all instances to stop; none has panicked.
    pub(super) async fn stop(self) {
        for program in self.instances.into_iter().flatten() {
            let ended = program.stop().await;
            assert!(ended.status.success(), "{}", ended.stderr);
        }
    }
}
