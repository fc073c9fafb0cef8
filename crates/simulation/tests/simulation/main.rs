//! Seeds, and what must hold whatever they choose.

mod planted;
mod seeds;
mod town;
