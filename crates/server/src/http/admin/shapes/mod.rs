mod seats;

use seathold_core::{Currency, MAX_PRICE, PriceTable};
use seathold_service::NewShowtime;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

use crate::http::Problem;
use crate::http::extract::{Shape, Text, Time, invalid_at, printable};
use seats::{Layout, SeatList};

/// Bytes of a showtime at the most: 60,000 seats, one by one, fit.
const SHOWTIME_MAX_BYTES: usize = 2 * 1024 * 1024;

/// A showtime to be made.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = "fits_together", skip_on_field_errors = false))]
pub(crate) struct ShowtimeBody {
    /// What people call it.
    #[validate(length(min = 1, max = 200, message = "must have 1 to 200 characters"))]
    #[validate(custom(function = "printable"))]
    #[schema(min_length = 1, max_length = 200, example = "Late show")]
    title: String,
    /// The caller's own name of the movie.
    #[validate(length(min = 1, max = 64, message = "must have 1 to 64 characters"))]
    #[validate(custom(function = "printable"))]
    #[schema(min_length = 1, max_length = 64)]
    movie_id: String,
    /// The caller's own name of the cinema.
    #[validate(length(min = 1, max = 64, message = "must have 1 to 64 characters"))]
    #[validate(custom(function = "printable"))]
    #[schema(min_length = 1, max_length = 64)]
    cinema_id: String,
    /// The caller's own name of the screen.
    #[validate(length(min = 1, max = 64, message = "must have 1 to 64 characters"))]
    #[validate(custom(function = "printable"))]
    #[schema(min_length = 1, max_length = 64)]
    screen_id: String,
    /// When it starts.
    #[validate(nested)]
    #[schema(value_type = String, format = DateTime, example = "2030-01-15T20:00:00.000Z")]
    start_time: Text<Time>,
    /// When it ends; after the start.
    #[validate(nested)]
    #[schema(value_type = String, format = DateTime, example = "2030-01-15T22:00:00.000Z")]
    end_time: Text<Time>,
    /// The currency of its prices (ISO 4217).
    #[validate(nested)]
    #[schema(value_type = String, pattern = "^[A-Z]{3}$", example = "VND")]
    currency: Text<Currency>,
    /// What each type of seat costs.
    #[validate(nested)]
    price: PriceBody,
    /// Its seats by rows; either this or `seats`.
    #[validate(nested)]
    layout: Option<Layout>,
    /// Its seats one by one, in the order of the map: label and type
    /// (`standard`, `vip` or `couple`). Either this or `layout`.
    #[validate(nested)]
    #[schema(value_type = Option<std::collections::BTreeMap<String, String>>, example = json!({"A1": "vip"}))]
    seats: Option<SeatList>,
}

/// What each type of seat costs, in minor units.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct PriceBody {
    /// An ordinary seat.
    #[validate(range(min = 0, max = MAX_PRICE, message = "must be 0 to 10000000000000 minor units"))]
    #[schema(minimum = 0, maximum = 10_000_000_000_000_i64, example = 100_000)]
    standard: i64,
    /// A better seat.
    #[validate(range(min = 0, max = MAX_PRICE, message = "must be 0 to 10000000000000 minor units"))]
    #[schema(minimum = 0, maximum = 10_000_000_000_000_i64, example = 150_000)]
    vip: i64,
    /// A seat for two, sold as one.
    #[validate(range(min = 0, max = MAX_PRICE, message = "must be 0 to 10000000000000 minor units"))]
    #[schema(minimum = 0, maximum = 10_000_000_000_000_i64, example = 250_000)]
    couple: i64,
}

impl Shape for ShowtimeBody {
    const MAX_BYTES: usize = SHOWTIME_MAX_BYTES;
}

impl ShowtimeBody {
    /// The showtime, with every seat of its layout.
    pub(super) fn parse(self) -> Result<NewShowtime, Problem> {
        let PriceBody { standard, vip, couple } = self.price;
        let price = PriceTable::new(standard, vip, couple);
        let seats = match (self.layout, self.seats) {
            (Some(layout), _) => layout.seats(),
            (None, Some(list)) => list.seats(),
            (None, None) => Vec::new(),
        };
        Ok(NewShowtime {
            title: self.title,
            movie_id: self.movie_id,
            cinema_id: self.cinema_id,
            screen_id: self.screen_id,
            start_time: self.start_time.value().0,
            end_time: self.end_time.value().0,
            currency: self.currency.value(),
            price: price.map_err(|reason| Problem::invalid("price", reason.to_string()))?,
            seats,
        })
    }
}

fn fits_together(body: &ShowtimeBody) -> Result<(), ValidationError> {
    let (start, end) = (body.start_time.valid(), body.end_time.valid());
    if let (Some(start), Some(end)) = (start, end)
        && end <= start
    {
        return Err(invalid_at("end_time", "must be after start_time"));
    }
    if body.layout.is_some() == body.seats.is_some() {
        return Err(invalid_at("", "must have either layout or seats"));
    }
    Ok(())
}
