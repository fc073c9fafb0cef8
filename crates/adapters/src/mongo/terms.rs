//! Primaries come and go. One that has just begun has all that the majority was told
//! of, and does not know yet that it is the majority's: until a write of its own is,
//! what it reads may lack what was acknowledged before.
//! (<https://www.mongodb.com/docs/manual/reference/read-concern-linearizable/>)

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use bson::doc;
use bson::oid::ObjectId;
use mongodb::event::EventHandler;
use mongodb::event::sdam::{SdamEvent, TopologyDescription};
use mongodb::options::{ReadConcern, ServerAddress};
use mongodb::{Database, ServerType};
use seathold_service::ports::StoreError;
use tokio::sync::Mutex;
use tracing::Instrument;

use super::collections::{Documents, SHOWTIMES};
use super::{failures, in_time};

/// How long the server may take to make sure: shorter than a caller waits.
const SURE_WITHIN: Duration = Duration::from_secs(4);

/// Which primary is asked, by how often it has changed.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    changes: Arc<AtomicU64>,
    /// The change after which the primary was made sure of.
    sure: Arc<AtomicU64>,
    /// One asks, for all who wait.
    turn: Arc<Mutex<()>>,
}

impl Default for Terms {
    /// Nothing is sure before the first primary was asked.
    fn default() -> Self {
        let sure = Arc::new(AtomicU64::new(u64::MAX));
        Self { changes: Arc::default(), sure, turn: Arc::default() }
    }
}

impl Terms {
    /// What the driver has to tell of the servers it sees.
    pub(super) fn watch(&self) -> EventHandler<SdamEvent> {
        let changes = Arc::clone(&self.changes);
        EventHandler::callback(move |event| {
            let SdamEvent::TopologyDescriptionChanged(change) = event else { return };
            let now = primary(&change.new_description);
            if now.is_some() && now != primary(&change.previous_description) {
                changes.fetch_add(1, SeqCst);
            }
        })
    }

    /// Makes sure that the primary reads all that was acknowledged; gives its term.
    pub(super) async fn settled(&self, database: &Database) -> Result<u64, StoreError> {
        if self.is_sure() {
            return Ok(self.sure.load(SeqCst));
        }
        let turn = Arc::clone(&self.turn).lock_owned().await;
        if self.is_sure() {
            return Ok(self.sure.load(SeqCst));
        }
        // To its end, whatever becomes of who began it: those who have waited for their turn
        // until they had no time left would all begin, and none would learn anything.
        let (terms, showtimes) = (self.clone(), database.collection(SHOWTIMES));
        let asked = async move {
            let _turn = turn;
            loop {
                let term = terms.changes.load(SeqCst);
                let made = in_time(make_sure(showtimes.clone())).await;
                made.map_err(StoreError::Unavailable)??;
                // The first primary of all is heard of when it is asked.
                if terms.changes.load(SeqCst) == term {
                    terms.sure.store(term, SeqCst);
                    return Ok(term);
                }
            }
        };
        let asked = tokio::spawn(asked.in_current_span()).await;
        asked.unwrap_or_else(|crash| Err(StoreError::Unavailable(crash.to_string())))
    }

    /// Whether what was read since then was read from that primary.
    ///
    /// # Errors
    /// Another one may have been asked.
    pub(super) fn still(&self, term: u64) -> Result<(), StoreError> {
        match self.changes.load(SeqCst) == term {
            true => Ok(()),
            false => Err(StoreError::Unavailable("another primary has begun".to_owned())),
        }
    }

    fn is_sure(&self) -> bool {
        self.changes.load(SeqCst) == self.sure.load(SeqCst)
    }
}

fn primary(description: &TopologyDescription) -> Option<ServerAddress> {
    let servers = description.servers();
    let mut servers = servers.values();
    let primary = servers.find(|server| server.server_type() == ServerType::RsPrimary)?;
    Some(primary.address().clone())
}

/// Such a read has the majority acknowledge a write that changes nothing, of this
/// primary, before it is answered.
async fn make_sure(showtimes: Documents) -> Result<(), StoreError> {
    let any = showtimes.find_one(doc! {"_id": ObjectId::from_bytes([0; 12])});
    let any = any.projection(doc! {"_id": 1}).read_concern(ReadConcern::linearizable());
    any.max_time(SURE_WITHIN).await.map(drop).map_err(failures::read)
}
