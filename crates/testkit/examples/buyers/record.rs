use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use seathold_adapters::SystemClock;
use seathold_history::{Call, Event, Final, OpId, Promises, Seen, write};
use seathold_service::ports::Clock;
use tokio::time::Instant;

/// How late what was noted may be in the file.
const FLUSH: Duration = Duration::from_millis(50);

/// Writes the history, by one clock that does not jump: that of the system at the start,
/// and the time gone since.
pub(crate) struct Recorder {
    began: Instant,
    epoch: i64,
    book: Mutex<Book>,
}

/// What was written, and how much of what.
pub(crate) struct Book {
    out: BufWriter<File>,
    last_op: OpId,
    /// The first failure to write.
    failed: Option<io::Error>,
    /// What came of requests, by call and outcome.
    pub(crate) counts: BTreeMap<(&'static str, String), u64>,
}

impl Recorder {
    /// A history in this file, which is made anew.
    pub(crate) fn create(path: &Path, promises: Promises) -> io::Result<Self> {
        let book = Book {
            out: BufWriter::new(File::create(path)?),
            last_op: 0,
            failed: None,
            counts: BTreeMap::new(),
        };
        let (began, epoch) = (Instant::now(), SystemClock.now().as_millis());
        let recorder = Self { began, epoch, book: Mutex::new(book) };
        recorder.write(&Event::Start(promises));
        Ok(recorder)
    }

    /// The time, in ms.
    pub(crate) fn now(&self) -> i64 {
        self.epoch + i64::try_from(self.began.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    /// Notes a request that is about to be sent.
    pub(crate) fn invoke(&self, call: Call) -> OpId {
        self.with(|book| {
            book.last_op += 1;
            let op = book.last_op;
            book.write(&Event::Invoke { op, at: self.now(), call });
            op
        })
    }

    /// Notes that it was done.
    pub(crate) fn ok(&self, op: OpId, name: &'static str, seen: Seen) {
        self.answer(name, "ok", &Event::Ok { op, at: self.now(), seen: Box::new(seen) });
    }

    /// Notes that it was refused.
    pub(crate) fn refused(
        &self,
        op: OpId,
        name: &'static str,
        code: &str,
        seats: Vec<String>,
        booking: Option<String>,
    ) {
        let event = Event::Refused { op, at: self.now(), code: code.to_owned(), seats, booking };
        self.answer(name, code, &event);
    }

    /// Notes that nobody knows.
    pub(crate) fn unknown(&self, op: OpId, name: &'static str, why: String) {
        let outcome = format!("unknown: {why}");
        self.answer(name, &outcome, &Event::Unknown { op, at: self.now(), why });
    }

    /// Notes what something is at the end.
    pub(crate) fn last(&self, what: Final) {
        self.write(&Event::Final { at: self.now(), what });
    }

    /// What was counted.
    pub(crate) fn counts(&self) -> BTreeMap<(&'static str, String), u64> {
        self.with(|book| book.counts.clone())
    }

    /// Makes sure that all of it is in the file. Once it could not be written, it never is.
    pub(crate) fn flush(&self) -> io::Result<()> {
        self.with(|book| match &book.failed {
            Some(error) => Err(io::Error::new(error.kind(), error.to_string())),
            None => book.out.flush(),
        })
    }

    /// Writes it down so often that others can follow it.
    pub(crate) async fn keep_flushing(self: Arc<Self>) {
        loop {
            tokio::time::sleep(FLUSH).await;
            if let Err(error) = self.flush() {
                return eprintln!("buyers: the history cannot be written: {error}");
            }
        }
    }

    fn answer(&self, name: &'static str, outcome: &str, event: &Event) {
        self.with(|book| {
            *book.counts.entry((name, outcome.to_owned())).or_default() += 1;
            book.write(event);
        });
    }

    fn write(&self, event: &Event) {
        self.with(|book| book.write(event));
    }

    fn with<T>(&self, work: impl FnOnce(&mut Book) -> T) -> T {
        work(&mut self.book.lock().expect("no one panics with it"))
    }
}

impl Book {
    fn write(&mut self, event: &Event) {
        if let Err(error) = write(&mut self.out, event) {
            self.failed.get_or_insert(error);
        }
    }
}
