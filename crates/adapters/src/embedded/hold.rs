//! The record of a hold: the row of its booking and, until it is forgotten, the
//! claim on its idempotency key. One record, because both are written at once.
//!
//! The first byte is the version of the encoding. Of the claim only that is kept
//! which the row does not tell.

use seathold_core::{BookingId, IdempotencyKey, PaymentId, RefundId, SeatType, ShowtimeId};
use seathold_service::model::{
    Answer, BookedSeat, Booking, BookingRefund, BookingStatus, Claim, ClaimStatus, Fingerprint,
    RefundReason, Resource,
};
use uuid::Uuid;

use super::encoding::{Decoder, Encoder};
use super::{Broken, outbox};

const VERSION: u8 = 3;

/// Before others were told of bookings.
const WITHOUT_OUTBOX: u8 = 2;

/// Before bookings could be given back.
const WITHOUT_REFUND: u8 = 1;

/// Bytes of most records, so that few have to be moved while they are written.
const USUAL_BYTES: usize = 768;

/// Numbered by their places, here and below.
pub(super) const SEAT_TYPES: [SeatType; 3] = [SeatType::Standard, SeatType::Vip, SeatType::Couple];

const REASONS: [RefundReason; 5] = [
    RefundReason::NotSold,
    RefundReason::PaidTwice,
    RefundReason::Owner,
    RefundReason::Admin,
    RefundReason::ShowtimeCancelled,
];

pub(super) const STATUSES: [BookingStatus; 4] = [
    BookingStatus::Pending,
    BookingStatus::Confirmed,
    BookingStatus::Cancelled,
    BookingStatus::Expired,
];

const CLAIM_STATUSES: [ClaimStatus; 3] =
    [ClaimStatus::Processing, ClaimStatus::Completed, ClaimStatus::Failed];

/// Whether the claim is the one on the row's own key, for the row.
pub(super) fn belongs(claim: &Claim, row: &Booking) -> bool {
    let resource = Resource::Booking(row.id);
    let key = &claim.key;
    claim.resource == resource && key.key == row.idempotency_key && key.user == row.user_id
}

/// The record of a row, and of the claim that belongs to it.
pub(super) fn encode(row: &Booking, claim: Option<&Claim>) -> Vec<u8> {
    let mut to = Encoder::with_capacity(USUAL_BYTES);
    to.byte(VERSION);
    to.text(&row.code);
    to.raw(&row.showtime_id.bytes());
    to.text(row.user_id.as_str());
    to.number(row.seats.len() as u64);
    for seat in &row.seats {
        to.text(seat.label.as_str());
        to.one_of(&SEAT_TYPES, &seat.seat_type);
        to.signed(seat.price);
    }
    to.signed(row.total_amount);
    to.signed(row.discount_amount);
    to.signed(row.final_amount);
    to.text(&row.currency.to_string());
    to.one_of(&STATUSES, &row.status);
    to.time(row.held_at);
    to.time(row.hold_expires_at);
    to.option(row.confirmed_at, Encoder::time);
    to.option(row.cancelled_at, Encoder::time);
    to.time(row.created_at);
    to.time(row.updated_at);
    to.raw(row.idempotency_key.uuid().as_bytes());
    to.time(row.lease_until);
    to.byte(row.was_held.into());
    to.option(row.paid_by, |to, payment| to.raw(payment.uuid().as_bytes()));
    to.option(row.refund, encode_refund);
    to.option(row.outbox.as_ref(), outbox::encode);
    to.option(claim, encode_claim);
    to.finish()
}

fn encode_refund(to: &mut Encoder, refund: BookingRefund) {
    to.raw(refund.id.uuid().as_bytes());
    to.one_of(&REASONS, &refund.reason);
    to.time(refund.since);
    to.option(refund.done_at, Encoder::time);
}

fn decode_refund(from: &mut Decoder<'_>) -> Result<BookingRefund, Broken> {
    Ok(BookingRefund {
        id: RefundId::from_uuid(Uuid::from_bytes(from.array()?)),
        reason: from.one_of(&REASONS)?,
        since: from.time()?,
        done_at: from.option(Decoder::time)?,
    })
}

