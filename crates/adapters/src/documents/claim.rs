use bson::oid::ObjectId;
use bson::spec::BinarySubtype;
use bson::{Binary, DateTime};
use seathold_core::BookingId;
use seathold_service::model::{Answer, Claim, ClaimKey, ClaimStatus, Fingerprint, Resource};
use serde::{Deserialize, Serialize};

use super::{DocumentError, Record, date, moment, named, parse, required};

/// An idempotency key in use.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are those of `Claim`")]
pub struct ClaimDocument {
    pub key: String,
    pub user_id: String,
    pub request_path: String,
    pub request_hash: Binary,
    pub resource_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub booking_id: Option<ObjectId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_id: Option<String>,
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

impl Record for Claim {
    type Document = ClaimDocument;
}

impl From<&Claim> for ClaimDocument {
    fn from(claim: &Claim) -> Self {
        let (resource_type, booking_id, payment_id) = match claim.resource {
            Resource::Booking(id) => (BOOKING, Some(ObjectId::from_bytes(id.bytes())), None),
            Resource::Payment(id) => (PAYMENT, None, Some(id.to_string())),
        };
        Self {
            key: claim.key.key.to_string(),
            user_id: claim.key.user.to_string(),
            request_path: claim.fingerprint.route.clone(),
            request_hash: binary(&claim.fingerprint.body_hash),
            resource_type: resource_type.to_owned(),
            booking_id,
            payment_id,
            owner: claim.owner.to_string(),
            lease_until: date(claim.lease_until),
            status: claim.status.as_str().to_owned(),
            response_status: claim.response.as_ref().map(|answer| answer.status),
            response_body: claim.response.as_ref().map(|answer| binary(&answer.body)),
            expires_at: date(claim.expires_at),
        }
    }
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
            other => Err(DocumentError(format!("resource_type has the unknown value {other:?}"))),
        }
    }
}

fn binary(bytes: &[u8]) -> Binary {
    Binary { subtype: BinarySubtype::Generic, bytes: bytes.to_vec() }
}
