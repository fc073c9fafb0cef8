use std::fmt;
use std::str::FromStr;

use seathold_core::{MAX_LABEL_CHARS, MAX_SEATS_PER_SHOWTIME, SeatLabel, SeatType};
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;
use validator::{Validate, ValidationError, ValidationErrors};

use crate::http::extract::{Text, invalid_at};

/// Digits of the largest seat number of a row.
const NUMBER_CHARS: usize = 5;

/// Characters of a row's name at the most: with a number, it makes a label.
const ROW_MAX_CHARS: usize = MAX_LABEL_CHARS - NUMBER_CHARS;

/// Seats by rows.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = "fits", skip_on_field_errors = false))]
pub(crate) struct Layout {
    /// The rows, in the order of the map.
    #[validate(nested)]
    rows: Vec<Row>,
}

/// Seats of one type, side by side: `A1`, `A2` and so on.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct Row {
    /// Its name: 1 to 11 letters, digits, `_` or `-`.
    #[validate(nested)]
    #[schema(value_type = String, pattern = "^[A-Za-z0-9_-]{1,11}$", example = "A")]
    row: Text<RowName>,
    /// How many seats it has, from number 1 on.
    #[validate(range(min = 1, max = 60_000, message = "must be 1 to 60000"))]
    #[schema(minimum = 1, maximum = 60_000, example = 20)]
    count: u32,
    /// Their type.
    seat_type: SeatKind,
}

/// What kind of seat it is.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum SeatKind {
    /// An ordinary seat.
    Standard,
    /// A better seat.
    Vip,
    /// A seat for two, sold as one.
    Couple,
}

impl From<SeatKind> for SeatType {
    fn from(kind: SeatKind) -> Self {
        match kind {
            SeatKind::Standard => Self::Standard,
            SeatKind::Vip => Self::Vip,
            SeatKind::Couple => Self::Couple,
        }
    }
}

struct RowName(String);

impl FromStr for RowName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_label = text.parse::<SeatLabel>().is_ok() && text.len() <= ROW_MAX_CHARS;
        let reason = || format!("must be 1 to {ROW_MAX_CHARS} letters, digits, '_' or '-'");
        is_label.then(|| Self(text.to_owned())).ok_or_else(reason)
    }
}

/// Checked before a single label is made.
fn fits(layout: &Layout) -> Result<(), ValidationError> {
    let total: u64 = layout.rows.iter().map(|row| u64::from(row.count)).sum();
    if (1..=MAX_SEATS_PER_SHOWTIME as u64).contains(&total) {
        return Ok(());
    }
    let reason = format!("must have 1 to {MAX_SEATS_PER_SHOWTIME} seats, have {total}");
    Err(invalid_at("rows", reason))
}

impl Layout {
    /// Every seat, row by row.
    pub(super) fn seats(self) -> Vec<(SeatLabel, SeatType)> {
        let mut seats = Vec::new();
        for Row { row, count, seat_type } in self.rows {
            let RowName(name) = row.value();
            for number in 1..=count {
                let label = format!("{name}{number}").parse::<SeatLabel>();
                let label = label.expect("a row's name leaves room for its numbers");
                seats.push((label, seat_type.into()));
            }
        }
        seats
    }
}

/// Seats one by one, in the order they were sent in.
pub(super) struct SeatList(Vec<(SeatLabel, SeatType)>);

impl SeatList {
    /// Every seat.
    pub(super) fn seats(self) -> Vec<(SeatLabel, SeatType)> {
        self.0
    }
}

impl Validate for SeatList {
    fn validate(&self) -> Result<(), ValidationErrors> {
        if !self.0.is_empty() {
            return Ok(());
        }
        let mut errors = ValidationErrors::new();
        errors.add("__all__", invalid_at("", "must have at least one seat"));
        Err(errors)
    }
}

impl<'de> Deserialize<'de> for SeatList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Seats;

        impl<'de> Visitor<'de> for Seats {
            type Value = SeatList;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of seat labels and types")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<SeatList, A::Error> {
                let mut seats = Vec::new();
                while let Some(text) = map.next_key::<String>()? {
                    let kind: SeatKind = map.next_value()?;
                    let label: SeatLabel = text
                        .parse()
                        .map_err(|reason| A::Error::custom(format!("label {text:?} {reason}")))?;
                    if seats.len() == MAX_SEATS_PER_SHOWTIME {
                        let reason =
                            format!("must have {MAX_SEATS_PER_SHOWTIME} seats at the most");
                        return Err(A::Error::custom(reason));
                    }
                    seats.push((label, kind.into()));
                }
                Ok(SeatList(seats))
            }
        }

        deserializer.deserialize_map(Seats)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(seats: &[(SeatLabel, SeatType)]) -> Vec<&str> {
        seats.iter().map(|(label, _)| label.as_str()).collect()
    }

    #[test]
    fn a_list_keeps_its_order() {
        let list: SeatList = serde_json::from_str(r#"{"B2":"vip","A1":"couple"}"#).expect("a list");
        assert_eq!(labels(&list.seats()), ["B2", "A1"]);
        for bad in [r#"{"A 1":"vip"}"#, r#"{"A1":"gold"}"#, "[]"] {
            assert!(serde_json::from_str::<SeatList>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn rows_count_from_one() {
        let layout = |rows: &str| -> Layout {
            serde_json::from_str(&format!(r#"{{"rows":[{rows}]}}"#)).expect("a layout")
        };
        let row = |name: &str, count: u32| {
            format!(r#"{{"row":"{name}","count":{count},"seat_type":"standard"}}"#)
        };
        let plain = layout(&format!("{},{}", row("A", 2), row("B", 1)));
        assert_eq!(labels(&plain.seats()), ["A1", "A2", "B1"]);
        assert!(layout(&row("A", 60_000)).validate().is_ok());
        assert!(layout(&format!("{},{}", row("A", 60_000), row("B", 1))).validate().is_err());
        assert!(layout("").validate().is_err());
        assert!(layout(&row("A B", 1)).validate().is_err());
    }
}
