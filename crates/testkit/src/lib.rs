//! What tests are made with: a clock to set, seeded randomness, a store that
//! fails on demand, a gateway that keeps books, real servers, and the contracts
//! of the ports.

mod clock;
pub mod contracts;
pub mod fault_proxy;
mod faulty_store;
mod gateway;
mod leases;
mod random;
mod receivers;
mod seats;
pub mod servers;
pub mod world;

pub use clock::TestClock;
pub use faulty_store::{Fault, FaultyStore};
pub use gateway::BookkeepingGateway;
pub use leases::GrantedToAll;
pub use random::{SeededRandom, fresh_u64};
pub use receivers::BookkeepingReceivers;
pub use seats::placed;
pub use world::World;
