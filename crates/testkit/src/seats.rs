use seathold_core::{SeatMap, SeatState};
use seathold_service::ports::PlacedSeat;

/// What a commit says of this seat of the map, once it is in this state.
///
/// # Panics
/// There is no such seat.
#[must_use]
pub fn placed(map: &SeatMap, label: &str, state: SeatState) -> PlacedSeat {
    let label = label.parse().expect("a label");
    let mut placed = PlacedSeat::from(map.seat(&label).expect("a seat of the map"));
    placed.seat.state = state;
    placed
}
