//! The use cases: what seathold does, against ports that say what it needs.

mod bookings;
mod desk;
mod error;
mod events;
mod idempotency;
pub mod limits;
mod maps;
pub mod model;
mod payments;
pub mod ports;
mod reconcile;
mod requests;
mod rule;
mod service;
mod showtimes;
mod sweep;
pub mod verify;

pub use error::Error;
pub use events::{DeadLetter, Outbound, Past, PastEvent, Told};
pub use limits::Rules;
pub use payments::Checked;
pub use reconcile::Reconciled;
pub use requests::{
    CancelRequest, GivenBack, HoldRequest, Keyed, NewShowtime, PayRequest, Received, RefundBooking,
    RenderedMap, Reply, SeatMapView, Session, ShowtimeView, Viewer,
};
pub use service::{Health, Parts, Service};
pub use sweep::Swept;
