//! The seats of a map: some neighbours in one record, in the order of their
//! labels, filed under the first of them. So a commit writes few records, and a
//! map is few to read.

use std::iter::Peekable;

use redb::ReadableTable;
use seathold_core::{BookingId, Seat, SeatLabel, SeatState, SeatType, ShowtimeId};
use seathold_service::ports::PlacedSeat;

use super::encoding::{Decoder, Encoder};
use super::hold::SEAT_TYPES;
use super::tables::{self, Bytes, Tables};
use super::{Broken, keys};

/// Seats in one record: a commit rewrites all of them for one.
const NEIGHBOURS: usize = 32;

/// Of a record, its first byte.
const VERSION: u8 = 1;

const AVAILABLE: u8 = 0;
const HELD: u8 = 1;
const BOOKED: u8 = 2;

/// A seat with its position on the map, taken apart no further than needed.
#[derive(Clone, Copy)]
struct Entry<'a> {
    label: &'a [u8],
    position: u64,
    seat_type: SeatType,
    state: &'a [u8],
}

/// Writes a showtime's seats, in the order of their positions.
pub(super) fn insert(
    tables: &mut Tables<'_>,
    showtime: ShowtimeId,
    seats: &[Seat],
) -> Result<(), Broken> {
    let mut sorted: Vec<_> = (0..).zip(seats).collect();
    sorted.sort_unstable_by_key(|(_, seat)| seat.label);
    for neighbours in sorted.chunks(NEIGHBOURS) {
        let mut record = begin();
        for (position, seat) in neighbours {
            let entry = Entry {
                label: seat.label.as_str().as_bytes(),
                position: *position,
                seat_type: seat.seat_type,
                state: &[],
            };
            write(&mut record, entry, Some(&seat.state));
        }
        let key = keys::seat(showtime, &neighbours[0].1.label);
        tables.seat_records.insert(&key, &record.finish())?;
    }
    Ok(())
}

/// All seats of a showtime, in the order of their positions.
pub(super) fn all(
    table: &impl ReadableTable<Bytes, Bytes>,
    showtime: ShowtimeId,
    expected: usize,
) -> Result<Vec<Seat>, Broken> {
    let mut seats = Vec::with_capacity(expected);
    let prefix = showtime.bytes();
    for record in table.range::<&[u8]>(&prefix[..]..keys::after_prefix(&prefix).as_slice())? {
        for entry in entries(record?.1.value())? {
            let Entry { label, position, seat_type, state } = entry?;
            let (label, state) = (keys::label(label)?, parse(state)?);
            seats.push((position, Seat { label, seat_type, state }));
        }
    }
    seats.sort_unstable_by_key(|(position, _)| *position);
    Ok(seats.into_iter().map(|(_, seat)| seat).collect())
}

/// The state of one seat, if there is such a seat.
pub(super) fn one(
    table: &impl ReadableTable<Bytes, Bytes>,
    showtime: ShowtimeId,
    label: &SeatLabel,
) -> Result<Option<SeatState>, Broken> {
    let Some((_, record)) = record_of(table, showtime, label)? else {
        return Ok(None);
    };
    for entry in entries(&record)? {
        let entry = entry?;
        if entry.label == label.as_str().as_bytes() {
            return parse(entry.state).map(Some);
        }
    }
    Ok(None)
}

/// Writes new states. `false`, and nothing is written: one of them is no seat.
pub(super) fn update(
    tables: &mut Tables<'_>,
    showtime: ShowtimeId,
    seats: &[PlacedSeat],
) -> Result<bool, Broken> {
    let mut sorted: Vec<_> = seats.iter().map(|it| (&it.seat.label, &it.seat.state)).collect();
    sorted.sort_by_key(|(label, _)| **label);
    let mut wanted = sorted.into_iter().peekable();
    let mut changed = Vec::new();
    while let Some((first, _)) = wanted.peek() {
        let first = **first;
        let Some((key, record)) = record_of(&*tables.seat_records, showtime, &first)? else {
            return Ok(false);
        };
        changed.push((key, rewrite(&record, &mut wanted)?));
        if wanted.peek().is_some_and(|(label, _)| **label == first) {
            return Ok(false);
        }
    }
    for (key, record) in changed {
        tables.seat_records.insert(&key, &record)?;
    }
    Ok(true)
}

