//! Files of the first form had a document for each seat, each booking and each
//! claim. They are brought into today's form when they are opened, all at once.

use redb::{ReadableTable, TableDefinition, TableHandle, WriteTransaction};
use seathold_core::{Seat, ShowtimeId};
use seathold_service::model::{Booking, Claim};

use super::tables::{Bytes, PAYMENTS_BY_BOOKING, PAYMENTS_TO_CHECK, Tables, record};
use super::{Broken, by_user, claims, hold, keys, seats};
use crate::documents::{self, SeatDocument};

type Old = TableDefinition<'static, Bytes, Bytes>;

/// Showtime id, label → position on the map, document of the seat.
const SEATS: Old = TableDefinition::new("seats");

/// Booking id → document of the booking.
const BOOKINGS: Old = TableDefinition::new("bookings");

/// User, time made, booking id → status, showtime id.
const BOOKINGS_BY_USER: Old = TableDefinition::new("bookings_by_user");

/// Converts what is there of the first form.
pub(super) fn convert(transaction: &WriteTransaction) -> Result<(), Broken> {
    let names: Vec<_> = transaction.list_tables()?.map(|table| table.name().to_owned()).collect();
    let is_there = |table: &Old| names.iter().any(|name| name == table.name());
    if is_there(&BOOKINGS) {
        convert_bookings(transaction)?;
        transaction.delete_table(BOOKINGS)?;
        transaction.delete_table(BOOKINGS_BY_USER)?;
    }
    if is_there(&SEATS) {
        convert_seats(transaction)?;
        transaction.delete_table(SEATS)?;
    }
    Ok(())
}

/// Whether the file is of the time before payments were asked about.
pub(super) fn is_without_checks(transaction: &WriteTransaction) -> Result<bool, Broken> {
    is_missing(transaction, &PAYMENTS_TO_CHECK)
}

/// Whether the file is of the time before the payments of a booking were listed.
pub(super) fn is_without_lists(transaction: &WriteTransaction) -> Result<bool, Broken> {
    is_missing(transaction, &PAYMENTS_BY_BOOKING)
}

fn is_missing(transaction: &WriteTransaction, table: &Old) -> Result<bool, Broken> {
    let mut tables = transaction.list_tables()?;
    Ok(!tables.any(|other| other.name() == table.name()))
}

/// A booking takes in the claim of its hold.
fn convert_bookings(transaction: &WriteTransaction) -> Result<(), Broken> {
    let mut tables = Tables::open(transaction, None)?;
    for entry in transaction.open_table(BOOKINGS)?.iter()? {
        let row: Booking = documents::decode(entry?.1.value())?;
        let key = keys::claim(&row.claim_key());
        let claim = record::<Claim>(&*tables.claims, &key)?;
        let claim = claim.filter(|claim| hold::belongs(claim, &row));
        if let Some(claim) = &claim {
            tables.claims.remove(&key)?;
            tables.claims_by_expiry.remove(&claims::by_expiry(claim).0)?;
        }
        tables.holds.insert(&row.id.bytes(), &hold::encode(&row, claim.as_ref()))?;
        let (key, value) = by_user::entry(&row, claim.is_some());
        tables.holds_by_user.insert(&key, &value)?;
    }
    Ok(())
}

/// Neighbouring seats come together.
fn convert_seats(transaction: &WriteTransaction) -> Result<(), Broken> {
    let mut tables = Tables::open(transaction, None)?;
    let showtimes = tables.showtimes.iter()?.map(|row| keys::last_id(row?.0.value()));
    let showtimes = showtimes.collect::<Result<Vec<_>, Broken>>()?;
    let old = transaction.open_table(SEATS)?;
    for showtime in showtimes {
        let mut placed = Vec::new();
        for entry in old.range::<&[u8]>(&showtime[..]..keys::after_prefix(&showtime).as_slice())? {
            let (key, value) = entry?;
            placed.push(seat(&key.value()[keys::ID..], value.value())?);
        }
        placed.sort_unstable_by_key(|(position, _)| *position);
        let placed: Vec<_> = placed.into_iter().map(|(_, seat)| seat).collect();
        seats::insert(&mut tables, ShowtimeId::from_bytes(showtime), &placed)?;
    }
    Ok(())
}

fn seat(label: &[u8], value: &[u8]) -> Result<(u32, Seat), Broken> {
    let short = || Broken("a seat's row is too short".to_owned());
    let (position, document) = value.split_first_chunk().ok_or_else(short)?;
    let document: SeatDocument = documents::from_bytes(document)?;
    let (seat_type, state) = (document.seat_type()?, document.state()?);
    Ok((u32::from_be_bytes(*position), Seat { label: keys::label(label)?, seat_type, state }))
}
