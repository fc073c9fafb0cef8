//! A showtime with its seats, as one document. The seats are nested by row, since
//! the server looks a name up by passing over those before it.

use std::collections::BTreeMap;

use bson::raw::{CString, RawBsonRef};
use bson::{RawDocument, RawDocumentBuf};
use seathold_core::{Seat, SeatLabel, SeatMap};
use seathold_service::model::{ShowtimeSummary, StoredShowtime};
use seathold_service::ports::{PlacedSeat, StoreError};

use super::collections::encode;
use super::failures;
use crate::documents::{self, SeatDocument, SeatFields, Writer};

/// The field with the rows of seats.
pub(super) const SEATS: &str = "seats";

/// The row of labels that begin with a digit: a path has no empty name.
const NO_ROW: &str = "_";

/// Where a seat stands on its map, beside the fields of its own. Rows may be
/// interleaved, so that the order of names does not tell.
const POSITION: &str = "n";

/// The path of a seat's entry.
pub(super) fn path(label: &SeatLabel) -> String {
    format!("{SEATS}.{}.{label}", row(label))
}

fn row(label: &SeatLabel) -> &str {
    match label.row() {
        "" => NO_ROW,
        row => row,
    }
}

/// The document of a showtime. The seats come last: what is read without them
/// is found first.
pub(super) fn document(
    summary: &ShowtimeSummary,
    seats: &[Seat],
) -> Result<RawDocumentBuf, StoreError> {
    let mut rows: BTreeMap<&str, RawDocumentBuf> = BTreeMap::new();
    let position = name(POSITION)?;
    for (n, seat) in (0_i32..).zip(seats) {
        let mut entry = entry(seat)?;
        entry.append(&position, n);
        rows.entry(row(&seat.label)).or_default().append(name(seat.label.as_str())?, entry);
    }
    let mut all = RawDocumentBuf::new();
    for (row, seats) in rows {
        all.append(name(row)?, seats);
    }
    let mut document = encode(summary)?;
    document.append(name(SEATS)?, all);
    Ok(document)
}

fn entry(seat: &Seat) -> Result<RawDocumentBuf, StoreError> {
    let entry = SeatDocument::new(seat.seat_type, &seat.state);
    let bytes = documents::to_bytes(&entry).map_err(failures::document)?;
    RawDocumentBuf::from_bytes(bytes).map_err(failures::document)
}

fn name(text: &str) -> Result<CString, StoreError> {
    text.try_into().map_err(failures::document)
}

/// The entry of this seat, if it is in the document.
pub(super) fn find<'d>(
    document: &'d RawDocument,
    label: &SeatLabel,
) -> bson::error::Result<Option<&'d RawDocument>> {
    let mut found = Some(document);
    for name in [SEATS, row(label), label.as_str()] {
        let Some(within) = found else { break };
        found = within.get(name)?.and_then(RawBsonRef::as_document);
    }
    Ok(found)
}

/// Writes a seat's entry anew, as one value: of each path the server is given, it
/// takes the document apart once more.
pub(super) fn set(placed: &PlacedSeat, set: &mut Writer<'_>) {
    let PlacedSeat { position, seat } = placed;
    let fields = SeatFields::of(&seat.state);
    let mut entry = set.document(&path(&seat.label));
    entry.text("status", fields.status);
    if let Some(until) = fields.held_until {
        entry.date("held_until", until);
    }
    if let Some((booking, user)) = fields.owner {
        entry.oid("booking_id", booking.bytes());
        entry.text("user_id", user.as_str());
    }
    entry.text("seat_type", seat.seat_type.as_str());
    entry.int(POSITION, (*position).into());
}

/// The showtime in a document. A seat without a position stands where its entry
/// does.
pub(super) fn parse(document: &RawDocument) -> Result<StoredShowtime, StoreError> {
    let summary = summary(document)?;
    let mut seats = Vec::with_capacity(summary.showtime.total_seats as usize);
    for row in entries(document.get_document(SEATS).map_err(failures::document)?) {
        for entry in entries(row?.1) {
            let (label, entry) = entry?;
            let (position, entry) = read(entry).map_err(failures::document)?;
            let seat = Seat {
                label: label.parse().map_err(failures::document)?,
                seat_type: entry.seat_type().map_err(failures::document)?,
                state: entry.state().map_err(failures::document)?,
            };
            seats.push((position.unwrap_or(seats.len() as i32), seat));
        }
    }
    seats.sort_by_key(|(position, _)| *position);
    let seats = seats.into_iter().map(|(_, seat)| seat).collect();
    let map = SeatMap::new(summary.schedule(), summary.version, seats);
    let map = map.map_err(|error| {
        failures::document(format!("the map of showtime {} {error}", summary.showtime.id))
    })?;
    Ok(StoredShowtime { summary, map })
}

/// What stands beside the seats, decoded without passing through them.
fn summary(document: &RawDocument) -> Result<ShowtimeSummary, StoreError> {
    let mut rest = RawDocumentBuf::new();
    for field in document {
        let (name, value) = field.map_err(failures::document)?;
        if name != SEATS {
            rest.append(name, value);
        }
    }
    documents::decode(rest.as_bytes()).map_err(failures::document)
}

/// A seat's position and its entry. Field by field: of a stadium, each field is
/// read sixty thousand times.
fn read(entry: &RawDocument) -> bson::error::Result<(Option<i32>, SeatDocument)> {
    let mut position = None;
    let mut seat = SeatDocument {
        status: String::new(),
        held_until: None,
        booking_id: None,
        user_id: None,
        seat_type: String::new(),
    };
    for field in entry {
        let (name, value) = field?;
        match (name.as_str(), value) {
            ("status", RawBsonRef::String(status)) => seat.status = status.to_owned(),
            ("held_until", RawBsonRef::DateTime(at)) => seat.held_until = Some(at),
            ("booking_id", RawBsonRef::ObjectId(id)) => seat.booking_id = Some(id),
            ("user_id", RawBsonRef::String(user)) => seat.user_id = Some(user.to_owned()),
            ("seat_type", RawBsonRef::String(kind)) => seat.seat_type = kind.to_owned(),
            (POSITION, RawBsonRef::Int32(n)) => position = Some(n),
            _ => {}
        }
    }
    Ok((position, seat))
}

/// The documents in a document, by name.
fn entries(
    document: &RawDocument,
) -> impl Iterator<Item = Result<(&str, &RawDocument), StoreError>> {
    document.iter().map(|entry| match entry.map_err(failures::document)? {
        (name, RawBsonRef::Document(entry)) => Ok((name.as_str(), entry)),
        (name, _) => Err(failures::document(format!("seats has {name}, which is no document"))),
    })
}