/// The record with the new states of those of its seats that come next.
fn rewrite<'s>(
    record: &[u8],
    wanted: &mut Peekable<impl Iterator<Item = (&'s SeatLabel, &'s SeatState)>>,
) -> Result<Vec<u8>, Broken> {
    let mut new = begin();
    for entry in entries(record)? {
        let entry = entry?;
        let is_next = |(label, _): &(&SeatLabel, _)| label.as_str().as_bytes() == entry.label;
        write(&mut new, entry, wanted.next_if(is_next).map(|(_, state)| state));
    }
    Ok(new.finish())
}

/// The record in which a seat stands, if it stands anywhere.
fn record_of(
    table: &impl ReadableTable<Bytes, Bytes>,
    showtime: ShowtimeId,
    label: &SeatLabel,
) -> Result<Option<tables::Entry>, Broken> {
    let key = keys::seat(showtime, label);
    let found = table.range::<&[u8]>(&showtime.bytes()[..]..=key.as_slice())?.next_back();
    let found = found.transpose()?;
    Ok(found.map(|(key, record)| (key.value().to_vec(), record.value().to_vec())))
}

fn begin() -> Encoder {
    let mut record = Encoder::with_capacity(NEIGHBOURS * 64);
    record.byte(VERSION);
    record
}

/// Appends an entry, with this state instead of its own if there is one.
fn write(to: &mut Encoder, entry: Entry<'_>, state: Option<&SeatState>) {
    to.blob(entry.label);
    to.number(entry.position);
    to.one_of(&SEAT_TYPES, &entry.seat_type);
    let Some(state) = state else { return to.raw(entry.state) };
    let (kind, owner) = match state {
        SeatState::Available => (AVAILABLE, None),
        SeatState::Held { booking, user, .. } => (HELD, Some((booking, user))),
        SeatState::Booked { booking, user } => (BOOKED, Some((booking, user))),
    };
    to.byte(kind);
    if let Some((booking, user)) = owner {
        to.raw(&booking.bytes());
        to.text(user.as_str());
    }
    if let SeatState::Held { until, .. } = state {
        to.time(*until);
    }
}

fn entries(record: &[u8]) -> Result<impl Iterator<Item = Result<Entry<'_>, Broken>>, Broken> {
    let mut from = Decoder::new(record);
    if from.byte()? != VERSION {
        return Err(Broken("seats were written by a later version".to_owned()));
    }
    Ok(std::iter::from_fn(move || (!from.rest().is_empty()).then(|| entry(&mut from))))
}

fn entry<'a>(from: &mut Decoder<'a>) -> Result<Entry<'a>, Broken> {
    let (label, position, seat_type) = (from.blob()?, from.number()?, from.one_of(&SEAT_TYPES)?);
    let before = from.rest();
    let kind = from.byte()?;
    if kind != AVAILABLE {
        from.raw(keys::ID)?;
        from.blob()?;
    }
    if kind == HELD {
        from.raw(keys::TIME)?;
    }
    let state = &before[..before.len() - from.rest().len()];
    Ok(Entry { label, position, seat_type, state })
}

fn parse(state: &[u8]) -> Result<SeatState, Broken> {
    let mut from = Decoder::new(state);
    let kind = from.byte()?;
    if kind == AVAILABLE {
        return Ok(SeatState::Available);
    }
    let (booking, user) = (BookingId::from_bytes(from.array()?), from.parse()?);
    match kind {
        HELD => Ok(SeatState::Held { booking, user, until: from.time()? }),
        BOOKED => Ok(SeatState::Booked { booking, user }),
        _ => Err(Broken("a seat has a state this version does not know".to_owned())),
    }
}
