use seathold_core::{SeatLabel, ShowtimeId};
use seathold_service::model::BookingStatus;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::str::FromStr;
use utoipa::openapi::schema::{Array, ArrayBuilder, ObjectBuilder, Type};
use utoipa::{IntoParams, ToSchema};
use validator::{Validate, ValidationError};

use crate::http::Problem;
use crate::http::extract::{PageNumber, PageSize, Shape, Text, given, invalid};

/// Which seats to hold.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct HoldBody {
    /// Of which showtime.
    #[validate(nested)]
    #[schema(value_type = String, pattern = "^[0-9a-fA-F]{24}$", example = "64a7b2c4d5e6f7a8b9c0d1e7")]
    showtime_id: Text<ShowtimeId>,
    /// Which, each once. How many at the most is up to the server (default: 10).
    #[validate(length(min = 1, message = "must name at least one seat"))]
    #[validate(custom(function = "each_once"), nested)]
    #[schema(schema_with = labels)]
    seats: Vec<Text<SeatLabel>>,
}

impl Shape for HoldBody {}

/// Labels of seats, for the API's description.
fn labels() -> Array {
    let label =
        ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[A-Za-z0-9_-]{1,16}$"));
    ArrayBuilder::new()
        .items(label)
        .description(Some(
            "Which, each once. How many at the most is up to the server (default: 10).",
        ))
        .min_items(Some(1))
        .unique_items(true)
        .examples([serde_json::json!(["A1", "A2", "A3"])])
        .build()
}

impl HoldBody {
    /// Where, and which seats.
    pub(super) fn parse(self, max_seats: u32) -> Result<(ShowtimeId, Vec<SeatLabel>), Problem> {
        if self.seats.len() > max_seats as usize {
            return Err(Problem::invalid(
                "seats",
                format!("must name {max_seats} seats at the most"),
            ));
        }
        Ok((self.showtime_id.value(), self.seats.into_iter().map(Text::value).collect()))
    }
}

fn each_once(seats: &[Text<SeatLabel>]) -> Result<(), ValidationError> {
    if seats.iter().any(|label| label.valid().is_none()) {
        // The labels themselves say what is wrong with them.
        return Ok(());
    }
    let mut seen = BTreeSet::new();
    let repeated = seats.iter().filter_map(Text::valid).find(|label| !seen.insert(**label));
    match repeated {
        Some(label) => Err(invalid(format!("must name each seat once, but names {label} again"))),
        None => Ok(()),
    }
}

/// Which bookings to list.
#[derive(Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
pub(crate) struct BookingQuery {
    /// With this status only: `pending`, `confirmed`, `cancelled` or `expired`.
    #[validate(nested)]
    #[param(value_type = Option<String>, pattern = "^(pending|confirmed|cancelled|expired)$")]
    status: Option<Text<Status>>,
    /// Of this showtime only.
    #[validate(nested)]
    #[param(value_type = Option<String>, pattern = "^[0-9a-fA-F]{24}$")]
    showtime_id: Option<Text<ShowtimeId>>,
    /// Which page; the first is 1.
    #[validate(nested)]
    #[param(value_type = Option<u32>, minimum = 1, default = 1)]
    page: Option<Text<PageNumber>>,
    /// Entries on a page.
    #[validate(nested)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, default = 20)]
    limit: Option<Text<PageSize>>,
}

impl BookingQuery {
    pub(super) fn page(&self) -> (PageNumber, PageSize) {
        (given(&self.page).unwrap_or_default(), given(&self.limit).unwrap_or_default())
    }

    pub(super) fn status(&self) -> Option<BookingStatus> {
        given(&self.status).map(|Status(status)| status)
    }

    pub(super) fn showtime(&self) -> Option<ShowtimeId> {
        given(&self.showtime_id)
    }
}

#[derive(Clone, Copy)]
struct Status(BookingStatus);

impl FromStr for Status {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let status = BookingStatus::ALL.into_iter().find(|status| status.as_str() == text);
        status.map(Self).ok_or("must be pending, confirmed, cancelled or expired")
    }
}
