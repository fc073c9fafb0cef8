use bson::oid::ObjectId;
use bson::{Binary, DateTime};
use seathold_core::BookingId;
use seathold_service::model::{Answer, Claim, ClaimKey, ClaimStatus, Fingerprint, Resource};
use serde::Deserialize;

use super::{DocumentError, Record, Writer, date, encode_uuid, moment, named, parse, required};

/// An idempotency key in use.
#[derive(Clone, Debug, Deserialize)]
#[expect(missing_docs, reason = "the fields are those of `Claim`")]
pub struct ClaimDocument {
    pub key: String,
    pub user_id: String,
    pub request_path: String,
    pub request_hash: Binary,
    pub resource_type: String,
    #[serde(default)]
    pub booking_id: Option<ObjectId>,
    #[serde(default)]
    pub payment_id: Option<String>,
    #[serde(default)]
    pub refund_id: Option<String>,
    pub owner: String,
    pub lease_until: DateTime,
    pub status: String,
    #[serde(default)]
    pub response_status: Option<u16>,
    #[serde(default)]
    pub response_body: Option<Binary>,
    pub expires_at: DateTime,
}

const BOOKING: &str = "booking";
const PAYMENT: &str = "payment";
const REFUND: &str = "refund";

impl Record for Claim {
    type Document = ClaimDocument;

    fn write(&self, bytes: &mut Vec<u8>) -> Result<(), DocumentError> {
        write_fields(self, &mut Writer::new(bytes));
        Ok(())
    }
}

/// Writes all of its fields, into a document that may have others.
pub(crate) fn write_fields(claim: &Claim, fields: &mut Writer<'_>) {
    let mut uuid = [0; 36];
    fields.text("key", encode_uuid(&claim.key.key.uuid(), &mut uuid));
    fields.text("user_id", claim.key.user.as_str());
    fields.text("request_path", &claim.fingerprint.route);
    fields.binary("request_hash", &[&claim.fingerprint.body_hash]);
    match claim.resource {
        Resource::Booking(id) => {
            fields.text("resource_type", BOOKING);
            fields.oid("booking_id", id.bytes());
        }
        Resource::Payment(id) => {
            fields.text("resource_type", PAYMENT);
            fields.text("payment_id", &id.to_string());
        }
        Resource::Refund(id) => {
            fields.text("resource_type", REFUND);
            fields.text("refund_id", &id.to_string());
        }
    }
    fields.text("owner", encode_uuid(&claim.owner, &mut uuid));
    fields.date("lease_until", date(claim.lease_until));
    fields.text("status", claim.status.as_str());
    match &claim.response {
        Some(answer) => {
            fields.int("response_status", answer.status.into());
            fields.binary("response_body", &[&answer.body]);
        }
        None => {
            fields.null("response_status");
            fields.null("response_body");
        }
    }
    fields.date("expires_at", date(claim.expires_at));
}

impl TryFrom<ClaimDocument> for Claim {
    type Error = DocumentError;

    fn try_from(document: ClaimDocument) -> Result<Self, DocumentError> {
        const STATUSES: [ClaimStatus; 3] =
            [ClaimStatus::Processing, ClaimStatus::Completed, ClaimStatus::Failed];
        let resource = document.resource()?;
        let body_hash = document.request_hash.bytes.try_into();
        let body_hash =
            body_hash.map_err(|_| DocumentError("request_hash is not 32 bytes long".to_owned()))?;
        let response = document
            .response_status
            .zip(document.response_body)
            .map(|(status, body)| Answer { status, body: body.bytes.into() });
        Ok(Self {
            key: ClaimKey {
                user: parse("user_id", &document.user_id)?,
                key: parse("key", &document.key)?,
            },
            fingerprint: Fingerprint { route: document.request_path, body_hash },
            resource,
            owner: parse("owner", &document.owner)?,
            lease_until: moment(document.lease_until),
            status: named("status", &document.status, &STATUSES, ClaimStatus::as_str)?,
            response,
            expires_at: moment(document.expires_at),
        })
    }
}

impl ClaimDocument {
    fn resource(&self) -> Result<Resource, DocumentError> {
        match self.resource_type.as_str() {
            BOOKING => {
                let id = required("booking_id", self.booking_id)?;
                Ok(Resource::Booking(BookingId::from_bytes(id.bytes())))
            }
            PAYMENT => {
                let id = required("payment_id", self.payment_id.as_deref())?;
                Ok(Resource::Payment(parse("payment_id", id)?))
            }
            REFUND => {
                let id = required("refund_id", self.refund_id.as_deref())?;
                Ok(Resource::Refund(parse("refund_id", id)?))
            }
            other => Err(DocumentError(format!("resource_type has the unknown value {other:?}"))),
        }
    }
}
