use bson::oid::ObjectId;
use bson::spec::BinarySubtype;
use bson::{Binary, DateTime};
use seathold_core::{BookingId, PriceTable, SeatState, SeatType, ShowtimeId, UserId};
use seathold_service::model::{Showtime, ShowtimeStatus, ShowtimeSummary};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{DocumentError, Record, append, date, moment, named, parse, required};

/// A showtime without its seats.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are those of `ShowtimeSummary`")]
pub struct ShowtimeDocument {
    #[serde(rename = "_id")]
    pub id: ObjectId,
    pub title: String,
    pub movie_id: String,
    pub cinema_id: String,
    pub screen_id: String,
    pub start_time: DateTime,
    pub end_time: DateTime,
    pub currency: String,
    pub price: PriceDocument,
    pub total_seats: u32,
    pub available_seats: u32,
    pub version: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit_id: Option<Binary>,
    #[serde(default)]
    pub next_expiry: Option<DateTime>,
    pub status: String,
    #[serde(default)]
    pub cancelled_at: Option<DateTime>,
    pub created_at: DateTime,
}

/// What each type of seat costs, in minor units.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[expect(missing_docs, reason = "named after the types of seat")]
pub struct PriceDocument {
    pub standard: i64,
    pub vip: i64,
    pub couple: i64,
}

impl Record for ShowtimeSummary {
    type Document = ShowtimeDocument;

    fn write(&self, bytes: &mut Vec<u8>) -> Result<(), DocumentError> {
        append(&ShowtimeDocument::from(self), bytes)
    }
}

impl From<&ShowtimeSummary> for ShowtimeDocument {
    fn from(summary: &ShowtimeSummary) -> Self {
        let showtime = &summary.showtime;
        let status = match summary.cancelled_at {
            Some(_) => ShowtimeStatus::Cancelled,
            None => ShowtimeStatus::Scheduled,
        };
        Self {
            id: ObjectId::from_bytes(showtime.id.bytes()),
            title: showtime.title.clone(),
            movie_id: showtime.movie_id.clone(),
            cinema_id: showtime.cinema_id.clone(),
            screen_id: showtime.screen_id.clone(),
            start_time: date(showtime.start_time),
            end_time: date(showtime.end_time),
            currency: showtime.currency.to_string(),
            price: PriceDocument {
                standard: showtime.price.of(SeatType::Standard),
                vip: showtime.price.of(SeatType::Vip),
                couple: showtime.price.of(SeatType::Couple),
            },
            total_seats: showtime.total_seats,
            available_seats: summary.available,
            version: summary.version,
            commit_id: summary.commit_id.map(|id| Binary {
                subtype: BinarySubtype::Generic,
                bytes: id.as_bytes().to_vec(),
            }),
            next_expiry: summary.next_expiry.map(date),
            status: status.as_str().to_owned(),
            cancelled_at: summary.cancelled_at.map(date),
            created_at: date(showtime.created_at),
        }
    }
}

impl TryFrom<ShowtimeDocument> for ShowtimeSummary {
    type Error = DocumentError;

    fn try_from(document: ShowtimeDocument) -> Result<Self, DocumentError> {
        let price = document.price;
        let showtime = Showtime {
            id: ShowtimeId::from_bytes(document.id.bytes()),
            title: document.title,
            movie_id: document.movie_id,
            cinema_id: document.cinema_id,
            screen_id: document.screen_id,
            start_time: moment(document.start_time),
            end_time: moment(document.end_time),
            currency: parse("currency", &document.currency)?,
            price: PriceTable::new(price.standard, price.vip, price.couple)
                .map_err(|error| DocumentError(format!("price {error}")))?,
            total_seats: document.total_seats,
            created_at: moment(document.created_at),
        };
        Ok(Self {
            showtime,
            cancelled_at: document.cancelled_at.map(moment),
            available: document.available_seats,
            next_expiry: document.next_expiry.map(moment),
            version: document.version,
            commit_id: document.commit_id.map(commit_id).transpose()?,
        })
    }
}

fn commit_id(id: Binary) -> Result<Uuid, DocumentError> {
    let bytes = id.bytes.try_into().map(Uuid::from_bytes);
    bytes.map_err(|_| DocumentError("commit_id is not 16 bytes long".to_owned()))
}

/// One seat; its label stands beside it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are those of `SeatState`")]
pub struct SeatDocument {
    pub status: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_until: Option<DateTime>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub booking_id: Option<ObjectId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    pub seat_type: String,
}

const AVAILABLE: &str = "available";
const HELD: &str = "held";
const BOOKED: &str = "booked";

/// What a seat's state is stored as.
pub(crate) struct SeatFields<'s> {
    pub(crate) status: &'static str,
    pub(crate) held_until: Option<DateTime>,
    pub(crate) owner: Option<(BookingId, &'s UserId)>,
}

impl<'s> SeatFields<'s> {
    pub(crate) fn of(state: &'s SeatState) -> Self {
        let (status, owner, until) = match state {
            SeatState::Available => (AVAILABLE, None, None),
            SeatState::Held { booking, user, until } => {
                (HELD, Some((*booking, user)), Some(*until))
            }
            SeatState::Booked { booking, user } => (BOOKED, Some((*booking, user)), None),
        };
        Self { status, held_until: until.map(date), owner }
    }
}

impl SeatDocument {
    /// The document of a seat of this type in this state.
    #[must_use]
    pub fn new(seat_type: SeatType, state: &SeatState) -> Self {
        let fields = SeatFields::of(state);
        Self {
            status: fields.status.to_owned(),
            held_until: fields.held_until,
            booking_id: fields.owner.map(|(booking, _)| ObjectId::from_bytes(booking.bytes())),
            user_id: fields.owner.map(|(_, user)| user.to_string()),
            seat_type: seat_type.as_str().to_owned(),
        }
    }

    /// The seat's type.
    ///
    /// # Errors
    /// A type this version does not know.
    pub fn seat_type(&self) -> Result<SeatType, DocumentError> {
        seat_type(&self.seat_type)
    }

    /// The seat's state.
    ///
    /// # Errors
    /// A status this version does not know, or one without what belongs to it.
    pub fn state(&self) -> Result<SeatState, DocumentError> {
        if self.status == AVAILABLE {
            return Ok(SeatState::Available);
        }
        let booking = required("booking_id", self.booking_id)?;
        let booking = BookingId::from_bytes(booking.bytes());
        let user = parse("user_id", required("user_id", self.user_id.as_deref())?)?;
        match self.status.as_str() {
            HELD => {
                let until = moment(required("held_until", self.held_until)?);
                Ok(SeatState::Held { booking, user, until })
            }
            BOOKED => Ok(SeatState::Booked { booking, user }),
            other => Err(DocumentError(format!("status has the unknown value {other:?}"))),
        }
    }
}

pub(super) fn seat_type(text: &str) -> Result<SeatType, DocumentError> {
    const ALL: [SeatType; 3] = [SeatType::Standard, SeatType::Vip, SeatType::Couple];
    named("seat_type", text, &ALL, SeatType::as_str)
}
