//! Who in this process waits for a message from Redis that it is their turn.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redis::{PushInfo, PushKind, Value};
use tokio::sync::Notify;
use uuid::Uuid;

/// The tokens that are waited for.
#[derive(Debug, Default)]
pub(super) struct Waiters {
    bells: Mutex<BTreeMap<Uuid, Arc<Notify>>>,
}

impl Waiters {
    /// From now on a message for `token` rings this bell.
    pub(super) fn add(&self, token: Uuid) -> Arc<Notify> {
        Arc::clone(self.bells().entry(token).or_default())
    }

    pub(super) fn remove(&self, token: Uuid) {
        self.bells().remove(&token);
    }

    /// Takes a message: the token whose turn it is. Who has gone meanwhile has
    /// also said so to Redis, behind this message.
    pub(super) fn hear(&self, message: &PushInfo) {
        let bell = token(message).and_then(|token| self.bells().get(&token).map(Arc::clone));
        if let Some(bell) = bell {
            bell.notify_one();
        }
    }

    fn bells(&self) -> MutexGuard<'_, BTreeMap<Uuid, Arc<Notify>>> {
        // Nothing in there is left half done by a panic.
        self.bells.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn token(message: &PushInfo) -> Option<Uuid> {
    match (&message.kind, message.data.as_slice()) {
        (PushKind::Message, [_channel, Value::BulkString(token)]) => {
            Uuid::try_parse_ascii(token).ok()
        }
        _ => None,
    }
}
