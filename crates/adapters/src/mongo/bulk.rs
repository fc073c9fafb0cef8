//! Many statements in one command. The driver's own bulk writes of updates need
//! a newer server than we ask for.

use std::fmt::Display;

use bson::{Bson, Document, RawDocumentBuf, doc};
use mongodb::error::ErrorKind;
use seathold_service::ports::StoreError;
use serde::Deserialize;

use super::collections::Documents;
use super::connect::ACKNOWLEDGED_WITHIN;
use super::failures;
use crate::documents::Writer;

/// What a command does with its statements.
#[derive(Clone, Copy)]
pub(super) enum Verb {
    /// Each is a document to insert.
    Insert,
    /// Each is an update.
    Update,
    /// Each is a filter, and how many to delete.
    Delete,
}

impl Verb {
    /// The command, and the field with its statements.
    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Insert => ("insert", "documents"),
            Self::Update => ("update", "updates"),
            Self::Delete => ("delete", "deletes"),
        }
    }
}

/// Statements of one kind, encoded one after the other.
#[derive(Default)]
pub(super) struct Statements {
    bytes: Vec<u8>,
    count: usize,
}

impl Statements {
    /// One, which `write` writes to the end of a buffer.
    pub(super) fn one(write: impl FnOnce(&mut Vec<u8>)) -> Self {
        let mut bytes = Vec::new();
        write(&mut bytes);
        Self { bytes, count: 1 }
    }

    /// All of these, each written to the end of a buffer.
    pub(super) fn of<T, E: Display>(
        items: impl IntoIterator<Item = T>,
        write: impl Fn(T, &mut Vec<u8>) -> Result<(), E>,
    ) -> Result<Self, StoreError> {
        let mut all = Self::default();
        for item in items {
            write(item, &mut all.bytes).map_err(failures::document)?;
            all.count += 1;
        }
        Ok(all)
    }

    pub(super) const fn len(&self) -> usize {
        self.count
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// How many bytes they have together.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes.len()
    }

    fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.bytes.as_slice();
        std::iter::from_fn(move || {
            // A document begins with its length.
            let length = i32::from_le_bytes(*rest.first_chunk()?);
            let (first, others) = rest.split_at_checked(usize::try_from(length).ok()?)?;
            rest = others;
            Some(first)
        })
    }
}

/// One of many updates.
pub(super) struct Update {
    pub(super) filter: Document,
    /// A document of operators, or a pipeline.
    pub(super) change: Bson,
    /// Of all that match, not of one.
    pub(super) many: bool,
}

/// Encodes updates.
pub(super) fn updates(updates: impl IntoIterator<Item = Update>) -> Result<Statements, StoreError> {
    Statements::of(updates, |Update { filter, change, many }, bytes| {
        doc! {"q": filter, "u": change, "multi": many}.to_writer(bytes)
    })
}

/// Makes these updates, in any order; gives how many documents matched. They
/// must bear to be made twice.
pub(super) async fn update(
    collection: &Documents,
    updates: &Statements,
) -> Result<u64, StoreError> {
    all(run(Verb::Update, collection, &[updates]).await?)
}

/// Deletes, for each of these filters, the one that matches.
pub(super) async fn delete(
    collection: &Documents,
    filters: Vec<Document>,
) -> Result<(), StoreError> {
    let statements =
        Statements::of(filters, |filter, bytes| doc! {"q": filter, "limit": 1}.to_writer(bytes))?;
    all(run(Verb::Delete, collection, &[&statements]).await?).map(drop)
}

fn all(answer: Answer) -> Result<u64, StoreError> {
    match answer.write_errors.into_iter().next() {
        Some(error) => Err(StoreError::Unknown(error.reason)),
        None => Ok(answer.n),
    }
}

/// Runs all statements in one command, in any order. They must bear to be made
/// twice: once more if the first try met a server that was going away, or lost
/// its answer.
pub(super) async fn run(
    verb: Verb,
    collection: &Documents,
    statements: &[&Statements],
) -> Result<Answer, StoreError> {
    if statements.iter().all(|statements| statements.is_empty()) {
        return Ok(Answer::default());
    }
    let database = collection.client().database(&collection.namespace().db);
    let make = || command(verb, collection.name(), statements);
    let (answer, retried) = match database.run_raw_command(make()?).await {
        Err(error) if !matches!(*error.kind, ErrorKind::ServerSelection { .. }) => {
            let first = failures::write(error);
            let again = database.run_raw_command(make()?).await.map_err(failures::write);
            // Of two tries, the one that may have written counts.
            match is_unknown(&first) {
                true => (again.map_err(|_| first)?, true),
                false => (again?, false),
            }
        }
        answer => (answer.map_err(failures::write)?, false),
    };
    let answer: Answer = bson::deserialize_from_document(answer)
        .map_err(|error| StoreError::Unknown(error.to_string()))?;
    match answer.write_concern_error {
        Some(error) => Err(StoreError::Unknown(error.reason)),
        None => Ok(Answer { retried, ..answer }),
    }
}

fn command(
    verb: Verb,
    collection: &str,
    statements: &[&Statements],
) -> Result<RawDocumentBuf, StoreError> {
    let (name, field) = verb.names();
    let room: usize = statements.iter().map(|statements| statements.bytes.len()).sum();
    // With a name for each, and what stands beside them.
    let names: usize = statements.iter().map(|statements| 8 * statements.len()).sum();
    let mut bytes = Vec::with_capacity(room + names + 256);
    let mut command = Writer::new(&mut bytes);
    command.text(name, collection);
    command.written(field, statements.iter().flat_map(|statements| statements.iter()));
    command.bool("ordered", false);
    let mut concern = command.document("writeConcern");
    concern.text("w", "majority");
    concern.bool("j", true);
    concern.long("wtimeout", ACKNOWLEDGED_WITHIN.as_millis() as i64);
    drop(concern);
    drop(command);
    RawDocumentBuf::from_bytes(bytes).map_err(failures::document)
}

const fn is_unknown(error: &StoreError) -> bool {
    matches!(error, StoreError::Unknown(_))
}

/// What the server answers to a command with many statements.
#[derive(Default, Deserialize)]
pub(super) struct Answer {
    /// How many documents were inserted, matched or deleted.
    pub(super) n: u64,
    #[serde(default, rename = "writeErrors")]
    pub(super) write_errors: Vec<WriteError>,
    #[serde(default, rename = "writeConcernError")]
    write_concern_error: Option<WriteConcernError>,
    /// Whether it is the answer to a second try, and the first may have written too,
    /// or may yet.
    #[serde(skip)]
    pub(super) retried: bool,
}

/// What was wrong with one of the statements.
#[derive(Deserialize)]
pub(super) struct WriteError {
    /// Its place among all.
    pub(super) index: usize,
    pub(super) code: i32,
    #[serde(rename = "errmsg")]
    pub(super) reason: String,
}

#[derive(Deserialize)]
struct WriteConcernError {
    #[serde(rename = "errmsg")]
    reason: String,
}
