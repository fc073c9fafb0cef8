//! Many statements in one command. The driver's own bulk writes of updates need
//! a newer server than we ask for.

use bson::raw::{CStr, cstr};
use bson::{Document, RawArrayBuf, RawDocumentBuf, doc, rawdoc};
use mongodb::Database;
use mongodb::error::ErrorKind;
use seathold_service::ports::StoreError;
use serde::Deserialize;

use super::collections::Documents;
use super::connect::ACKNOWLEDGED_WITHIN;
use super::failures;

/// Inserts these documents, in any order; gives the places of those whose id, or
/// another value that must be unique, is there already. After a lost answer that
/// may be because the first try wrote them.
pub(super) async fn insert(
    database: &Database,
    collection: &Documents,
    documents: &[RawDocumentBuf],
) -> Result<Vec<usize>, StoreError> {
    if documents.is_empty() {
        return Ok(Vec::new());
    }
    let documents: RawArrayBuf = documents.iter().collect();
    let mut command = rawdoc! {"insert": collection.name()};
    command.append(cstr!("documents"), documents);
    let answer = run(database, command).await?;
    let others = answer.write_errors.iter().find(|error| error.code != failures::DUPLICATE_KEY);
    match others {
        Some(error) => Err(StoreError::Unknown(error.reason.clone())),
        None => Ok(answer.write_errors.iter().map(|error| error.index).collect()),
    }
}

/// One of many updates.
pub(super) struct Update {
    pub(super) filter: Document,
    pub(super) change: Document,
    /// Of all that match, not of one.
    pub(super) many: bool,
}

/// Makes these updates, in any order; gives how many documents matched. They
/// must bear to be made twice.
pub(super) async fn update(
    database: &Database,
    collection: &Documents,
    updates: Vec<Update>,
) -> Result<u64, StoreError> {
    let statements = updates.into_iter().map(|Update { filter, change, many }| {
        doc! {"q": filter, "u": change, "multi": many}
    });
    statements_of(database, rawdoc! {"update": collection.name()}, cstr!("updates"), statements)
        .await
}

/// Deletes, for each of these filters, the one that matches.
pub(super) async fn delete(
    database: &Database,
    collection: &Documents,
    filters: Vec<Document>,
) -> Result<(), StoreError> {
    let statements = filters.into_iter().map(|filter| doc! {"q": filter, "limit": 1});
    let command = rawdoc! {"delete": collection.name()};
    statements_of(database, command, cstr!("deletes"), statements).await.map(drop)
}

async fn statements_of(
    database: &Database,
    mut command: RawDocumentBuf,
    name: &CStr,
    statements: impl Iterator<Item = Document>,
) -> Result<u64, StoreError> {
    let statements = statements.map(|statement| RawDocumentBuf::try_from(&statement));
    let statements: Vec<_> = statements.collect::<Result<_, _>>().map_err(failures::document)?;
    if statements.is_empty() {
        return Ok(0);
    }
    command.append(name, RawArrayBuf::from_iter(statements));
    let answer = run(database, command).await?;
    match answer.write_errors.first() {
        Some(error) => Err(StoreError::Unknown(error.reason.clone())),
        None => Ok(answer.n),
    }
}

/// Runs a command that bears to be made twice; once more if the first try met a
/// server that was going away, or lost its answer.
async fn run(database: &Database, mut command: RawDocumentBuf) -> Result<Answer, StoreError> {
    command.append(cstr!("ordered"), false);
    let within = ACKNOWLEDGED_WITHIN.as_millis() as i64;
    let majority = rawdoc! {"w": "majority", "j": true, "wtimeout": within};
    command.append(cstr!("writeConcern"), majority);
    let answer = match database.run_raw_command(command.clone()).await {
        Err(error) if !matches!(*error.kind, ErrorKind::ServerSelection { .. }) => {
            let first = failures::write(error);
            let again = database.run_raw_command(command).await.map_err(failures::write);
            // Of two tries, the one that may have written counts.
            again.map_err(|second| if is_unknown(&first) { first } else { second })
        }
        answer => answer.map_err(failures::write),
    };
    let answer: Answer = bson::deserialize_from_document(answer?)
        .map_err(|error| StoreError::Unknown(error.to_string()))?;
    match answer.write_concern_error {
        Some(error) => Err(StoreError::Unknown(error.reason)),
        None => Ok(answer),
    }
}

const fn is_unknown(error: &StoreError) -> bool {
    matches!(error, StoreError::Unknown(_))
}

/// What the server answers to a command with many statements.
#[derive(Deserialize)]
struct Answer {
    n: u64,
    #[serde(default, rename = "writeErrors")]
    write_errors: Vec<WriteError>,
    #[serde(default, rename = "writeConcernError")]
    write_concern_error: Option<WriteConcernError>,
}

#[derive(Deserialize)]
struct WriteError {
    index: usize,
    code: i32,
    #[serde(rename = "errmsg")]
    reason: String,
}

#[derive(Deserialize)]
struct WriteConcernError {
    #[serde(rename = "errmsg")]
    reason: String,
}
