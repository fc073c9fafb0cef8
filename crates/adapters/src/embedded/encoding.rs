//! Records as bytes: numbers, moments and texts one after the other, without
//! the names of the fields.

use std::fmt::Display;
use std::str::FromStr;

use seathold_core::Timestamp;

use super::Broken;

/// Appends fields.
#[derive(Default)]
pub(super) struct Encoder(Vec<u8>);

impl Encoder {
    /// With room for a record of usual size.
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.0
    }

    pub(super) fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    /// Bytes whose number the reader knows.
    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// Seven bits in a byte, the lowest first.
    pub(super) fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.byte(number as u8 | 0x80);
            number >>= 7;
        }
        self.byte(number as u8);
    }

    /// Small numbers are short, below zero too.
    pub(super) fn signed(&mut self, number: i64) {
        self.number((number << 1 ^ number >> 63) as u64);
    }

    pub(super) fn time(&mut self, at: Timestamp) {
        self.raw(&at.as_millis().to_be_bytes());
    }

    pub(super) fn blob(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.raw(bytes);
    }

    pub(super) fn text(&mut self, text: &str) {
        self.blob(text.as_bytes());
    }

    /// The place of `one` among `all`, which must not change.
    pub(super) fn one_of<T: PartialEq>(&mut self, all: &[T], one: &T) {
        let place = all.iter().position(|other| other == one);
        self.byte(place.map_or(u8::MAX, |place| place as u8));
    }

    pub(super) fn option<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        self.byte(value.is_some().into());
        if let Some(value) = value {
            write(self, value);
        }
    }
}

/// Takes fields off the front, in the order in which they were appended.
#[derive(Clone, Copy)]
pub(super) struct Decoder<'a>(&'a [u8]);

impl<'a> Decoder<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// What is not yet taken.
    pub(super) const fn rest(&self) -> &'a [u8] {
        self.0
    }

    pub(super) fn raw(&mut self, bytes: usize) -> Result<&'a [u8], Broken> {
        let short = || Broken("a record is too short".to_owned());
        let (taken, rest) = self.0.split_at_checked(bytes).ok_or_else(short)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Broken> {
        let short = || Broken("a record is too short".to_owned());
        let (taken, rest) = self.0.split_first_chunk().ok_or_else(short)?;
        self.0 = rest;
        Ok(*taken)
    }

    pub(super) fn byte(&mut self) -> Result<u8, Broken> {
        self.array().map(|[byte]| byte)
    }

    pub(super) fn number(&mut self) -> Result<u64, Broken> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Broken("a record has a number that does not end".to_owned()))
    }

    pub(super) fn signed(&mut self) -> Result<i64, Broken> {
        let number = self.number()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    pub(super) fn time(&mut self) -> Result<Timestamp, Broken> {
        Ok(Timestamp::from_millis(i64::from_be_bytes(self.array()?)))
    }

    pub(super) fn blob(&mut self) -> Result<&'a [u8], Broken> {
        let bytes = self.number()?;
        self.raw(usize::try_from(bytes).unwrap_or(usize::MAX))
    }

    pub(super) fn text(&mut self) -> Result<&'a str, Broken> {
        std::str::from_utf8(self.blob()?).map_err(|error| Broken(error.to_string()))
    }

    /// The value whose text stands here.
    pub(super) fn parse<T: FromStr<Err: Display>>(&mut self) -> Result<T, Broken> {
        let text = self.text()?;
        text.parse().map_err(|error| Broken(format!("{text:?} in a record {error}")))
    }

    pub(super) fn one_of<T: Copy>(&mut self, all: &[T]) -> Result<T, Broken> {
        let one = all.get(usize::from(self.byte()?)).copied();
        one.ok_or_else(|| Broken("a record has a value this version does not know".to_owned()))
    }

    pub(super) fn option<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Broken>,
    ) -> Result<Option<T>, Broken> {
        match self.byte()? {
            0 => Ok(None),
            _ => read(self).map(Some),
        }
    }
}
