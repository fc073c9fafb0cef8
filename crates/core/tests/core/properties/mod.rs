//! Whatever happens, in whatever order, the invariants hold: checked at each
//! step of random histories, against a model that scans where the map counts.

mod changes;
mod history;
mod model;
mod observed;
mod reached;
mod rules;
mod states;
