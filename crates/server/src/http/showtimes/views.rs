use seathold_core::{PriceTable, SeatState, SeatType, Timestamp};
use seathold_service::{SeatMapView, ShowtimeView as Showtime};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use crate::http::extract::Time;

/// A showtime, without its seat map.
#[derive(Serialize, ToSchema)]
#[schema(as = Showtime)]
pub(crate) struct ShowtimeView {
    /// Its id: 24 hex digits.
    #[schema(example = "64a7b2c4d5e6f7a8b9c0d1e7")]
    id: String,
    /// What people call it.
    title: String,
    /// The movie.
    movie_id: String,
    /// The cinema.
    cinema_id: String,
    /// The screen.
    screen_id: String,
    /// When it starts; no new hold from then on.
    start_time: Time,
    /// When it ends.
    end_time: Time,
    /// The currency of its prices (ISO 4217).
    #[schema(example = "VND")]
    currency: String,
    /// What each type of seat costs.
    price: PriceView,
    /// `scheduled`, `cancelled` or `completed`.
    #[schema(example = "scheduled")]
    status: &'static str,
    /// How many seats it has.
    #[schema(example = 200)]
    total_seats: u32,
    /// How many anybody may take now.
    #[schema(example = 197)]
    available_seats: u32,
    /// When it was made.
    created_at: Time,
}

/// What each type of seat costs, in minor units.
#[derive(Serialize, ToSchema)]
#[schema(as = Prices)]
struct PriceView {
    /// An ordinary seat.
    #[schema(example = 100_000)]
    standard: i64,
    /// A better seat.
    #[schema(example = 150_000)]
    vip: i64,
    /// A seat for two, sold as one.
    #[schema(example = 250_000)]
    couple: i64,
}

impl ShowtimeView {
    pub(in crate::http) fn of(view: &Showtime) -> Self {
        let showtime = &view.summary.showtime;
        Self {
            id: showtime.id.to_string(),
            title: showtime.title.clone(),
            movie_id: showtime.movie_id.clone(),
            cinema_id: showtime.cinema_id.clone(),
            screen_id: showtime.screen_id.clone(),
            start_time: Time(showtime.start_time),
            end_time: Time(showtime.end_time),
            currency: showtime.currency.to_string(),
            price: PriceView {
                standard: showtime.price.of(SeatType::Standard),
                vip: showtime.price.of(SeatType::Vip),
                couple: showtime.price.of(SeatType::Couple),
            },
            status: view.status.as_str(),
            total_seats: showtime.total_seats,
            available_seats: view.available,
            created_at: Time(showtime.created_at),
        }
    }
}

/// A seat map as it is at the moment of the read.
#[derive(Serialize, ToSchema)]
#[schema(as = SeatMap)]
pub(crate) struct SeatsView<'a> {
    /// The showtime.
    showtime_id: String,
    /// The number of changes since the showtime was made.
    #[schema(example = 42)]
    version: u64,
    /// How many seats anybody may take now.
    #[schema(example = 197)]
    available_seats: u32,
    /// The seats by label, in the order of the map.
    #[schema(value_type = std::collections::BTreeMap<String, SeatView>)]
    seats: Seats<'a>,
}

/// One seat. Who holds it is never shown.
#[derive(Serialize, ToSchema)]
#[schema(as = Seat)]
struct SeatView {
    /// `available`, `held` or `booked`.
    #[schema(example = "available")]
    status: &'static str,
    /// `standard`, `vip` or `couple`.
    #[schema(example = "standard")]
    seat_type: &'static str,
    /// Its price, in minor units.
    #[schema(example = 100_000)]
    price: i64,
}

impl<'a> SeatsView<'a> {
    fn of(view: &SeatMapView<'a>) -> Self {
        let SeatMapView { showtime, map, .. } = view;
        Self {
            showtime_id: showtime.id.to_string(),
            version: map.version(),
            available_seats: map.available_at(view.now),
            seats: Seats { seats: map.seats(), price: showtime.price, now: view.now },
        }
    }
}

/// The body of a seat map.
pub(super) fn seats_json(view: &SeatMapView<'_>) -> Vec<u8> {
    serde_json::to_vec(&SeatsView::of(view)).expect("a view has text keys and finite numbers only")
}

/// Written out seat by seat: a stadium's map is large.
struct Seats<'a> {
    seats: seathold_core::Seats<'a>,
    price: PriceTable,
    now: Timestamp,
}

impl Serialize for Seats<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.seats.len()))?;
        for seat in self.seats.clone() {
            let status = match seat.state {
                SeatState::Booked { .. } => "booked",
                SeatState::Held { until, .. } if self.now < *until => "held",
                SeatState::Held { .. } | SeatState::Available => "available",
            };
            let price = self.price.of(seat.seat_type);
            let view = SeatView { status, seat_type: seat.seat_type.as_str(), price };
            map.serialize_entry(seat.label.as_str(), &view)?;
        }
        map.end()
    }
}
