//! Idempotency keys in use.

use bson::spec::BinarySubtype;
use bson::{Binary, Document, RawDocumentBuf, doc};
use seathold_core::Timestamp;
use seathold_service::model::{Booking, Claim, ClaimKey, ClaimStatus};
use seathold_service::ports::{ClaimEnd, StoreError};

use super::collections::{Collections, date, one, some};
use super::{failures, rows};
use crate::documents::{self, Writer};

/// Tries to add claims whose keys come and go meanwhile.
pub(super) const ROUNDS: u32 = 3;

/// What makes a claim unique: sixteen bytes of the key, then the user. In the id,
/// it needs no index beside the one each collection has; as bytes, that is half
/// as large as with text. The document has both in fields of their own as well.
pub(super) fn id(key: &ClaimKey) -> Binary {
    let bytes = [key.key.uuid().as_bytes(), key.user.as_str().as_bytes()].concat();
    Binary { subtype: BinarySubtype::Generic, bytes }
}

/// Writes a claim's document to the end of `bytes`.
pub(super) fn write(claim: &Claim, bytes: &mut Vec<u8>) {
    let mut document = Writer::new(bytes);
    let ClaimKey { user, key } = &claim.key;
    document.binary("_id", &[key.uuid().as_bytes(), user.as_str().as_bytes()]);
    documents::write_claim(claim, &mut document);
}

pub(super) fn document(claim: &Claim) -> Result<RawDocumentBuf, StoreError> {
    let mut bytes = Vec::new();
    write(claim, &mut bytes);
    RawDocumentBuf::from_bytes(bytes).map_err(failures::document)
}

/// The claim, as long as its owner is still the same.
pub(super) fn owned(claim: &Claim) -> Document {
    doc! {"_id": id(&claim.key), "owner": claim.owner.to_string()}
}

pub(super) async fn find(db: &Collections, keys: &[ClaimKey]) -> Result<Vec<Claim>, StoreError> {
    let ids: Vec<_> = keys.iter().map(id).collect();
    let limit = ids.len() as u32;
    some(db.claims.find(doc! {"_id": {"$in": ids}}), limit).await
}

/// Adds a claim, or gives the one that has the key.
pub(super) async fn insert(db: Collections, claim: Claim) -> Result<Option<Claim>, StoreError> {
    let document = document(&claim)?;
    for _ in 0..ROUNDS {
        match db.claims.insert_one(&document).await {
            Ok(_) => return Ok(None),
            Err(error) if failures::is_duplicate(&error) => {}
            Err(error) => return Err(failures::write(error)),
        }
        if let Some(first) = one(&db.claims, doc! {"_id": id(&claim.key)}).await? {
            return Ok(Some(first));
        }
    }
    Err(StoreError::Unavailable("a key comes and goes".to_owned()))
}

/// Deletes a claim as long as its owner is still the same.
pub(super) async fn delete(db: &Collections, claim: &Claim) -> Result<(), StoreError> {
    db.claims.delete_one(owned(claim)).await.map(drop).map_err(failures::write)
}

/// First the claim, which tells who may write the row. A crash in between leaves
/// the old row, or none: the next who takes over makes it anew.
pub(super) async fn take_over(
    db: Collections,
    old: Claim,
    new: Claim,
    row: Option<Booking>,
) -> Result<bool, StoreError> {
    let replace = db.claims.replace_one(owned(&old), document(&new)?);
    if replace.await.map_err(failures::write)?.matched_count == 0 {
        return Ok(false);
    }
    match row {
        // Whoever was so slow that the next has taken over does not undo that.
        Some(row) => rows::replace(&db, &row).await.map_err(failures::halfway),
        None => Ok(true),
    }
}

/// Deletes what has had its time.
pub(super) async fn purge(db: Collections, now: Timestamp) -> Result<u64, StoreError> {
    let over = doc! {"expires_at": {"$lte": date(now)}};
    let deleted = db.claims.delete_many(over).await.map_err(failures::write)?;
    Ok(deleted.deleted_count)
}

pub(super) async fn end(db: Collections, claim: Claim, end: ClaimEnd) -> Result<(), StoreError> {
    let status = |status: ClaimStatus| status.as_str();
    let change = match &end {
        ClaimEnd::Discarded => {
            return delete(&db, &claim).await;
        }
        ClaimEnd::Completed(answer) => doc! {
            "status": status(ClaimStatus::Completed),
            "response_status": i32::from(answer.status),
            "response_body": Binary {
                subtype: BinarySubtype::Generic,
                bytes: answer.body.to_vec(),
            },
        },
        ClaimEnd::Failed => doc! {
            "status": status(ClaimStatus::Failed),
            "response_status": null,
            "response_body": null,
        },
    };
    let update = db.claims.update_one(owned(&claim), doc! {"$set": change});
    update.await.map(drop).map_err(failures::write)
}
