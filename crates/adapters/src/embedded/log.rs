//! The log: what transactions changed since the file was last made durable.
//!
//! A transaction is durable once its record is in the log. Writing the pages of
//! all trees it touched can wait until many others touched them too: that is a
//! checkpoint, after which the log is written from its start again, over what
//! it had. A record counts only if it is whole, and the one that follows what the
//! file has, since the store was last opened; so what is left of earlier rounds, or
//! behind a record that is not whole, never counts.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use sha2::{Digest, Sha256};

use super::Broken;
use super::encoding::{Decoder, Encoder};

/// Bytes after which it is time for a checkpoint. With more, who comes at its time
/// waits longer, and more is done again after a crash; with less, a page is written
/// for fewer changes.
const CHECKPOINT_BYTES: u64 = 32 << 20;

/// Bytes by which the log grows: what is written over where there is something
/// already is sooner durable.
const GROWTH: usize = 1 << 20;

/// Known to the file and to the records of its log: another one at each opening.
pub(super) type LogId = [u8; 16];

const SUM: usize = 16;

/// Length of the changes, number of the transaction, checksum.
const HEADER: usize = 4 + 8 + SUM;

const REMOVED: u8 = 0;
const PUT: u8 = 1;

/// Where a log is kept.
pub(super) trait LogFile: Send {
    fn read_all(&mut self) -> io::Result<Vec<u8>>;
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()>;
    fn sync(&mut self) -> io::Result<()>;
}

impl LogFile for File {
    fn read_all(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.rewind()?;
        self.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.seek(SeekFrom::Start(offset))?;
        self.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}

/// Opens the file of a log; makes it if it is missing.
pub(super) fn open(path: &Path) -> io::Result<File> {
    let file = File::options().read(true).write(true).create(true).truncate(false).open(path)?;
    // So that the file's name is durable too, where folders can be opened.
    if let Some(folder) = path.parent().and_then(|dir| File::open(dir).ok()) {
        folder.sync_all()?;
    }
    Ok(file)
}

/// What one transaction changed, in order.
#[derive(Default)]
pub(super) struct Changes(Encoder);

impl Changes {
    pub(super) fn put(&mut self, table: u8, key: &[u8], value: &[u8]) {
        self.0.raw(&[table, PUT]);
        self.0.blob(key);
        self.0.blob(value);
    }

    pub(super) fn removed(&mut self, table: u8, key: &[u8]) {
        self.0.raw(&[table, REMOVED]);
        self.0.blob(key);
    }
}

/// One change: in which table, at which key, and what stands there then.
pub(super) type Change<'a> = (u8, &'a [u8], Option<&'a [u8]>);

/// The changes in a record, in order.
pub(super) fn changes(record: &[u8]) -> impl Iterator<Item = Result<Change<'_>, Broken>> {
    let mut from = Decoder::new(record);
    let mut next = move || {
        let [table, kind] = from.array()?;
        let key = from.blob()?;
        let value = (kind == PUT).then(|| from.blob()).transpose()?;
        Ok((from.rest().len(), (table, key, value)))
    };
    let mut left = record.len();
    std::iter::from_fn(move || {
        (left > 0).then(|| {
            let change: Result<_, Broken> = next();
            left = change.as_ref().map_or(0, |(left, _)| *left);
            change.map(|(_, change)| change)
        })
    })
}

pub(super) struct Log {
    file: Box<dyn LogFile>,
    id: LogId,
    /// Number of the last transaction.
    last: u64,
    /// Where the next record goes.
    end: u64,
    /// Bytes of the file.
    size: u64,
}

impl Log {
    /// The log of a file that has all transactions up to `last`, with the records
    /// of those that follow it.
    pub(super) fn read(
        mut file: Box<dyn LogFile>,
        id: LogId,
        last: u64,
    ) -> io::Result<(Self, Vec<Vec<u8>>)> {
        let bytes = file.read_all()?;
        let size = bytes.len() as u64;
        let mut log = Self { file, id, last, end: 0, size };
        let mut records = Vec::new();
        while let Some(record) = log.record(&bytes[log.end as usize..]) {
            records.push(record.to_vec());
            log.end += (HEADER + record.len()) as u64;
            log.last += 1;
        }
        Ok((log, records))
    }

    /// The record with which these bytes begin, if it is the next one.
    fn record<'a>(&self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        let mut from = Decoder::new(bytes);
        let length = u32::from_be_bytes(from.array().ok()?);
        let number = u64::from_be_bytes(from.array().ok()?);
        let sum: [u8; SUM] = from.array().ok()?;
        let record = from.raw(length as usize).ok()?;
        (number == self.last + 1 && sum == self.sum(number, record)).then_some(record)
    }

    fn sum(&self, number: u64, record: &[u8]) -> [u8; SUM] {
        let hash = Sha256::new().chain_update(self.id).chain_update(number.to_be_bytes());
        let hash = hash.chain_update(record).finalize();
        std::array::from_fn(|n| hash[n])
    }

    /// Number of the last transaction.
    pub(super) const fn last(&self) -> u64 {
        self.last
    }

    /// Writes down the changes of the next transaction. Durable with the next
    /// `sync`, as is all that was written before.
    pub(super) fn append(&mut self, changes: Changes) -> io::Result<()> {
        let changes = changes.0.finish();
        let number = self.last + 1;
        let length = u32::try_from(changes.len()).map_err(io::Error::other)?;
        let mut record = Vec::with_capacity(HEADER + changes.len());
        record.extend_from_slice(&length.to_be_bytes());
        record.extend_from_slice(&number.to_be_bytes());
        record.extend_from_slice(&self.sum(number, &changes));
        record.extend_from_slice(&changes);
        let end = self.end + record.len() as u64;
        while self.size < end {
            self.file.write_at(self.size, &vec![0; GROWTH])?;
            self.size += GROWTH as u64;
        }
        self.file.write_at(self.end, &record)?;
        (self.last, self.end) = (number, end);
        Ok(())
    }

    pub(super) fn sync(&mut self) -> io::Result<()> {
        self.file.sync()
    }

    /// Whether it is time for a checkpoint.
    pub(super) const fn is_full(&self) -> bool {
        self.end >= CHECKPOINT_BYTES
    }

    /// Begins anew: all that it has is durable elsewhere.
    pub(super) const fn restart(&mut self) {
        self.end = 0;
    }

    /// Begins anew, known by this from now on.
    pub(super) const fn renew(&mut self, id: LogId) {
        self.id = id;
        self.restart();
    }
}
