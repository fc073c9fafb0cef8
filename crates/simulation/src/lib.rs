//! Deterministic simulation: several instances of the real service on simulated
//! time, store, lock, gateway and network, all of it from one seed. The same seed
//! gives the same run, to the byte.

mod books;
mod campaign;
mod cluster;
mod dice;
mod heard;
mod instance;
mod judge;
mod keeper;
mod life;
mod model;
mod pages;
mod plan;
mod settle;
mod simulation;
mod surroundings;
mod time;
mod users;
mod wire;
mod world;

pub use campaign::{Campaign, Summary};
pub use instance::{Ports, Wrap};
pub use judge::Tally;
pub use model::model_store;
pub use simulation::{Outcome, Simulation};
