//! Rows are derived, seats decide: the one rule for what a booking is.
