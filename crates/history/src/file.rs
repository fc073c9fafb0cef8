use std::io::{self, BufRead, Write};

use crate::Event;

/// An event, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its line, from 1.
    pub number: usize,
    /// What it says.
    pub event: Event,
}

impl Line {
    /// The lines of a history that is in memory.
    #[must_use]
    pub fn all(events: impl IntoIterator<Item = Event>) -> Vec<Self> {
        let lines = events.into_iter().zip(1..);
        lines.map(|(event, number)| Self { number, event }).collect()
    }
}

/// Why a history cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The source failed.
    #[error("line {number}: {error}")]
    Io {
        /// The line that could not be read.
        number: usize,
        /// Why.
        error: io::Error,
    },
    /// A line is no event.
    #[error("line {number} is no event: {error}")]
    Malformed {
        /// Which line.
        number: usize,
        /// What is wrong with it.
        error: serde_json::Error,
    },
}

/// Reads a history: one event a line, empty lines left out. A last line that was cut
/// off, by a writer that was killed, is left out too.
///
/// # Errors
/// The source fails, or a line is no event.
pub fn read(mut source: impl BufRead) -> Result<Vec<Line>, ReadError> {
    let (mut lines, mut text, mut number) = (Vec::new(), String::new(), 0);
    loop {
        text.clear();
        number += 1;
        let count = source.read_line(&mut text).map_err(|error| ReadError::Io { number, error })?;
        if count == 0 {
            return Ok(lines);
        }
        if text.trim().is_empty() {
            continue;
        }
        match serde_json::from_str(&text) {
            Ok(event) => lines.push(Line { number, event }),
            Err(error) if error.is_eof() && !text.ends_with('\n') => return Ok(lines),
            Err(error) => return Err(ReadError::Malformed { number, error }),
        }
    }
}

/// Writes one event, and the end of its line. Does not flush.
///
/// # Errors
/// The target fails.
pub fn write(mut target: impl Write, event: &Event) -> io::Result<()> {
    serde_json::to_writer(&mut target, event)?;
    target.write_all(b"\n")
}
