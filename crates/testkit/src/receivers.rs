use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use seathold_service::model::{BookingEventId, ReceiverId};
use seathold_service::ports::{Message, NotTold, Receivers};

/// Receivers that keep in memory what they were told.
#[derive(Default)]
pub struct BookkeepingReceivers {
    books: Mutex<Books>,
}

#[derive(Default)]
struct Books {
    all: Vec<ReceiverId>,
    down: BTreeSet<ReceiverId>,
    heard: Vec<(ReceiverId, BookingEventId, String)>,
    tries: u64,
}

impl BookkeepingReceivers {
    /// One more, of this name. Processes that start from now on tell it.
    pub fn add(&self, name: &str) -> ReceiverId {
        let receiver = ReceiverId::of(name);
        self.books().all.push(receiver);
        receiver
    }

    /// Whether one of them takes nothing.
    pub fn set_down(&self, receiver: ReceiverId, down: bool) {
        let mut books = self.books();
        if down {
            books.down.insert(receiver)
        } else {
            books.down.remove(&receiver)
        };
    }

    /// What one of them was told, repeats included.
    pub fn heard(&self, receiver: ReceiverId) -> Vec<BookingEventId> {
        let books = self.books();
        books.heard.iter().filter(|it| it.0 == receiver).map(|it| it.1).collect()
    }

    /// The bodies of the same.
    pub fn bodies(&self, receiver: ReceiverId) -> Vec<String> {
        let books = self.books();
        books.heard.iter().filter(|it| it.0 == receiver).map(|it| it.2.clone()).collect()
    }

    /// How often any of them was told anything, in vain or not.
    pub fn tries(&self) -> u64 {
        self.books().tries
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Receivers for BookkeepingReceivers {
    fn all(&self) -> Vec<ReceiverId> {
        self.books().all.clone()
    }

    fn address(&self, receiver: ReceiverId) -> Option<String> {
        self.books().all.contains(&receiver).then(|| receiver.to_string())
    }

    async fn tell(&self, receiver: ReceiverId, message: &Message) -> Result<(), NotTold> {
        let mut books = self.books();
        books.tries += 1;
        if books.down.contains(&receiver) {
            return Err(NotTold("down".to_owned()));
        }
        let body = String::from_utf8_lossy(&message.body).into_owned();
        books.heard.push((receiver, message.id, body));
        Ok(())
    }
}
