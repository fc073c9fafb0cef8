//! The use cases: what seathold does, against ports that say what it needs.

mod error;
pub mod model;
pub mod ports;
mod requests;
pub mod rule;

pub use error::Error;
pub use requests::{
    CancelRequest, HoldRequest, Keyed, NewShowtime, PayRequest, Received, Reply, SeatMapView,
    Session, ShowtimeView, Viewer,
};
