//! What a caller is told when the disk, a record or a neighbour fails.

use std::future;
use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::task::Poll;

use redb::backends::InMemoryBackend;
use seathold_core::{BookingId, Timestamp};
use seathold_service::ports::Bookings;

use super::tables::{NOTHING, Tables};
use super::*;

mod convert;
mod earlier;
mod fuzzed;
mod hold;

/// A log that counts what it makes durable, and fails to when told to.
#[derive(Default)]
struct Disk {
    bytes: Vec<u8>,
    state: Arc<DiskState>,
}

#[derive(Default)]
struct DiskState {
    syncs: AtomicUsize,
    failing: AtomicBool,
}

impl LogFile for Disk {
    fn read_all(&mut self) -> io::Result<Vec<u8>> {
        Ok(self.bytes.clone())
    }

    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let (from, to) = (offset as usize, offset as usize + bytes.len());
        self.bytes.resize(self.bytes.len().max(to), 0);
        self.bytes[from..to].copy_from_slice(bytes);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.state.syncs.fetch_add(1, Ordering::SeqCst);
        match self.state.failing.load(Ordering::SeqCst) {
            true => Err(io::Error::other("the disk is gone")),
            false => Ok(()),
        }
    }
}

fn memory() -> Database {
    Builder::new().create_with_backend(InMemoryBackend::new()).expect("it is empty")
}

struct Midnight;

impl Clock for Midnight {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(0)
    }
}

fn store() -> (EmbeddedStore, Arc<DiskState>) {
    let disk = Disk::default();
    let state = Arc::clone(&disk.state);
    let store = EmbeddedStore::over(memory(), Box::new(disk), Arc::new(Midnight));
    (store.expect("it opens"), state)
}

/// Keeps the writer busy until the sender is dropped, so that what comes
/// meanwhile goes into one batch.
async fn occupy(store: &EmbeddedStore) -> mpsc::Sender<()> {
    let (started, busy) = tokio::sync::oneshot::channel();
    let (gate, closed) = mpsc::channel::<()>();
    let mut started = Some(started);
    let mut work = Box::pin(store.writer.run(move |_| {
        started.take().map(|started| started.send(()));
        closed.recv().map_or(Ok(()), Ok)
    }));
    future::poll_fn(|context| {
        assert!(work.as_mut().poll(context).is_pending());
        Poll::Ready(())
    })
    .await;
    busy.await.expect("the writer begins");
    gate
}

#[tokio::test]
async fn what_queues_up_while_the_writer_is_busy_is_made_durable_at_once() {
    let (store, disk) = store();
    let gate = occupy(&store).await;
    let before = disk.syncs.load(Ordering::SeqCst);
    let counted = |n: u8| {
        store.writer.run(move |tables| {
            tables.holds.insert(&[n], NOTHING)?;
            Ok(redb::ReadableTableMetadata::len(&*tables.holds)?)
        })
    };
    let mut queued: Vec<_> = (0..64).map(|n| Box::pin(counted(n))).collect();
    let answers = async {
        for work in &mut queued {
            future::poll_fn(|context| {
                assert!(work.as_mut().poll(context).is_pending());
                Poll::Ready(())
            })
            .await;
        }
        drop(gate);
        for (n, work) in (1..).zip(queued) {
            assert_eq!(work.await.expect("it is written"), n, "each sees those before it");
        }
    };
    pin!(answers).await;
    // One for the operation that kept the writer busy, one for all the others.
    assert_eq!(disk.syncs.load(Ordering::SeqCst) - before, 2);
}

#[tokio::test]
async fn an_operation_that_cannot_be_done_fails_alone_and_writes_nothing() {
    let (store, _) = store();
    let broken = BookingId::from_bytes([1; 12]);
    let damage = move |tables: &mut Tables<'_>| {
        tables.holds.insert(&broken.bytes(), b"no record")?;
        Ok(())
    };
    store.writer.run(damage).await.expect("it is written");
    let gate = occupy(&store).await;
    let put = |n: u8, fails: bool| {
        store.writer.run(move |tables| {
            tables.events.insert(&[n], NOTHING)?;
            if fails { Err(Broken("as it was told".to_owned())) } else { Ok(n) }
        })
    };
    let confirm = store.confirm_booking(broken, None, Timestamp::from_millis(0));
    let (one, two, three, confirmed, ()) = tokio::join!(biased; put(1, false), put(2, true), put(3, false), confirm, async {
        drop(gate);
    });
    assert_eq!((one.ok(), three.ok()), (Some(1), Some(3)));
    assert!(matches!(two, Err(StoreError::Unavailable(_))));
    assert!(matches!(confirmed, Err(StoreError::Unavailable(_))));
    let written = store.read(|snapshot| {
        let events = snapshot.open(tables::EVENTS)?;
        let rows = redb::ReadableTable::iter(&events)?;
        rows.map(|row| Ok(row?.0.value().to_vec())).collect::<Result<Vec<_>, Broken>>()
    });
    assert_eq!(written.expect("it can be read"), [[1], [3]]);
}

#[tokio::test]
async fn a_commit_that_fails_is_unknown_and_what_follows_unavailable() {
    let (store, disk) = store();
    store.ping().await.expect("the disk works");
    disk.failing.store(true, Ordering::SeqCst);
    assert!(matches!(store.ping().await, Err(StoreError::Unknown(_))));
    assert!(matches!(store.ping().await, Err(StoreError::Unavailable(_))));
    disk.failing.store(false, Ordering::SeqCst);
    // Until it is opened anew: what is in memory is not to be trusted.
    assert!(matches!(store.ping().await, Err(StoreError::Unavailable(_))));
}
