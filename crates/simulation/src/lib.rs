//! Deterministic simulation: several instances of the real service on simulated
//! time, store, lock, gateway and network, all of it from one seed.

mod model;

pub use model::model_store;
