//! The format, and the checker: that it finds what is wrong, and nothing else.

mod format;
