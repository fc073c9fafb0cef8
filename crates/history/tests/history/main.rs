//! The format, and the checker: that it finds what is wrong, and nothing else.

mod dice;
mod faults;
mod format;
mod model;
mod property;
mod sound;
mod table;
