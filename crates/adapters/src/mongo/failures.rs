//! What an error of the driver tells about a write: that it was not made, or
//! nothing.

use std::fmt::Display;

use mongodb::error::{
    Error, ErrorKind, NO_WRITES_PERFORMED, SYSTEM_OVERLOADED_ERROR, WriteFailure,
};
use seathold_service::ports::StoreError;

/// The user may not do this: nothing was tried.
const UNAUTHORIZED: i32 = 13;

/// A unique index has the value already.
pub(super) const DUPLICATE_KEY: i32 = 11000;

/// A read that failed: nothing was written.
#[expect(clippy::needless_pass_by_value, reason = "as map_err gives it")]
pub(super) fn read(error: Error) -> StoreError {
    StoreError::Unavailable(error.kind.to_string())
}

/// A write that failed. When in doubt it may have been made.
#[expect(clippy::needless_pass_by_value, reason = "as map_err gives it")]
pub(super) fn write(error: Error) -> StoreError {
    let reason = error.kind.to_string();
    if never_written(&error) {
        StoreError::Unavailable(reason)
    } else {
        StoreError::Unknown(reason)
    }
}

/// A write that failed after another that was made.
pub(super) fn halfway(error: StoreError) -> StoreError {
    match error {
        StoreError::Unavailable(reason) | StoreError::Unknown(reason) => {
            StoreError::Unknown(reason)
        }
    }
}

/// A stored document that makes no record, or the other way round.
pub(super) fn document(error: impl Display) -> StoreError {
    StoreError::Unavailable(error.to_string())
}

/// Whether an insert or an update was refused because a value that must be
/// unique is there already.
pub(super) fn is_duplicate(error: &Error) -> bool {
    match &*error.kind {
        ErrorKind::Write(WriteFailure::WriteError(refused)) => refused.code == DUPLICATE_KEY,
        ErrorKind::Command(refused) => refused.code == DUPLICATE_KEY,
        _ => false,
    }
}

/// Whether no try of the driver can have written anything. The driver tells of
/// the try that may have, if there was one before the last.
fn never_written(error: &Error) -> bool {
    match &*error.kind {
        // Before anything was sent.
        ErrorKind::ServerSelection { .. }
        | ErrorKind::ConnectionPoolCleared { .. }
        | ErrorKind::InvalidArgument { .. }
        | ErrorKind::Authentication { .. }
        | ErrorKind::DnsResolve { .. }
        | ErrorKind::Shutdown => true,
        // The label tells that it was while connecting.
        ErrorKind::Io(_) => error.contains_label(SYSTEM_OVERLOADED_ERROR),
        // The server tells what is wrong with the write.
        ErrorKind::Write(WriteFailure::WriteError(_)) => true,
        ErrorKind::Command(refused) => {
            // Any other may follow on a try whose answer was lost.
            refused.code == UNAUTHORIZED || error.contains_label(NO_WRITES_PERFORMED)
        }
        _ => false,
    }
}
