use bson::doc;
use tokio::time::{Instant, sleep};

use super::mongod::{OwnMongod, SET};
use super::process::{GLANCE, SOON};

/// How long members wait for a primary that says nothing before they elect another,
/// in ms; and for any other answer of a member, in seconds. (By default ten seconds:
/// tests need not wait so long.)
const ELECTION_MS: i32 = 2_000;
const HEARTBEAT_SECONDS: i32 = 2;

/// A replica set of three of a test's own, to lose its primary and elect another.
pub struct OwnMongoSet {
    members: Vec<OwnMongod>,
}

impl OwnMongoSet {
    /// One that takes writes. `None`: there is no program, and that was said.
    ///
    /// # Panics
    /// It does not come up.
    pub async fn start() -> Option<Self> {
        let mut members = Vec::new();
        for _ in 0..3 {
            members.push(OwnMongod::start_uninitiated().await?);
        }
        let hosts = (0..).zip(&members);
        let hosts: Vec<_> = hosts.map(|(n, it)| doc! {"_id": n, "host": it.host()}).collect();
        let settings = doc! {
            "electionTimeoutMillis": ELECTION_MS, "heartbeatTimeoutSecs": HEARTBEAT_SECONDS,
        };
        let config = doc! {"_id": SET, "members": hosts, "settings": settings};
        let set = Self { members };
        let admin = set.members[0].admin().await;
        admin.run_command(doc! {"replSetInitiate": config}).await.expect("they reach each other");
        set.until_complete().await;
        Some(set)
    }

    /// Its address, with all members.
    #[must_use]
    pub fn uri(&self) -> String {
        let hosts: Vec<_> = self.members.iter().map(OwnMongod::host).collect();
        format!("mongodb://{}/seathold?replicaSet={SET}", hosts.join(","))
    }

    /// A member, by its number.
    ///
    /// # Panics
    /// There are three.
    pub fn member(&mut self, number: usize) -> &mut OwnMongod {
        &mut self.members[number]
    }

    /// The number of the primary, once there is one other than `former`.
    ///
    /// # Panics
    /// None is elected.
    pub async fn primary_after(&self, former: Option<usize>) -> usize {
        let asked = Instant::now();
        loop {
            for (number, member) in self.members.iter().enumerate() {
                if Some(number) != former && member.says("isWritablePrimary").await {
                    return number;
                }
            }
            assert!(asked.elapsed() < SOON, "no primary is elected");
            sleep(GLANCE).await;
        }
    }

    /// Waits until one is primary, and the others follow it.
    ///
    /// # Panics
    /// They never do.
    pub async fn until_complete(&self) {
        let asked = Instant::now();
        loop {
            let (mut primaries, mut secondaries) = (0, 0);
            for member in &self.members {
                primaries += usize::from(member.says("isWritablePrimary").await);
                secondaries += usize::from(member.says("secondary").await);
            }
            if (primaries, secondaries) == (1, 2) {
                return;
            }
            assert!(asked.elapsed() < SOON, "{primaries} primaries, {secondaries} secondaries");
            sleep(GLANCE).await;
        }
    }
}