fn encode_claim(to: &mut Encoder, claim: &Claim) {
    to.text(&claim.fingerprint.route);
    to.raw(&claim.fingerprint.body_hash);
    to.raw(claim.owner.as_bytes());
    to.time(claim.lease_until);
    to.one_of(&CLAIM_STATUSES, &claim.status);
    to.option(claim.response.as_ref(), |to, answer| {
        to.number(answer.status.into());
        to.blob(&answer.body);
    });
    to.time(claim.expires_at);
}

/// The row in a record.
pub(super) fn row(id: BookingId, record: &[u8]) -> Result<Booking, Broken> {
    decode_row(id, &mut Decoder::new(record))
}

/// The row in a record, and its claim if it is not forgotten.
pub(super) fn decode(id: BookingId, record: &[u8]) -> Result<(Booking, Option<Claim>), Broken> {
    let mut from = Decoder::new(record);
    let row = decode_row(id, &mut from)?;
    let claim = from.option(|from| decode_claim(&row, from))?;
    Ok((row, claim))
}

fn decode_row(id: BookingId, from: &mut Decoder<'_>) -> Result<Booking, Broken> {
    let version = from.byte()?;
    if !(WITHOUT_REFUND..=VERSION).contains(&version) {
        return Err(Broken("a booking was written by a later version".to_owned()));
    }
    Ok(Booking {
        id,
        code: from.text()?.to_owned(),
        showtime_id: ShowtimeId::from_bytes(from.array()?),
        user_id: from.parse()?,
        seats: (0..from.number()?).map(|_| decode_seat(from)).collect::<Result<_, _>>()?,
        total_amount: from.signed()?,
        discount_amount: from.signed()?,
        final_amount: from.signed()?,
        currency: from.parse()?,
        status: from.one_of(&STATUSES)?,
        held_at: from.time()?,
        hold_expires_at: from.time()?,
        confirmed_at: from.option(Decoder::time)?,
        cancelled_at: from.option(Decoder::time)?,
        created_at: from.time()?,
        updated_at: from.time()?,
        idempotency_key: key(from.array()?)?,
        lease_until: from.time()?,
        was_held: from.byte()? != 0,
        paid_by: from.option(|from| Ok(PaymentId::from_uuid(Uuid::from_bytes(from.array()?))))?,
        refund: if version == WITHOUT_REFUND { None } else { from.option(decode_refund)? },
        outbox: if version <= WITHOUT_OUTBOX { None } else { from.option(outbox::decode)? },
    })
}

fn decode_seat(from: &mut Decoder<'_>) -> Result<BookedSeat, Broken> {
    Ok(BookedSeat {
        label: from.parse()?,
        seat_type: from.one_of(&SEAT_TYPES)?,
        price: from.signed()?,
    })
}

fn key(bytes: [u8; 16]) -> Result<IdempotencyKey, Broken> {
    let mut text = Uuid::encode_buffer();
    let text = Uuid::from_bytes(bytes).hyphenated().encode_lower(&mut text);
    text.parse().map_err(|error| Broken(format!("an idempotency key {error}")))
}

fn decode_claim(row: &Booking, from: &mut Decoder<'_>) -> Result<Claim, Broken> {
    Ok(Claim {
        key: row.claim_key(),
        fingerprint: Fingerprint { route: from.text()?.to_owned(), body_hash: from.array()? },
        resource: Resource::Booking(row.id),
        owner: Uuid::from_bytes(from.array()?),
        lease_until: from.time()?,
        status: from.one_of(&CLAIM_STATUSES)?,
        response: from.option(|from| {
            let status = u16::try_from(from.number()?);
            let status = status.map_err(|error| Broken(format!("a status: {error}")))?;
            Ok(Answer { status, body: from.blob()?.into() })
        })?,
        expires_at: from.time()?,
    })
}
