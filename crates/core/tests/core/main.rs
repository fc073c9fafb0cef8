//! What is allowed, checked without a store, a clock or a network: the types
//! parse what they should, every pair of state and command is spelled out in a
//! table, and random histories keep the invariants.

mod given;
mod parsing;
mod properties;
mod size;
mod tables;
